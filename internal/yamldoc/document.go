package yamldoc

import (
	"fmt"
	"strconv"
	"strings"
)

// Document is one parsed YAML document. It does not change after Parse and is
// safe for concurrent use.
type Document struct {
	file   string
	root   *node
	lookup func(string) (string, bool)
	nouns  map[string]noun
	// verbatim are the sections whose values belong to another program.
	verbatim []string
	errs     Errors // found while reading, reported by Decode together with its own
}

// noun is how the elements of a list are called in errors.
type noun struct {
	word string
	keys []string // which of an element's keys hold its name, the first present one counts
}

// Option changes how Parse reads.
type Option func(*Document)

// WithEnv expands ${NAME} in the values (never the keys) of the document by
// lookup, which is os.LookupEnv in the program; $$ is a literal $. A variable
// that is not set is an error that names it. Without this option a $ is a $.
func WithEnv(lookup func(name string) (value string, ok bool)) Option {
	return func(d *Document) { d.lookup = lookup }
}

// WithVerbatim names sections at the top of the document in which WithEnv has no
// effect, because they are another program's, where a $ has a meaning of its own.
func WithVerbatim(sections ...string) Option {
	return func(d *Document) { d.verbatim = append(d.verbatim, sections...) }
}

// WithNoun makes errors call the elements of the list at path by word and name
// instead of by number: WithNoun("alerts", "alert") turns alerts[2].duration
// into `alert "high_errors": duration`. Lists in lists are named with [] for
// any element: WithNoun("groups[].rules", "rule", "alert", "record"). The name
// is the text of the first of keys that an element has; without keys it is
// "name". An element without one keeps its number.
func WithNoun(path, word string, keys ...string) Option {
	if len(keys) == 0 {
		keys = []string{"name"}
	}
	return func(d *Document) { d.nouns[path] = noun{word: word, keys: keys} }
}

// File returns the name given to Parse.
func (d *Document) File() string { return d.file }

// Root returns the top of the document: Nothing when it is empty.
func (d *Document) Root() Node {
	return Node{doc: d, n: d.root, line: d.root.line, column: d.root.column}
}

// At returns the node at path, and whether there is one.
func (d *Document) At(path string) (Node, bool) {
	steps := splitPath(path)
	node, rest := d.walk(steps)
	return node, rest == 0
}

// Line returns the line of the node at path, or of its nearest parent that the
// document has; 1 for an empty document.
func (d *Document) Line(path string) int {
	node, _ := d.walk(splitPath(path))
	return node.line
}

// Errorf returns an error about path, at the line of that node or of its
// nearest parent that the document has. It is what a Config's Validate reports
// through.
func (d *Document) Errorf(path, format string, args ...any) Error {
	node, _ := d.walk(splitPath(path))
	return Error{
		File: d.file, Line: node.line, Column: node.column,
		Path: path, Where: d.where(path),
		Msg: fmt.Sprintf(format, args...),
	}
}

// walk goes down from the top as far as the document goes and returns where it
// ended and how many steps were left.
func (d *Document) walk(steps []step) (Node, int) {
	at := d.Root()
	for i, s := range steps {
		var next Node
		ok := false
		if s.isIndex {
			next, ok = at.item(s.index)
		} else {
			next, ok = at.Get(s.key)
		}
		if !ok {
			return at, len(steps) - i
		}
		at = next
	}
	return at, 0
}

func (n Node) item(i int) (Node, bool) {
	if n.Kind() != List || i < 0 || i >= len(n.n.items) {
		return Node{}, false
	}
	it := n.n.items[i]
	return Node{doc: n.doc, n: it.value, path: indexPath(n.path, i), line: it.line, column: it.column}, true
}

// where puts a path in words by the nouns, or returns "" when none applies.
func (d *Document) where(path string) string {
	if len(d.nouns) == 0 {
		return ""
	}
	var named []string // what is said so far
	pattern, tail := "", ""
	at, inside := d.Root(), true
	for _, s := range splitPath(path) {
		if !s.isIndex {
			pattern, tail = keyPath(pattern, s.key), keyPath(tail, s.key)
			if inside {
				at, inside = at.Get(s.key)
			}
			continue
		}
		if inside {
			at, inside = at.item(s.index)
		}
		n, known := d.nouns[pattern]
		pattern, tail = pattern+"[]", indexPath(tail, s.index)
		if known && inside {
			if name := n.nameOf(at); name != "" {
				named, tail = append(named, n.word+" "+strconv.Quote(clip(name))), ""
			}
		}
	}
	if len(named) == 0 {
		return ""
	}
	if tail != "" {
		named = append(named, tail)
	}
	return strings.Join(named, ": ")
}

func (n noun) nameOf(element Node) string {
	for _, key := range n.keys {
		if named, ok := element.Get(key); ok && named.Kind() == Scalar {
			return named.n.raw
		}
	}
	return ""
}
