package yamldoc

import (
	"bytes"
	"regexp"
)

// A text in block style (after | or >) may have this many lines and bytes: the
// parser copies what it has of the text at each of its lines.
const (
	maxBlockLines = 2_000
	maxBlockBytes = 64 << 10
)

// blockHeader is the end of a line that begins a text in block style.
var blockHeader = regexp.MustCompile(`(^|[\s:-])[|>][-+0-9]{0,2}[ \t\r]*( #.*)?$`)

// longBlock returns the line of the first text in block style that is too long,
// or 0. It reads lines only, so it can be asked before the parser is.
func longBlock(src []byte) int {
	start, indent, lines, size := 0, 0, 0, 0
	number := 0
	for line := range bytes.Lines(src) {
		number++
		text := bytes.TrimRight(line, "\r\n")
		width := len(text) - len(bytes.TrimLeft(text, " "))
		blank := len(bytes.TrimSpace(text)) == 0
		if start > 0 && (blank || width > indent) {
			lines, size = lines+1, size+len(line)
			if lines > maxBlockLines || size > maxBlockBytes {
				return start
			}
			continue
		}
		start = 0
		if !blockHeader.Match(text) {
			continue
		}
		start, indent, lines, size = number, width, 0, 0
		if first := text[width:]; first[0] == '|' || first[0] == '>' || bytes.HasPrefix(first, []byte("---")) {
			indent = -1 // the text of a whole document need not be indented
		}
	}
	return 0
}
