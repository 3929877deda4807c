package lint

import (
	"fmt"
	"go/ast"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// refusedNames say nothing of what a package is about.
var refusedNames = map[string]bool{
	"util": true, "utils": true, "common": true, "helper": true, "helpers": true, "types": true,
	"model": true, "models": true, "base": true, "misc": true, "manager2": true,
}

// packageNames refuses names that draw in whatever has no other place.
func packageNames(t *tree) []string {
	var wrong []string
	told := map[string]bool{}
	for _, f := range t.files {
		name := strings.TrimSuffix(f.syntax.Name.Name, "_test")
		if told[f.dir] || !refusedNames[name] && !refusedNames[path.Base(f.dir)] {
			continue
		}
		told[f.dir] = true
		wrong = append(wrong, fmt.Sprintf("%s: package name %q says nothing; put each noun with the stage that makes it, "+
			"or name the package after the one thing it does", f.path, name))
	}
	return wrong
}

// stutter refuses exported names that repeat the package's: rules.RulesFile.
func stutter(t *tree) []string {
	var wrong []string
	for _, f := range t.files {
		if !f.isLibrary() || f.generated {
			continue
		}
		pkg := f.syntax.Name.Name
		for _, id := range exported(f.syntax) {
			rest, repeated := cutFold(id.name.Name, pkg)
			if first, _ := utf8.DecodeRuneInString(rest); id.method || !repeated || !unicode.IsUpper(first) {
				continue
			}
			wrong = append(wrong, fmt.Sprintf("%s: %s.%s says the package twice; call it %s.%s",
				t.at(id.name.Pos()), pkg, id.name.Name, pkg, rest))
		}
	}
	return wrong
}

func cutFold(name, prefix string) (rest string, ok bool) {
	if len(name) < len(prefix) || !strings.EqualFold(name[:len(prefix)], prefix) {
		return "", false
	}
	return name[len(prefix):], true
}

// identifier is an exported name at the top of a file.
type identifier struct {
	name      *ast.Ident
	method    bool
	commented bool
}

// exported returns the exported names of a file. A const or var counts as
// commented by its group's comment or by one at the end of its line.
func exported(f *ast.File) []identifier {
	var ids []identifier
	add := func(name *ast.Ident, method bool, comments ...*ast.CommentGroup) {
		if !name.IsExported() {
			return
		}
		id := identifier{name: name, method: method}
		for _, c := range comments {
			id.commented = id.commented || strings.TrimSpace(c.Text()) != ""
		}
		ids = append(ids, id)
	}
	for _, decl := range f.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || receiver(d).IsExported() {
				add(d.Name, d.Recv != nil, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					add(s.Name, false, s.Doc, s.Comment, groupDoc(d))
				case *ast.ValueSpec:
					for _, name := range s.Names {
						add(name, false, s.Doc, s.Comment, d.Doc)
					}
				}
			}
		}
	}
	return ids
}

// groupDoc returns the comment of a declaration of one type; that of a group
// of types is not about each.
func groupDoc(d *ast.GenDecl) *ast.CommentGroup {
	if d.Lparen.IsValid() {
		return nil
	}
	return d.Doc
}

// receiver returns the name of a method's type.
func receiver(d *ast.FuncDecl) *ast.Ident {
	typ := d.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return t
		default:
			return ast.NewIdent("_")
		}
	}
}
