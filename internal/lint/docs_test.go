package lint

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"strings"
)

var lineReference = regexp.MustCompile(`[\w/.-]+\.(?:go|ts|tsx|sql|sh):\d+`)

// noLineReferences refuses file.go:123 in Markdown, which is wrong after the
// next change.
func noLineReferences(t *tree) []string {
	var wrong []string
	for _, f := range t.texts {
		if path.Ext(f.path) != ".md" {
			continue
		}
		for i, line := range strings.Split(f.body, "\n") {
			if ref := lineReference.FindString(line); ref != "" {
				wrong = append(wrong, fmt.Sprintf("%s:%d: %q will be wrong after the next change; name the package and function instead", f.path, i+1, ref))
			}
		}
	}
	return wrong
}

const architecture = "docs/architecture.md"

// folders wants every top-level folder named in the architecture.
func folders(t *tree) []string {
	doc, ok := t.text(architecture)
	if !ok {
		return []string{architecture + ": the file is missing; write it: the folders and the way of a sample"}
	}
	var wrong []string
	for _, folder := range t.folders {
		listed := regexp.MustCompile("(?m)(^|[\\s`(|])" + regexp.QuoteMeta(folder) + "/")
		if !listed.MatchString(doc) {
			wrong = append(wrong, fmt.Sprintf("%s: folder %s/ is not listed; say in one line what lives there", architecture, folder))
		}
	}
	return wrong
}

// reference is `pkg.Func`, `pkg.Type.Method` or the same with a path or brackets.
var reference = regexp.MustCompile("`((?:[\\w-]+/)*)([a-z][a-z0-9]*)\\.([A-Z]\\w*)(?:\\.([A-Z]\\w*))?(?:\\([^`]*\\))?`")

// references wants every name in the architecture to exist: names of our
// packages are looked up, those of packages that we import are trusted.
func references(t *tree) []string {
	doc, ok := t.text(architecture)
	if !ok {
		return nil // folders says so
	}
	ours, imported := t.declared()
	var wrong []string
	for i, line := range strings.Split(doc, "\n") {
		for _, m := range reference.FindAllStringSubmatch(line, -1) {
			dir, pkg, name := m[1], m[2], m[3]
			if m[4] != "" {
				name += "." + m[4]
			}
			known := ours[pkg]
			switch {
			case known == nil && imported[pkg] && dir == "":
			case known == nil:
				wrong = append(wrong, fmt.Sprintf("%s:%d: %s names package %s%s, which is neither ours nor imported; name what exists", architecture, i+1, m[0], dir, pkg))
			case !known[name]:
				wrong = append(wrong, fmt.Sprintf("%s:%d: %s does not exist; name the function that does its work now", architecture, i+1, m[0]))
			}
		}
	}
	return wrong
}

func (t *tree) text(name string) (string, bool) {
	for _, f := range t.texts {
		if f.path == name {
			return f.body, true
		}
	}
	return "", false
}

// declared returns what our packages declare by package name ("Func", "Type",
// "Type.Method", "Type.Field") and the names of all packages that are imported.
func (t *tree) declared() (ours map[string]map[string]bool, imported map[string]bool) {
	ours, imported = map[string]map[string]bool{}, map[string]bool{}
	for _, f := range t.files {
		for local, from := range f.imports {
			if !strings.HasPrefix(from, module+"/") {
				imported[local], imported[importName(from)] = true, true
			}
		}
		if f.test {
			continue
		}
		names := ours[f.syntax.Name.Name]
		if names == nil {
			names = map[string]bool{}
			ours[f.syntax.Name.Name] = names
		}
		for _, decl := range f.syntax.Decls {
			declare(names, decl)
		}
	}
	return ours, imported
}

func declare(names map[string]bool, decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names[d.Name.Name] = true
			return
		}
		names[receiver(d).Name+"."+d.Name.Name] = true
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.ValueSpec:
				for _, n := range s.Names {
					names[n.Name] = true
				}
			case *ast.TypeSpec:
				names[s.Name.Name] = true
				for _, field := range members(s.Type) {
					names[s.Name.Name+"."+field] = true
				}
			}
		}
	}
}

// members returns the fields of a struct or the methods of an interface.
func members(typ ast.Expr) []string {
	var list *ast.FieldList
	switch t := typ.(type) {
	case *ast.StructType:
		list = t.Fields
	case *ast.InterfaceType:
		list = t.Methods
	default:
		return nil
	}
	var names []string
	for _, field := range list.List {
		for _, n := range field.Names {
			names = append(names, n.Name)
		}
	}
	return names
}
