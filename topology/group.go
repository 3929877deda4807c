package topology

import "strings"

// Group returns the name of the group of operations that an operation belongs to: what
// looks like an id in it (numbers, hexadecimal ids, UUIDs) is replaced by "*", and a
// query is left out. Operations that are named as OpenTelemetry asks for, such as
// "GET /users/:id", stay as they are.
func Group(name string) string {
	name, _, _ = strings.Cut(name, "?")
	name = strings.ToValidUTF8(name, "\uFFFD")
	var b strings.Builder
	changed := false
	for at := 0; at < len(name); {
		end := strings.IndexAny(name[at:], "/ ,;=")
		part := name[at:]
		if end >= 0 {
			part = name[at : at+end]
		}
		if isID(part) {
			b.WriteByte('*')
			changed = true
		} else {
			b.WriteString(part)
		}
		at += len(part)
		if end >= 0 {
			b.WriteByte(name[at])
			at++
		}
	}
	if !changed {
		return name
	}
	return b.String()
}

// isID reports whether a word is a number or an id: digits alone, or six and more of
// hexadecimal digits and dashes with at least one digit.
func isID(w string) bool {
	digits, hex := 0, 0
	for i := range len(w) {
		switch c := w[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == '-':
			hex++
		default:
			return false
		}
	}
	return digits > 0 && (hex == 0 || digits+hex >= 6)
}
