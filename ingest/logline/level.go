package logline

import (
	"bytes"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Level reads the value of a field that names a level: a word, or a number as pino
// and bunyan (10 to 60) or syslog (0 to 7) have them. It is SeverityUnknown for all else.
func Level(value []byte) telemetry.Severity {
	if len(value) == 0 || len(value) > 16 {
		return telemetry.SeverityUnknown
	}
	if isDigit(value[0]) {
		n := 0
		for _, b := range value {
			if !isDigit(b) || n > 1000 {
				return telemetry.SeverityUnknown
			}
			n = n*10 + int(b-'0')
		}
		switch {
		case n <= 7:
			return Syslog(n)
		case n >= 10 && n <= 60:
			return [...]telemetry.Severity{telemetry.SeverityTrace, telemetry.SeverityDebug, telemetry.SeverityInfo,
				telemetry.SeverityWarn, telemetry.SeverityError, telemetry.SeverityFatal}[n/10-1]
		}
		return telemetry.SeverityUnknown
	}
	return word(value)
}

// Syslog returns the severity of a number of syslog, 0 (emergency) to 7 (debug).
func Syslog(n int) telemetry.Severity {
	if n < 0 || n > 7 {
		return telemetry.SeverityUnknown
	}
	return [...]telemetry.Severity{telemetry.SeverityFatal + 1, telemetry.SeverityError + 2, telemetry.SeverityError + 1, telemetry.SeverityError,
		telemetry.SeverityWarn, telemetry.SeverityInfo + 1, telemetry.SeverityInfo, telemetry.SeverityDebug}[n]
}

// word is telemetry.ParseSeverity without a copy for the words that occur, and a
// few more that only loggers write.
func word(w []byte) telemetry.Severity {
	switch string(w) {
	case "INFO", "info", "INF", "Information":
		return telemetry.SeverityInfo
	case "ERROR", "error", "ERR", "fail", "Error":
		return telemetry.SeverityError
	case "WARN", "warn", "WARNING", "warning", "WRN", "Warning":
		return telemetry.SeverityWarn
	case "DEBUG", "debug", "DBG", "Debug":
		return telemetry.SeverityDebug
	case "trce":
		return telemetry.SeverityTrace
	}
	s, ok := telemetry.ParseSeverity(string(w))
	if !ok {
		return telemetry.SeverityUnknown
	}
	return s
}

// How far into a text is looked.
const (
	headWords = 7
	headBytes = 512
	keyBytes  = 4 << 10
)

// keys are the ends of the names under which JSON and logfmt carry a level.
var levelKeys = [][]byte{[]byte("evel"), []byte("everity"), []byte("lvl")}

// FindLevel looks for the level in a text: at a key of JSON or logfmt, then among
// its first words, then in the status of a request.
func FindLevel(body []byte) telemetry.Severity {
	if s := keyedLevel(body[:min(len(body), keyBytes)]); s != telemetry.SeverityUnknown {
		return s
	}
	if len(body) > 0 && body[0] == '{' {
		return telemetry.SeverityUnknown
	}
	head := body[:min(len(body), headBytes)]
	if nl := bytes.IndexByte(head, '\n'); nl >= 0 {
		head = head[:nl]
	}
	if s := firstWords(head); s != telemetry.SeverityUnknown {
		return s
	}
	return requestLevel(body[:min(len(body), keyBytes)])
}

// keyedLevel finds level=warn, "severity":"ERROR", "level":30 and their kin.
func keyedLevel(b []byte) telemetry.Severity {
	for _, key := range levelKeys {
		for at := 0; ; {
			n := bytes.Index(b[at:], key)
			if n < 0 {
				break
			}
			at += n + len(key)
			if !levelName(b, at-len(key)) {
				continue
			}
			value, quoted := valueAt(b, at)
			if len(value) == 0 || isDigit(value[0]) && (b[0] != '{' || quoted) {
				continue // battery_level=5 is no level
			}
			if s := Level(value); s != telemetry.SeverityUnknown {
				return s
			}
		}
	}
	return telemetry.SeverityUnknown
}

// levelName reports whether the key whose end begins at i is the whole name of a
// field, but for a prefix such as "log.".
func levelName(b []byte, i int) bool {
	if b[i] != 'l' { // the first letter of level and severity may be a capital
		if i--; i < 0 || b[i]|0x20 != 'l' && b[i]|0x20 != 's' {
			return false
		}
	}
	if i > 0 && b[i-1] == '@' {
		i--
	}
	for _, prefix := range []string{"log.", "log_", "log"} {
		if i >= len(prefix) && string(b[i-len(prefix):i]) == prefix {
			i -= len(prefix)
			break
		}
	}
	return i == 0 || !isWord(b[i-1])
}

func isWord(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_' || b == '-' || b == '.'
}

// valueAt returns the value that follows a key which ends at i: behind `=`, `:` or
// `":`, with or without quotes. quoted reports whether it stood in quotes.
func valueAt(b []byte, i int) (value []byte, quoted bool) {
	for i < len(b) && (b[i] == '"' || b[i] == '\\' || b[i] == '\'') {
		i++
	}
	for i < len(b) && b[i] == ' ' {
		i++
	}
	if i >= len(b) || b[i] != '=' && b[i] != ':' {
		return nil, false
	}
	for i++; i < len(b) && (b[i] == ' ' || b[i] == '"' || b[i] == '\\' || b[i] == '\''); i++ {
		quoted = quoted || b[i] != ' '
	}
	begin := i
	for i < len(b) && isWord(b[i]) {
		i++
	}
	return b[begin:i], quoted
}

// firstWords looks for a level among the first words of a line: in capitals, in
// brackets, before a colon, or as the marks of glog, redis and Android.
func firstWords(head []byte) telemetry.Severity {
	if s := glog(head); s != telemetry.SeverityUnknown {
		return s
	}
	var words [headWords][]byte
	n := 0
	for rest := head; n < headWords; n++ {
		if words[n], rest = cutWord(rest); len(words[n]) == 0 {
			break
		}
	}
	for i, w := range words[:n] {
		if s := levelWord(w, i == 0); s != telemetry.SeverityUnknown {
			return s
		}
	}
	return marks(words[:n])
}

// cutWord returns the first word and what follows it.
func cutWord(b []byte) (word, rest []byte) {
	i := 0
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '|') {
		i++
	}
	begin := i
	for i < len(b) && b[i] != ' ' && b[i] != '\t' && b[i] != '|' {
		i++
	}
	return b[begin:i], b[i:]
}

// glog finds the letter of klog and glog: E0504 12:00:00.1 1 file.go:1] text.
func glog(head []byte) telemetry.Severity {
	if len(head) < 20 || head[5] != ' ' {
		return telemetry.SeverityUnknown
	}
	if _, ok := digits(head, 1, 4); !ok || head[8] != ':' || head[11] != ':' {
		return telemetry.SeverityUnknown
	}
	return letter(head[0])
}

func letter(b byte) telemetry.Severity {
	switch b {
	case 'V':
		return telemetry.SeverityTrace
	case 'D':
		return telemetry.SeverityDebug
	case 'I':
		return telemetry.SeverityInfo
	case 'W':
		return telemetry.SeverityWarn
	case 'E':
		return telemetry.SeverityError
	case 'F':
		return telemetry.SeverityFatal
	}
	return telemetry.SeverityUnknown
}

// levelWord reads one word. What is said in prose ("more info") must not count.
func levelWord(w []byte, first bool) telemetry.Severity {
	bracketed := false
	for len(w) > 0 && (w[0] == '[' || w[0] == '<' || w[0] == '(') {
		w, bracketed = w[1:], true
	}
	end := 0
	for end < len(w) && (w[end]|0x20 >= 'a' && w[end]|0x20 <= 'z') {
		end++
	}
	if end < 3 || end > 13 {
		return telemetry.SeverityUnknown
	}
	rest := w[end:]
	w = w[:end]
	marked := false
	switch {
	case len(rest) == 0:
	case rest[0] == ':':
		marked = len(rest) == 1 || first
	case rest[0] == ']', rest[0] == '>', rest[0] == ')':
		marked = bracketed
	case first && rest[0] == '[': // ERROR[0001]
	case rest[0] == '/' || rest[0] == ',':
		return telemetry.SeverityUnknown
	default:
		return telemetry.SeverityUnknown
	}
	capitals := isCapital(w[0]) && isCapital(w[1])
	if !marked && !capitals && !(first && isCapital(w[0])) {
		// A closing bracket without an opening one: [12:00:00 INF].
		return telemetry.SeverityUnknown
	}
	if !marked && capitals && len(rest) > 0 && rest[0] != '[' && rest[0] != ':' && rest[0] != ']' {
		return telemetry.SeverityUnknown
	}
	return word(w)
}

func isCapital(b byte) bool { return b >= 'A' && b <= 'Z' }

// marks reads the level from where redis (12:M 04 May 2026 12:00:00.1 # text) and Android
// (03-17 16:13:38.811 1702 2395 D Tag: text) put it.
func marks(words [][]byte) telemetry.Severity {
	if len(words) < 5 {
		return telemetry.SeverityUnknown
	}
	if w := words[0]; len(w) == 5 && w[2] == '-' && len(words[1]) > 7 && words[1][2] == ':' && len(words[4]) == 1 {
		return letter(words[4][0])
	}
	if w := words[0]; len(words) > 5 && len(w) > 2 && w[len(w)-2] == ':' && isDigit(w[0]) && len(words[5]) == 1 {
		switch words[5][0] {
		case '.':
			return telemetry.SeverityDebug
		case '-', '*':
			return telemetry.SeverityInfo
		case '#':
			return telemetry.SeverityWarn
		}
	}
	return telemetry.SeverityUnknown
}

// requestLevel reads the status of a line of an access log: HTTP/1.1" 503.
func requestLevel(b []byte) telemetry.Severity {
	at := bytes.Index(b, []byte("HTTP/"))
	if at < 0 {
		return telemetry.SeverityUnknown
	}
	b = b[at:]
	quote := bytes.Index(b, []byte(`" `))
	if quote < 0 || quote > 12 {
		return telemetry.SeverityUnknown
	}
	status, ok := digits(b, quote+2, 3)
	if !ok {
		return telemetry.SeverityUnknown
	}
	return StatusLevel(status)
}

// StatusLevel returns how grave the status of an HTTP answer is.
func StatusLevel(status int) telemetry.Severity {
	switch {
	case status >= 500 && status <= 599:
		return telemetry.SeverityError
	case status >= 400 && status <= 499:
		return telemetry.SeverityWarn
	case status >= 100 && status <= 399:
		return telemetry.SeverityInfo
	}
	return telemetry.SeverityUnknown
}
