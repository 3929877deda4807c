package lint

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

const module = "github.com/tocsinhq/tocsin"

// goFile is a Go file, parsed once for all rules.
type goFile struct {
	path      string // from the root of the repository, with slashes
	dir       string
	test      bool
	generated bool
	lines     int
	syntax    *ast.File
	imports   map[string]string // local name to import path
}

// textFile is a file that is read but not parsed: Markdown, TypeScript, styles.
type textFile struct {
	path string
	body string
}

// tree is the repository as the rules see it.
type tree struct {
	fset    *token.FileSet
	files   []goFile
	texts   []textFile
	folders []string // at the top, those that hold files and are not ignored
}

// skipped are folders that hold no source of ours.
var skipped = map[string]bool{"node_modules": true, "testdata": true, "dist": true, "vendor": true}

// load reads the tree at fsys. Folders that .gitignore names at the top, hidden
// ones and those in skipped are left out.
func load(fsys fs.FS) (*tree, error) {
	t := &tree{fset: token.NewFileSet()}
	ignored := map[string]bool{}
	if body, err := fs.ReadFile(fsys, ".gitignore"); err == nil {
		for line := range strings.Lines(string(body)) {
			ignored[strings.Trim(strings.TrimSpace(line), "/")] = true
		}
	}
	inUse := map[string]bool{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != "." && (skipped[base] || ignored[name] || base[0] == '.' || base[0] == '_') {
				return fs.SkipDir
			}
			return nil
		}
		if top, _, nested := strings.Cut(name, "/"); nested && !inUse[top] {
			inUse[top] = true
			t.folders = append(t.folders, top)
		}
		return t.read(fsys, name)
	})
	return t, err
}

func (t *tree) read(fsys fs.FS, name string) error {
	switch path.Ext(name) {
	case ".go", ".md", ".ts", ".tsx", ".css":
	default:
		return nil
	}
	body, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	if path.Ext(name) != ".go" {
		t.texts = append(t.texts, textFile{path: name, body: string(body)})
		return nil
	}
	syntax, err := parser.ParseFile(t.fset, name, body, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parsing %s: %w", name, err)
	}
	f := goFile{
		path: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
		generated: ast.IsGenerated(syntax), lines: bytes.Count(body, []byte("\n")),
		syntax: syntax, imports: map[string]string{},
	}
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		local := importName(imported)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		f.imports[local] = imported
	}
	t.files = append(t.files, f)
	return nil
}

// importName guesses the package name of an import path, which is right for all
// that the rules ask about.
func importName(imported string) string {
	base := path.Base(imported)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		base = path.Base(path.Dir(imported))
	}
	base = strings.TrimPrefix(strings.TrimSuffix(base, ".go"), "go-")
	if i := strings.IndexAny(base, "-."); i > 0 {
		base = base[:i]
	}
	return base
}

// at returns "file:line" of a place in a Go file.
func (t *tree) at(pos token.Pos) string {
	p := t.fset.Position(pos)
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}

// isLibrary tells whether a file is part of what other packages import: no test,
// no program.
func (f goFile) isLibrary() bool { return !f.test && f.syntax.Name.Name != "main" }

// selects returns the name that a selector takes from the package at the import
// path, or "".
func (f goFile) selects(n ast.Node, imported string) string {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	pkg, ok := sel.X.(*ast.Ident)
	if !ok || f.imports[pkg.Name] != imported {
		return ""
	}
	return sel.Sel.Name
}
