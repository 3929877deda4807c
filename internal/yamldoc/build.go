package yamldoc

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
)

// builder turns the parser's tree into the document's: aliases become pointers,
// merge keys are merged, variables expanded, sizes and levels counted.
type builder struct {
	doc     *Document
	anchors map[string]*node // nil while the anchor's own value is read
	fatal   *Error           // a bound passed or an alias without anchor; ends the reading
}

func (b *builder) root(body ast.Node) *node {
	if body == nil {
		return &node{line: 1, column: 1, size: 1, height: 1}
	}
	return b.build(body, "", 1)
}

// build never returns nil, also after a fatal error.
func (b *builder) build(n ast.Node, path string, depth int) *node {
	at := &node{line: 1, column: 1, size: 1, height: 1}
	if n == nil {
		return at
	}
	at.line, at.column = place(n)
	if b.fatal != nil {
		return at
	}
	if depth > maxDepth {
		return b.stop(at, path, tooDeep)
	}
	switch n := n.(type) {
	case *ast.AnchorNode:
		return b.anchor(n, path, depth)
	case *ast.AliasNode:
		return b.alias(n, at, path, depth)
	case *ast.TagNode:
		return b.tag(n, at, path, depth)
	case *ast.MappingNode:
		b.mapping(at, n.Values, path, depth)
	case *ast.MappingValueNode:
		b.mapping(at, []*ast.MappingValueNode{n}, path, depth)
	case *ast.SequenceNode:
		b.list(at, n.Values, path, depth)
	default:
		b.scalar(at, n, path)
	}
	if at.size > maxNodes {
		return b.stop(at, path, fmt.Sprintf("want at most %d values with all aliases written out, got more", maxNodes))
	}
	return at
}

// stop records what ends the reading. The path is left out of the error when it
// is long, as it is for too many levels.
func (b *builder) stop(at *node, path, msg string) *node {
	if b.fatal == nil {
		if len(path) > 200 {
			path = ""
		}
		b.fatal = &Error{File: b.doc.file, Line: at.line, Column: at.column, Path: path, Msg: msg}
	}
	return at
}

func (b *builder) anchor(n *ast.AnchorNode, path string, depth int) *node {
	name := tokenText(n.Name)
	b.anchors[name] = nil
	value := b.build(n.Value, path, depth+1)
	value.line, value.column = place(n)
	b.anchors[name] = value
	return value
}

func (b *builder) alias(n *ast.AliasNode, at *node, path string, depth int) *node {
	name := tokenText(n.Value)
	value, known := b.anchors[name]
	switch {
	case !known:
		return b.stop(at, path, fmt.Sprintf("alias *%s: want an anchor &%s before it, got none", name, name))
	case value == nil:
		return b.stop(at, path, fmt.Sprintf("alias *%s stands inside its own anchor", name))
	case depth+value.height-1 > maxDepth:
		return b.stop(at, path, tooDeep)
	}
	return value
}

// tag allows the tags of plain YAML that change nothing; !!str makes text.
func (b *builder) tag(n *ast.TagNode, at *node, path string, depth int) *node {
	tag := n.GetToken().Value
	switch tag {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!timestamp":
	default:
		return b.stop(at, path, fmt.Sprintf("want no tag or a plain one such as !!str, got %s", clip(tag)))
	}
	value := b.build(n.Value, path, depth+1)
	if tag == "!!str" && (value.kind == Scalar || value.kind == Nothing) {
		text := *value
		text.kind, text.quoted = Scalar, true
		return &text
	}
	return value
}

func (b *builder) list(at *node, values []ast.Node, path string, depth int) {
	at.kind = List
	at.items = make([]item, len(values))
	for i, v := range values {
		line, column := place(v)
		child := b.build(v, indexPath(path, i), depth+1)
		at.items[i] = item{line: line, column: column, value: child}
		at.grow(child)
	}
}

func (b *builder) mapping(at *node, values []*ast.MappingValueNode, path string, depth int) {
	at.kind = Mapping
	first := map[string]int{} // line of each key written in this mapping
	var merges []*node
	for _, v := range values {
		line, column := place(v.Key)
		key := keyText(v.Key)
		childPath := keyPath(path, key)
		if before, twice := first[key]; twice {
			b.report(Error{Line: line, Column: column, Path: childPath,
				Msg: fmt.Sprintf("key %q is already set on line %d; want it once", clip(key), before)})
			continue
		}
		first[key] = line
		child := b.build(v.Value, childPath, depth+1)
		if v.Key.IsMergeKey() {
			merges = append(merges, b.mergeSources(child, childPath)...)
			continue
		}
		at.entries = append(at.entries, entry{key: key, line: line, column: column, value: child})
		at.grow(child)
	}
	at.merge(first, merges)
}

// mergeSources returns the mappings that a merge key names.
func (b *builder) mergeSources(value *node, path string) []*node {
	if value.kind == Mapping {
		return []*node{value}
	}
	var sources []*node
	for _, it := range value.items {
		if it.value.kind == Mapping {
			sources = append(sources, it.value)
		}
	}
	if value.kind != List || len(sources) < len(value.items) {
		b.report(Error{Line: value.line, Column: value.column, Path: path,
			Msg: fmt.Sprintf("want an alias of a mapping, or a list of such, got %s", value.found())})
	}
	return sources
}

// merge adds the keys of sources that the mapping does not have: what stands in
// the mapping wins, then the earlier source.
func (n *node) merge(have map[string]int, sources []*node) {
	for _, source := range sources {
		for _, e := range source.entries {
			if _, ok := have[e.key]; ok {
				continue
			}
			have[e.key] = e.line
			n.entries = append(n.entries, e)
			n.grow(e.value)
		}
	}
	if len(n.entries) < indexAbove {
		return
	}
	n.index = make(map[string]int, len(n.entries))
	for i, e := range n.entries {
		n.index[e.key] = i
	}
}

// grow counts a child. Sizes stop at the bound, so they cannot overflow.
func (n *node) grow(child *node) {
	n.size = min(n.size+child.size, maxNodes+1)
	n.height = max(n.height, child.height+1)
}

func (b *builder) report(e Error) {
	e.File = b.doc.file
	b.doc.errs = append(b.doc.errs, e)
}

// scalar fills in a value that is not a collection.
func (b *builder) scalar(at *node, n ast.Node, path string) {
	switch n := n.(type) {
	case *ast.NullNode:
		return
	case *ast.StringNode:
		at.text, at.quoted = n.Value, isQuoted(n)
	case *ast.LiteralNode:
		at.text, at.quoted = n.Value.Value, true
	default:
		at.text = tokenText(n)
	}
	at.kind, at.raw = Scalar, at.text
	if !at.quoted && isNull(at.text) {
		at.kind = Nothing
		return
	}
	b.expand(at, path)
}
