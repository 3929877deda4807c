package template

// value is called after a '='. What stands there is a value and not a part of the
// event: one variable, with its blanks if it is in quotes or brackets, that reads
// as constant for as long as it is always the same. Only what follows keys that
// announce a sentence, as in msg="..." of logfmt, is text.
func (s *scan) value(line []byte, i, limit int32) {
	if i <= s.holdEnd {
		return
	}
	if i < limit && line[i] == ' ' && i >= 2 && line[i-2] == ' ' {
		i++
	}
	if i >= limit || classes[line[i]] == isBlank || s.announcesText() {
		return
	}
	from := i
	switch b := line[i]; {
	case b == '"' || b == '\'':
		from = i + 1
		i = from
		for i < limit && line[i] != b {
			if line[i] == '\\' {
				i++
			}
			i++
		}
		if i >= limit {
			return
		}
	case classes[b] == isDelim:
		return
	default:
		i = endOfValue(line, i, limit)
	}
	s.holdFrom, s.holdEnd = from, i
}

// maxValue bounds how far a bracket is followed.
const maxValue = 256

func endOfValue(line []byte, i, limit int32) int32 {
	start, flat, depth := i, int32(-1), 0
	limit = min(limit, i+maxValue)
	for ; i < limit; i++ {
		switch b := line[i]; {
		case b == '(' || b == '[' || b == '{':
			if flat < 0 {
				flat = i
			}
			depth++
		case b == ')' || b == ']' || b == '}':
			if depth--; depth == 0 {
				return i + 1
			} else if depth < 0 {
				return i
			}
		case depth == 0 && classes[b]&(isBlank|isDelim) != 0:
			return i
		}
	}
	if flat > start {
		return flat
	}
	return i
}

// announcing are the keys whose values are text.
var announcing = func() map[uint64]bool {
	m := map[uint64]bool{}
	for _, w := range []string{"msg", "message", "event", "error", "err", "reason", "cause", "log", "text", "state", "status", "level",
		"action", "type", "kind", "op", "operation", "method", "phase", "logger",
		"Error", "Message", "Reason", "Event", "MESSAGE"} {
		m[hashOf([]byte(w))] = true
	}
	return m
}()

// quotedValue is called after a quote. In "key": "a value" of JSON what is in the second
// pair of quotes is a value, as after a '='.
func (s *scan) quotedValue(line []byte, i, limit int32) {
	n := len(s.toks) - 1 // of the quote
	if n < 4 || i <= s.holdEnd || s.toks[n-1].hash != hashColon || s.toks[n-1].kind != KindNone || s.toks[n-2].hash != '"' ||
		s.toks[n-3].kind != KindNone || announcing[s.toks[n-3].hash] {
		return
	}
	end := i
	for end < limit && line[end] != '"' {
		if line[end] == '\\' {
			end++
		}
		end++
	}
	if end < limit {
		s.holdFrom, s.holdEnd = i, end
	}
}

var hashColon = hashOf([]byte(":"))

// announcesText reports whether the word before the '=' that was just read is a key
// whose value is text.
func (s *scan) announcesText() bool {
	n := len(s.toks) - 2
	return n >= 0 && s.toks[n].kind == KindNone && announcing[s.toks[n].hash]
}
