package logql

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

type tokenKind int

const (
	tokEnd tokenKind = iota
	tokWord
	tokString
	tokNumber // also durations and sizes
	tokMark   // operators and brackets
)

type token struct {
	kind tokenKind
	text string // of a string: without quotes
	at   int    // byte offset
}

// SyntaxError says where a query is wrong and why.
type SyntaxError struct {
	At      int // byte offset
	Message string
	query   string
}

// Error names the line and column, as Loki does.
func (e *SyntaxError) Error() string {
	line, column := 1, 1
	for _, c := range e.query[:min(e.At, len(e.query))] {
		if c == '\n' {
			line, column = line+1, 1
		} else {
			column++
		}
	}
	return fmt.Sprintf("parse error at line %d, col %d: %s", line, column, e.Message)
}

// marks are the operators, longer ones before those that begin them.
var marks = []string{"|=", "|~", "!=", "!~", "=~", "==", ">=", "<=", "{", "}", "(", ")", "[", "]", ",", "|", "=", ">", "<", "+", "-", "*", "/"}

func lex(query string) ([]token, error) {
	var out []token
	for i := 0; i < len(query); {
		c := query[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '#': // a comment
			for i < len(query) && query[i] != '\n' {
				i++
			}
		case c == '"' || c == '`':
			text, n, err := quoted(query, i)
			if err != nil {
				return nil, err
			}
			out = append(out, token{tokString, text, i})
			i += n
		case c >= '0' && c <= '9' || c == '.' && i+1 < len(query) && query[i+1] >= '0' && query[i+1] <= '9':
			start := i
			for i < len(query) && (isWordByte(query[i]) || query[i] == '.' || (query[i] == '-' || query[i] == '+') && exponent(query[start:i])) {
				i++
			}
			out = append(out, token{tokNumber, query[start:i], start})
		case isWordByte(c):
			start := i
			for i < len(query) && isWordByte(query[i]) {
				i++
			}
			out = append(out, token{tokWord, query[start:i], start})
		default:
			mark := ""
			for _, m := range marks {
				if strings.HasPrefix(query[i:], m) {
					mark = m
					break
				}
			}
			if mark == "" {
				r, _ := utf8.DecodeRuneInString(query[i:])
				return nil, &SyntaxError{i, fmt.Sprintf("syntax error: unexpected character %q", r), query}
			}
			out = append(out, token{tokMark, mark, i})
			i += len(mark)
		}
	}
	return append(out, token{tokEnd, "", len(query)}), nil
}

// exponent says whether a sign may follow: 1e-3.
func exponent(number string) bool {
	return len(number) > 1 && (strings.HasSuffix(number, "e") || strings.HasSuffix(number, "E")) && !strings.HasPrefix(number, "0x")
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// quoted reads the string that begins at i.
func quoted(query string, i int) (text string, n int, err error) {
	if query[i] == '`' {
		end := strings.IndexByte(query[i+1:], '`')
		if end < 0 {
			return "", 0, &SyntaxError{i, "literal not terminated", query}
		}
		return query[i+1 : i+1+end], end + 2, nil
	}
	for k := i + 1; k < len(query); k++ {
		switch query[k] {
		case '\\':
			k++
		case '"':
			text, err := strconv.Unquote(strings.ReplaceAll(query[i:k+1], "\n", `\n`))
			if err != nil {
				return "", 0, &SyntaxError{i, "invalid char escape in the string", query}
			}
			return text, k + 1 - i, nil
		}
	}
	return "", 0, &SyntaxError{i, "literal not terminated", query}
}
