package lint

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// withoutRace is in the names of tests that `make test` runs once more without the race
// detector, in the packages that have a test file for builds without it.
const withoutRace = "Allocat"

// raceBlind refuses tests that ask whether races are looked for, and so pass over
// something, but would never be run where they are not.
func raceBlind(t *tree) []string {
	told := map[string]map[string]bool{} // names that say so, by folder
	for _, f := range t.files {
		if !f.test || !constrained(f.syntax, "!race") {
			continue
		}
		if told[f.dir] == nil {
			told[f.dir] = map[string]bool{}
		}
		for _, decl := range f.syntax.Decls {
			declare(told[f.dir], decl)
		}
	}
	var wrong []string
	for _, f := range t.files {
		for _, decl := range f.syntax.Decls {
			d, ok := decl.(*ast.FuncDecl)
			if !ok || !f.test || told[f.dir] == nil || strings.Contains(d.Name.Name, withoutRace) {
				continue
			}
			ast.Inspect(d, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && told[f.dir][id.Name] {
					wrong = append(wrong, fmt.Sprintf("%s: %s goes by %s, and would not be run without the race detector; have %s in its name",
						t.at(id.Pos()), d.Name.Name, id.Name, withoutRace))
				}
				return true
			})
		}
	}
	return wrong
}

// constrained reports whether a file is built under just this constraint.
func constrained(f *ast.File, by string) bool {
	return slices.ContainsFunc(f.Comments, func(c *ast.CommentGroup) bool {
		return c.Pos() < f.Package && c.List[0].Text == "//go:build "+by
	})
}
