package lint

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"strings"
)

const maxLines = 500

// fileSizes holds files that are neither tests nor generated to maxLines.
func fileSizes(t *tree) []string {
	var wrong []string
	tell := func(name string, lines int) {
		if lines > maxLines {
			wrong = append(wrong, fmt.Sprintf("%s: %d lines; split it by noun so that each file holds one idea in at most %d", name, lines, maxLines))
		}
	}
	for _, f := range t.files {
		if !f.test && !f.generated {
			tell(f.path, f.lines)
		}
	}
	for _, f := range t.texts {
		if isScript(f.path) && !strings.Contains(f.path, ".test.") && !strings.Contains(firstLines(f.body), "DO NOT EDIT") {
			tell(f.path, strings.Count(f.body, "\n"))
		}
	}
	return wrong
}

func isScript(name string) bool { return path.Ext(name) == ".ts" || path.Ext(name) == ".tsx" }

func firstLines(body string) string { return body[:min(len(body), 400)] }

// noInit refuses func init, whose order nobody sees.
func noInit(t *tree) []string {
	var wrong []string
	for _, f := range t.files {
		for _, decl := range f.syntax.Decls {
			if d, ok := decl.(*ast.FuncDecl); ok && d.Recv == nil && d.Name.Name == "init" {
				wrong = append(wrong, fmt.Sprintf("%s: func init runs unseen; do its work in a constructor that main or app calls", t.at(d.Pos())))
			}
		}
	}
	return wrong
}

// clockFiles are the files of deciding packages that may look at the clock.
var clockFiles = map[string]bool{"run.go": true, "metrics.go": true}

// deciding are the packages whose word must be the same live and in replay.
var deciding = []string{"detector/...", "rules/...", "incident/...", "rca/...", "change/...", "logs/template/...", "logs/watch/..."}

// eventTime refuses the wall clock in deciding packages.
func eventTime(t *tree) []string {
	var wrong []string
	for _, f := range t.files {
		if f.test || clockFiles[path.Base(f.path)] || !coveredByAny(deciding, f.dir) {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			switch name := f.selects(n, "time"); name {
			case "Now", "Since", "Until":
				wrong = append(wrong, fmt.Sprintf("%s: time.%s in a package that decides; take the event time as a parameter, "+
					"or the clock as a now func() time.Time in run.go", t.at(n.Pos()), name))
			}
			return true
		})
	}
	return wrong
}

func coveredByAny(patterns []string, dir string) bool {
	for _, p := range patterns {
		if covers(p, dir) {
			return true
		}
	}
	return false
}

// noSleep refuses time.Sleep in tests, except in the bubbles of testing/synctest,
// where it moves a clock of the test's own.
func noSleep(t *tree) []string {
	var wrong []string
	for _, f := range t.files {
		if !f.test {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && f.selects(call.Fun, "testing/synctest") == "Test" {
				return false
			}
			if f.selects(n, "time") == "Sleep" {
				wrong = append(wrong, fmt.Sprintf("%s: time.Sleep in a test; use event time, wait on a channel, or sleep within synctest.Test", t.at(n.Pos())))
			}
			return true
		})
	}
	return wrong
}

// printing names what writes to the process's own output.
var printing = regexp.MustCompile(`^(Print|Fatal|Panic)`)

// noPrint refuses writing to standard output or the global logger in libraries.
func noPrint(t *tree) []string {
	var wrong []string
	for _, f := range t.files {
		if !f.isLibrary() {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			for _, pkg := range []string{"fmt", "log"} {
				if name := f.selects(n, pkg); printing.MatchString(name) {
					wrong = append(wrong, fmt.Sprintf("%s: %s.%s in a library; log through the *slog.Logger that is handed in, "+
						"or write to an io.Writer parameter", t.at(n.Pos()), pkg, name))
				}
			}
			return true
		})
	}
	return wrong
}

// unfinished are the words of work put off, written apart so that this file does
// not hold them.
var unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|X` + `XX)\b|(?i:\bnot imple` + `mented\b)`)

// noUnfinished refuses notes of work put off in Go and TypeScript.
func noUnfinished(t *tree) []string {
	var wrong []string
	tell := func(at, word string) {
		wrong = append(wrong, fmt.Sprintf("%s: %q; do it, or open an issue and leave the code whole without it", at, word))
	}
	for _, f := range t.files {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok {
				if word := unfinished.FindString(lit.Value); word != "" {
					tell(t.at(lit.Pos()), word)
				}
			}
			return true
		})
		for _, group := range f.syntax.Comments {
			for _, c := range group.List {
				if word := unfinished.FindString(c.Text); word != "" {
					tell(t.at(c.Pos()), word)
				}
			}
		}
	}
	for _, f := range t.texts {
		if word := unfinished.FindString(f.body); isScript(f.path) && word != "" {
			tell(f.path, word)
		}
	}
	return wrong
}

// packageComments wants a comment on every package that is more than tests.
func packageComments(t *tree) []string {
	first, commented := map[string]string{}, map[string]bool{}
	var dirs []string
	for _, f := range t.files {
		if f.test {
			continue
		}
		if first[f.dir] == "" {
			first[f.dir] = f.path
			dirs = append(dirs, f.dir)
		}
		commented[f.dir] = commented[f.dir] || f.syntax.Doc.Text() != ""
	}
	var wrong []string
	for _, dir := range dirs {
		if !commented[dir] {
			wrong = append(wrong, fmt.Sprintf("%s: package %s has no comment; say in its doc.go what it is, what goes in, "+
				"what comes out and what it never does", first[dir], dir))
		}
	}
	return wrong
}

// selfEvident methods belong to interfaces that everybody knows.
var selfEvident = map[string]bool{"Error": true, "String": true, "Unwrap": true, "Len": true, "Less": true, "Swap": true}

// docComments wants a comment on every exported name of a library.
func docComments(t *tree) []string {
	var wrong []string
	for _, f := range t.files {
		if !f.isLibrary() || f.generated {
			continue
		}
		for _, id := range exported(f.syntax) {
			if id.commented || id.method && selfEvident[id.name.Name] {
				continue
			}
			wrong = append(wrong, fmt.Sprintf("%s: %s.%s has no comment; say what it returns, in which unit, what NaN and empty "+
				"mean, who owns what and which errors there are, or do not export it", t.at(id.name.Pos()), f.syntax.Name.Name, id.name.Name))
		}
	}
	return wrong
}
