package condition

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind of a token.
type kind int

const (
	tokEnd kind = iota
	tokWord
	tokNumber // with its unit, if written without a space
	tokOp     // comparison
	tokSign   // ( ) * / % + - ,
	tokBad
)

// token is a piece of the text. Column counts characters from 1.
type token struct {
	kind   kind
	text   string
	column int
}

func (t token) String() string {
	if t.kind == tokEnd {
		return "the end"
	}
	return `"` + t.text + `"`
}

// lex cuts the text into tokens; the last one is tokEnd.
func lex(text string) []token {
	var out []token
	column := 1
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if unicode.IsSpace(r) {
			i += size
			column++
			continue
		}
		k, n := next(text[i:], r, size)
		t := token{kind: k, text: text[i : i+n], column: column}
		out = append(out, t)
		column += utf8.RuneCountInString(t.text)
		i += n
	}
	return append(out, token{kind: tokEnd, column: column})
}

// next returns the kind and the length in bytes of the token that text, which
// begins with r, begins with.
func next(text string, r rune, size int) (kind, int) {
	switch {
	case isLetter(r):
		return tokWord, span(text, func(c rune) bool { return isLetter(c) || isDigit(c) })
	case isDigit(r) || r == '.' && len(text) > 1 && isDigit(rune(text[1])):
		return tokNumber, number(text)
	case strings.ContainsRune("<>=!", r):
		if len(text) > 1 && text[1] == '=' {
			return tokOp, 2
		}
		return tokOp, 1
	case strings.ContainsRune("()*/%+-,", r):
		return tokSign, 1
	}
	return tokBad, size
}

// number returns the length of a decimal number with an optional exponent.
func number(text string) int {
	n := span(text, func(c rune) bool { return isDigit(c) || c == '.' })
	rest := text[n:]
	if len(rest) > 1 && (rest[0] == 'e' || rest[0] == 'E') {
		digits := rest[1:]
		sign := 0
		if digits[0] == '+' || digits[0] == '-' {
			sign = 1
		}
		if d := span(digits[sign:], isDigit); d > 0 {
			n += 1 + sign + d
		}
	}
	return n
}

func span(text string, in func(rune) bool) int {
	for i, r := range text {
		if !in(r) {
			return i
		}
	}
	return len(text)
}

func isLetter(r rune) bool { return r == '_' || unicode.IsLetter(r) }
func isDigit(r rune) bool  { return r >= '0' && r <= '9' }
