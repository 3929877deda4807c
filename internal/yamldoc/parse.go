package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Parse reads one YAML document. file is the name used in errors. An empty
// document is legal and decodes into nothing. The Document is nil exactly when
// there are Errors: text that is not YAML, more than one document, or a bound
// of the package passed. Repeated keys and variables that are not set are
// reported by Decode, together with the rest. src is not kept.
func Parse(file string, src []byte, opts ...Option) (*Document, Errors) {
	d := &Document{file: file, nouns: map[string]noun{}}
	for _, opt := range opts {
		opt(d)
	}
	fail := func(line, column int, format string, args ...any) (*Document, Errors) {
		return nil, Errors{{File: file, Line: line, Column: column, Msg: fmt.Sprintf(format, args...)}}
	}
	if len(src) > maxBytes {
		return fail(0, 0, "want at most %s of YAML, got %d bytes", Bytes(maxBytes), len(src))
	}
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	src = bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n")) // which the lexer counts twice behind a comment
	if at := invalidUTF8(src); at >= 0 {
		return fail(1+bytes.Count(src[:at], []byte("\n")), 0, "want UTF-8 text, got byte 0x%02x", src[at])
	}
	if line := longBlock(src); line > 0 {
		return fail(line, 0, "want at most %d lines and %s in a text after | or >, got more", maxBlockLines, Bytes(maxBlockBytes))
	}
	tokens := lexer.Tokenize(string(src))
	if bad := outOfBounds(tokens); bad != nil {
		return fail(bad.token.Position.Line, bad.token.Position.Column, "%s", bad.msg)
	}
	body, errs := parseBody(file, tokens)
	if len(errs) > 0 {
		return nil, errs
	}
	b := builder{doc: d, anchors: map[string]*node{}}
	d.root = b.root(body)
	if b.fatal != nil {
		return nil, Errors{*b.fatal}
	}
	return d, nil
}

// parseTree calls the parser. Some malformed documents make it panic, which is
// for the author of the document no more than another syntax error.
func parseTree(tokens token.Tokens) (tree *ast.File, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			tree, err = nil, fmt.Errorf("the parser gave up: %v", cause)
		}
	}()
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// parseBody returns the one value of the file, or nil when there is none.
func parseBody(file string, tokens token.Tokens) (ast.Node, Errors) {
	parsed, err := parseTree(tokens)
	if err != nil {
		return nil, Errors{syntaxError(file, err)}
	}
	var body ast.Node
	for _, doc := range parsed.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.DirectiveType {
			continue
		}
		if body == nil {
			body = doc.Body
			continue
		}
		at := doc.Body.GetToken().Position
		return nil, Errors{{
			File: file, Line: at.Line, Column: at.Column,
			Msg: "want one document per file, got a second one; put it into a file of its own",
		}}
	}
	return body, nil
}

// syntaxError takes the place and the words out of an error of the parser. Its
// own Error method draws the source around the place, which takes time that
// grows with the square of the document.
func syntaxError(file string, err error) Error {
	var placed interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if !errors.As(err, &placed) {
		return Error{File: file, Line: 1, Msg: "not valid YAML: " + err.Error()}
	}
	e := Error{File: file, Line: 1, Msg: "not valid YAML: " + placed.GetMessage()}
	if tk := placed.GetToken(); tk != nil && tk.Position != nil {
		e.Line, e.Column = tk.Position.Line, tk.Position.Column
	}
	return e
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(src []byte) int {
	if utf8.Valid(src) {
		return -1
	}
	for at := 0; at < len(src); {
		r, size := utf8.DecodeRune(src[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}
