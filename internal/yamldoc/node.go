package yamldoc

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Kind says what a Node is.
type Kind uint8

// The kinds of node. Nothing is null, ~, or a key without a value.
const (
	Nothing Kind = iota
	Scalar
	List
	Mapping
)

// String returns the kind as it is called in errors.
func (k Kind) String() string {
	switch k {
	case Scalar:
		return "a single value"
	case List:
		return "a list"
	case Mapping:
		return "a mapping"
	default:
		return "nothing"
	}
}

// node is the document's tree: aliases are pointers to the same node, merge
// keys are already merged. It is not changed after Parse.
type node struct {
	kind     Kind
	text     string // of a scalar, variables expanded
	raw      string // of a scalar, as written
	quoted   bool   // of a scalar: certainly text, never a number, a truth value or null
	expanded bool   // a variable was expanded, so errors show raw
	broken   bool   // an error about it is already recorded
	line     int
	column   int
	entries  []entry
	index    map[string]int // key to place in entries; nil for small mappings
	items    []item
	size     int // of the tree below, aliases written out, itself included
	height   int // levels below, itself included
}

// entry is one key of a mapping; line and column are the key's.
type entry struct {
	key          string
	line, column int
	value        *node
}

// item is one element of a list; line and column are those of its place in the
// list, which is not the value's when that is an alias.
type item struct {
	line, column int
	value        *node
}

// indexAbove is the number of keys from which a mapping gets an index.
const indexAbove = 12

func (n *node) find(key string) (entry, bool) {
	if n.index != nil {
		i, ok := n.index[key]
		if !ok {
			return entry{}, false
		}
		return n.entries[i], true
	}
	for _, e := range n.entries {
		if e.key == key {
			return e, true
		}
	}
	return entry{}, false
}

// isNull tells whether a scalar written so is null.
func isNull(text string) bool {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return true
	}
	return false
}

// found says what a node is, for the "got" of an error.
func (n *node) found() string {
	if n.kind != Scalar {
		return n.kind.String()
	}
	shown := n.text
	if n.expanded {
		shown = n.raw
	}
	if !n.quoted && !n.expanded && (looksNumeric(shown) || looksBool(shown)) {
		return shown
	}
	return fmt.Sprintf("%q", clip(shown))
}

// clip shortens what a person wrote to what fits in an error.
func clip(s string) string {
	const most = 80
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "..."
}

func looksBool(s string) bool {
	return strings.EqualFold(s, "true") || strings.EqualFold(s, "false")
}

func looksNumeric(s string) bool {
	_, isInt := parseInt(s)
	_, isFloat := parseFloat(s)
	return isInt || isFloat
}

// Node is one place in a Document, for types that decode themselves. It is a
// small value, safe for concurrent use. The zero Node is Nothing.
type Node struct {
	doc          *Document
	n            *node
	path         string
	line, column int
}

// Kind returns what the node is.
func (n Node) Kind() Kind {
	if n.n == nil {
		return Nothing
	}
	return n.n.kind
}

// Path returns the node's path, such as alerts[3].duration; empty at the top.
func (n Node) Path() string { return n.path }

// Line returns the line of the node's key or of its place in a list, from 1;
// 0 for the zero Node.
func (n Node) Line() int { return n.line }

// Text returns the text of a Scalar as written, without quotes and with
// variables expanded; empty for other kinds.
func (n Node) Text() string {
	if n.Kind() != Scalar {
		return ""
	}
	return n.n.text
}

// Keys returns the keys of a Mapping in the order of the file, merged ones
// last; nil for other kinds. The slice is the caller's.
func (n Node) Keys() []string {
	if n.Kind() != Mapping {
		return nil
	}
	keys := make([]string, len(n.n.entries))
	for i, e := range n.n.entries {
		keys[i] = e.key
	}
	return keys
}

// Get returns the value of a key of a Mapping, and whether there is one.
func (n Node) Get(key string) (Node, bool) {
	if n.Kind() != Mapping {
		return Node{}, false
	}
	e, ok := n.n.find(key)
	if !ok {
		return Node{}, false
	}
	return Node{doc: n.doc, n: e.value, path: keyPath(n.path, key), line: e.line, column: e.column}, true
}

// Items returns the elements of a List; nil for other kinds. The slice is the
// caller's.
func (n Node) Items() []Node {
	if n.Kind() != List {
		return nil
	}
	items := make([]Node, len(n.n.items))
	for i, it := range n.n.items {
		items[i] = Node{doc: n.doc, n: it.value, path: indexPath(n.path, i), line: it.line, column: it.column}
	}
	return items
}

// Decode decodes the node into v, a non-nil pointer, as Document.Decode does.
func (n Node) Decode(v any) Errors {
	if n.doc == nil {
		return nil
	}
	return n.doc.decode(n, v)
}

// Errorf returns an error at the node.
func (n Node) Errorf(format string, args ...any) Error {
	e := Error{Line: n.line, Column: n.column, Path: n.path, Msg: fmt.Sprintf(format, args...)}
	if n.doc != nil {
		e.File = n.doc.file
		e.Where = n.doc.where(n.path)
	}
	return e
}

// Found says what the node is, for the last words of an error: `"soon"`, `5`,
// `a list`. Text that came from the environment is shown as it was written.
func (n Node) Found() string {
	if n.n == nil {
		return Nothing.String()
	}
	return n.n.found()
}
