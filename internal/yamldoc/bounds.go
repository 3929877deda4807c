package yamldoc

import (
	"fmt"

	"github.com/goccy/go-yaml/token"
)

// What a document may cost. The parser calls itself once per level and once per
// key of a mapping, and moves the tail of its tokens at each missing value, so
// all three are counted before it sees the document.
const (
	maxBytes    = 4 << 20
	maxDepth    = 64
	maxNodes    = 500_000 // with aliases written out
	maxKeys     = 20_000  // of one mapping
	maxNulls    = 5_000   // keys and list elements without a value
	maxProps    = 4       // anchors and tags on one value
	maxErrors   = 1_000   // reported by one Decode
	maxReserved = 256     // levels the scan of tokens lets pass; the tree is held to maxDepth
)

// bound is a bound that was passed, and where.
type bound struct {
	token *token.Token
	msg   string
}

// scan counts what the parser's cost depends on.
type scan struct {
	flow    []flow // open [ and {
	columns []int  // of the open block collections
	keys    []int  // per open block collection
	nulls   int    // values that are missing
	props   int    // anchors and tags since the last value
	last    *token.Token
}

// flow is an open [ or {; colon tells whether one came since the last comma.
type flow struct {
	mapping, colon bool
}

// outOfBounds returns the first bound that the tokens pass, or nil.
func outOfBounds(tokens token.Tokens) *bound {
	var s scan
	for _, tk := range tokens {
		if tk.Type == token.CommentType {
			continue
		}
		if msg := s.next(tk); msg != "" {
			return &bound{token: tk, msg: msg}
		}
		s.last = tk
	}
	return nil
}

// next counts one token and returns what is too much, or "".
func (s *scan) next(tk *token.Token) string {
	if s.missing(tk) {
		if s.nulls++; s.nulls > maxNulls {
			return fmt.Sprintf("want at most %d keys and list elements without a value", maxNulls)
		}
	}
	switch tk.Type {
	case token.MappingStartType, token.SequenceStartType:
		s.flow = append(s.flow, flow{mapping: tk.Type == token.MappingStartType})
	case token.MappingEndType, token.SequenceEndType:
		s.flow = s.flow[:max(0, len(s.flow)-1)]
	case token.MappingKeyType:
		return `want "key: value", got a "?" that starts a key`
	case token.SequenceEntryType:
		s.open(tk.Position.Column)
	case token.MappingValueType:
		if s.last != nil && s.open(s.last.Position.Column) > maxKeys {
			return fmt.Sprintf("want at most %d keys in one mapping", maxKeys)
		}
		s.colon(true)
	case token.CollectEntryType:
		s.colon(false)
	}
	if len(s.flow)+len(s.columns) > maxReserved {
		return tooDeep
	}
	return s.properties(tk)
}

var tooDeep = fmt.Sprintf("want at most %d levels, got more", maxDepth)

// open notes a block collection's element at column and returns how many the
// collection has. Collections further right have ended.
func (s *scan) open(column int) int {
	if len(s.flow) > 0 {
		return 0
	}
	for len(s.columns) > 0 && s.columns[len(s.columns)-1] > column {
		s.columns, s.keys = s.columns[:len(s.columns)-1], s.keys[:len(s.keys)-1]
	}
	if len(s.columns) == 0 || s.columns[len(s.columns)-1] < column {
		s.columns, s.keys = append(s.columns, column), append(s.keys, 0)
	}
	top := len(s.keys) - 1
	s.keys[top]++
	return s.keys[top]
}

// colon notes whether a colon came since the last comma in braces.
func (s *scan) colon(came bool) {
	if len(s.flow) > 0 {
		s.flow[len(s.flow)-1].colon = came
	}
}

// missing tells whether the element before tk has no value: in block style when
// tk stands on a later line and not further right, in braces when no colon came
// since the last comma or nothing after the colon.
func (s *scan) missing(tk *token.Token) bool {
	if s.last == nil {
		return false
	}
	if len(s.flow) > 0 {
		top := s.flow[len(s.flow)-1]
		ends := tk.Type == token.CollectEntryType || tk.Type == token.MappingEndType
		return ends && top.mapping && (!top.colon || s.last.Type == token.MappingValueType)
	}
	afterColon := s.last.Type == token.MappingValueType
	if len(s.columns) == 0 || !afterColon && s.last.Type != token.SequenceEntryType {
		return false
	}
	top, column := s.columns[len(s.columns)-1], tk.Position.Column
	listOfKey := afterColon && tk.Type == token.SequenceEntryType
	return tk.Position.Line > s.last.Position.Line && (column < top || column == top && !listOfKey)
}

// properties counts anchors and tags that stand before one value.
func (s *scan) properties(tk *token.Token) string {
	switch {
	case tk.Type == token.AnchorType || tk.Type == token.TagType:
		s.props++
	case s.last != nil && s.last.Type == token.AnchorType:
		// the name of the anchor
	default:
		s.props = 0
	}
	if s.props > maxProps {
		return "want one anchor and one tag on a value, got more"
	}
	return ""
}
