package story

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// stripComment cuts a "#" comment that stands outside quotes and at the start
// of a line or after a space.
func stripComment(line string) string {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '"':
			quoted = !quoted
		case '#':
			if !quoted && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
				return strings.TrimRight(line[:i], " \t")
			}
		}
	}
	return strings.TrimRight(line, " \t\r")
}

// words splits a line at spaces; a double-quoted string is one word, unquoted,
// also behind key=.
func words(line string) ([]string, error) {
	var out []string
	for i := 0; i < len(line); {
		if line[i] == ' ' || line[i] == '\t' {
			i++
			continue
		}
		var b strings.Builder
		for i < len(line) && line[i] != ' ' && line[i] != '\t' {
			if line[i] != '"' {
				b.WriteByte(line[i])
				i++
				continue
			}
			end := strings.IndexByte(line[i+1:], '"')
			if end < 0 {
				return nil, fmt.Errorf("missing closing quote in %q", line)
			}
			b.WriteString(line[i+1 : i+1+end])
			i += end + 2
		}
		out = append(out, b.String())
	}
	return out, nil
}

// placed adds a block to a text so that its lines have the numbers they have in
// the script, where errors in it are looked for.
func placed(text string, line int, block []string) string {
	return text + strings.Repeat("\n", max(0, line-strings.Count(text, "\n"))) + dedent(block)
}

// dedent removes the indentation of the first line from every line.
func dedent(block []string) string {
	indent := -1
	var b strings.Builder
	for _, line := range block {
		trimmed := strings.TrimLeft(line, " ")
		if trimmed == "" {
			b.WriteString("\n")
			continue
		}
		if indent < 0 {
			indent = len(line) - len(trimmed)
		}
		b.WriteString(line[min(indent, len(line)-len(trimmed)):])
		b.WriteString("\n")
	}
	return b.String()
}

// states are those that an assertion may name.
var states = map[string][]string{
	"verdict":  {"collecting", "healthy", "suspicious", "faulty", "undecided", "none"},
	"alert":    {"none", "firing", "held", "stale_source", "resolved"},
	"incident": {"none", "candidate", "open", "acknowledged", "mitigated", "resolved", "closed", "merged", "false_positive", "expired"},
}

// checkWords refuses an assertion whose form is unknown, when it is read and not
// when the story has run.
func checkWords(w []string, total bool) error {
	if total {
		if len(w) == 4 && w[0] == "changes" && w[2] == "=" {
			if _, err := strconv.Atoi(w[3]); err != nil {
				return fmt.Errorf("expect total: want a number, got %q", w[3])
			}
			return nil
		}
		if len(w) < 3 || w[len(w)-2] != "=" && w[len(w)-2] != "<=" {
			return fmt.Errorf("expect total: want \"incidents = N\", \"changes SERVICE = N\" or \"messages CHANNEL [KIND] = N\", got %q", strings.Join(w, " "))
		}
		if _, err := strconv.Atoi(w[len(w)-1]); err != nil {
			return fmt.Errorf("expect total: want a number, got %q", w[len(w)-1])
		}
		if w[0] != "incidents" && (w[0] != "messages" || len(w) < 4 || len(w) > 5) {
			return fmt.Errorf("expect total: want \"incidents = N\" or \"messages CHANNEL [KIND] = N\", got %q", strings.Join(w, " "))
		}
		return nil
	}
	ok := false
	switch w[0] {
	case "alert", "verdict":
		ok = len(w) == 4
	case "timeline":
		ok = len(w) == 4
	case "incident", "anomaly", "suspect", "change", "charged", "similar", "expected":
		ok = len(w) == 3
	case "weights":
		ok = len(w) == 2
	case "message":
		ok = len(w) == 3 || (len(w) == 5 && w[3] == "contains")
	default:
		return fmt.Errorf("expect: unknown subject %q; want alert, incident, timeline, anomaly, suspect, change, verdict, message, charged, similar, expected or weights", w[0])
	}
	if !ok {
		return fmt.Errorf("expect %s: wrong number of words in %q", w[0], strings.Join(w, " "))
	}
	// A state that is misspelt would never hold, and "never" would always.
	if known, last := states[w[0]], w[len(w)-1]; known != nil && !slices.Contains(known, last) {
		return fmt.Errorf("expect %s: want one of %s, got %q", w[0], strings.Join(known, ", "), last)
	}
	return nil
}
