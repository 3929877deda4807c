package docgen

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
)

// comments finds the comments of struct types and their fields in source.
// Packages are parsed when they are first asked for.
type comments struct {
	roots []root
	types map[string]map[string]*typeComment // import path to type name
}

// root is a folder of source and the import path that it has.
type root struct{ dir, importPath string }

// typeComment is what is said of a type and of its fields by Go name.
type typeComment struct {
	text   string
	fields map[string]string
}

func newComments(srcDirs []string) (*comments, error) {
	c := &comments{types: map[string]map[string]*typeComment{}}
	for _, dir := range srcDirs {
		importPath, err := importPathOf(dir)
		if err != nil {
			return nil, err
		}
		c.roots = append(c.roots, root{dir: dir, importPath: importPath})
	}
	return c, nil
}

// importPathOf goes up to the go.mod above dir.
func importPathOf(dir string) (string, error) {
	at, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("source folder %s: %w", dir, err)
	}
	below := ""
	for {
		body, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil {
			line, _, _ := strings.Cut(string(body), "\n")
			return path.Join(strings.TrimSpace(strings.TrimPrefix(line, "module")), below), nil
		}
		if filepath.Dir(at) == at {
			return "", fmt.Errorf("source folder %s: want a go.mod in it or above it", dir)
		}
		below = path.Join(filepath.Base(at), below)
		at = filepath.Dir(at)
	}
}

// of returns the comments of a struct type, or an error that says which folder
// of source is missing.
func (c *comments) of(t reflect.Type) (*typeComment, error) {
	if t.Name() == "" {
		return nil, fmt.Errorf("a struct without a name has no comments; give the type of %s a name", t)
	}
	if c.types[t.PkgPath()] == nil {
		dir, err := c.dirOf(t)
		if err != nil {
			return nil, err
		}
		if c.types[t.PkgPath()], err = parseDir(dir); err != nil {
			return nil, err
		}
	}
	found := c.types[t.PkgPath()][t.Name()]
	if found == nil {
		return nil, fmt.Errorf("type %s is not declared as a struct in the source of %s", t, t.PkgPath())
	}
	return found, nil
}

func (c *comments) dirOf(t reflect.Type) (string, error) {
	for _, r := range c.roots {
		if t.PkgPath() == r.importPath {
			return r.dir, nil
		}
		if below, ok := strings.CutPrefix(t.PkgPath(), r.importPath+"/"); ok {
			return filepath.Join(r.dir, filepath.FromSlash(below)), nil
		}
	}
	return "", fmt.Errorf("type %s: its package %s is in none of the source folders; add it or a folder above it", t, t.PkgPath())
}

// parseDir reads the struct types of one package.
func parseDir(dir string) (map[string]*typeComment, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading source: %w", err)
	}
	types := map[string]*typeComment{}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".go" || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("reading source: %w", err)
		}
		for _, decl := range file.Decls {
			if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.TYPE {
				readTypes(types, d)
			}
		}
	}
	return types, nil
}

func readTypes(types map[string]*typeComment, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		s := spec.(*ast.TypeSpec)
		structure, ok := s.Type.(*ast.StructType)
		if !ok {
			continue
		}
		doc := s.Doc.Text()
		if doc == "" && !d.Lparen.IsValid() {
			doc = d.Doc.Text()
		}
		tc := &typeComment{text: doc, fields: map[string]string{}}
		for _, f := range structure.Fields.List {
			text := f.Doc.Text()
			if text == "" {
				text = f.Comment.Text()
			}
			for _, name := range f.Names {
				tc.fields[name.Name] = text
			}
		}
		types[s.Name.Name] = tc
	}
}
