package syslog

import (
	"bytes"
	"time"

	"github.com/tocsinhq/tocsin/ingest/jsonscan"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Decoder takes messages apart. It is used for one sheet at a time and owned by one
// goroutine.
type Decoder struct {
	// Location is the zone of times that name none.
	Location *time.Location
	fields   logline.Fields
	sheet    *logline.Sheet
}

var (
	hostName     = []byte("host")
	appName      = []byte("app")
	facilityName = []byte("facility")
	procName     = []byte("procid")
	msgName      = []byte("msgid")
	timeName     = []byte(logline.OriginalTime)
)

var facilities = [24][]byte{
	[]byte("kern"), []byte("user"), []byte("mail"), []byte("daemon"), []byte("auth"), []byte("syslog"), []byte("lpr"), []byte("news"),
	[]byte("uucp"), []byte("cron"), []byte("authpriv"), []byte("ftp"), []byte("ntp"), []byte("security"), []byte("console"), []byte("clock"),
	[]byte("local0"), []byte("local1"), []byte("local2"), []byte("local3"), []byte("local4"), []byte("local5"), []byte("local6"), []byte("local7"),
}

// Decode writes one message, without its framing, on a sheet. now is when it arrived:
// times without a year are the last before it. from is the address it came from, which is
// the host of messages that name none. It reports false for a message of nothing.
func (d *Decoder) Decode(s *logline.Sheet, message []byte, now time.Time, from []byte) bool {
	message = bytes.TrimRight(message, "\x00\r\n")
	if len(message) == 0 {
		return false
	}
	r := s.Begin()
	d.sheet = s
	d.fields.Begin(s, r)
	pri, rest, ok := priority(message)
	host := false
	switch {
	case !ok:
		d.text(r, message)
	case len(rest) > 1 && rest[0] == '1' && rest[1] == ' ':
		d.priority(r, pri)
		host = d.rfc5424(r, rest[2:])
	default:
		d.priority(r, pri)
		host = d.rfc3164(r, rest, now)
	}
	if !host && len(from) > 0 {
		d.fields.Label(hostName, from)
	}
	d.fields.End()
	s.End()
	return true
}

// priority reads <PRI>, from 0 to 191.
func priority(b []byte) (pri int, rest []byte, ok bool) {
	if len(b) < 3 || b[0] != '<' {
		return 0, b, false
	}
	i := 1
	for ; i < len(b) && i < 5 && b[i] >= '0' && b[i] <= '9'; i++ {
		pri = pri*10 + int(b[i]-'0')
	}
	if i == 1 || i >= len(b) || b[i] != '>' || pri > 191 {
		return 0, b, false
	}
	return pri, b[i+1:], true
}

func (d *Decoder) priority(r *telemetry.LogRecord, pri int) {
	r.Severity = logline.Syslog(pri & 7)
	d.fields.Label(facilityName, facilities[pri>>3])
}

// token cuts the next word off; "-" is none.
func token(b []byte) (word, rest []byte, ok bool) {
	n := bytes.IndexByte(b, ' ')
	if n < 0 {
		return nil, b, false
	}
	word, rest = b[:n:n], b[n+1:]
	if len(word) == 1 && word[0] == '-' {
		word = nil
	}
	return word, rest, true
}

// Bounds of words of a header, as in RFC 5424.
const (
	maxHost = 255
	maxApp  = 128
)

// rfc5424 reads what follows the version and reports whether a host is named. A header
// that is none is text.
func (d *Decoder) rfc5424(r *telemetry.LogRecord, b []byte) (host bool) {
	var words [5][]byte
	rest := b
	for i := range words {
		var ok bool
		if words[i], rest, ok = token(rest); !ok {
			d.text(r, b)
			return false
		}
	}
	data, message, ok := structured(rest)
	if !ok {
		data, message = nil, rest
	}
	if words[0] != nil {
		if ns, ok := logline.ParseTime(words[0]); ok {
			r.Time = ns
		} else {
			d.fields.Metadata(timeName, words[0])
		}
	}
	host = words[1] != nil
	d.header(words[1], words[2], words[3])
	if words[4] != nil {
		d.fields.Metadata(msgName, words[4])
	}
	d.elements(data)
	d.text(r, message)
	return host
}

// header writes host, program and process.
func (d *Decoder) header(host, app, process []byte) {
	if len(host) > 0 {
		d.fields.Label(hostName, host[:min(len(host), maxHost)])
	}
	if len(app) > 0 {
		d.fields.Label(appName, app[:min(len(app), maxApp)])
	}
	if len(process) > 0 {
		d.fields.Metadata(procName, process)
	}
}

// structured cuts the structured data off.
func structured(b []byte) (data, message []byte, ok bool) {
	if len(b) == 0 {
		return nil, nil, true
	}
	if b[0] == '-' && (len(b) == 1 || b[1] == ' ') {
		return nil, b[min(len(b), 2):], true
	}
	if b[0] != '[' {
		return nil, nil, false
	}
	quoted := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == ']' && !quoted:
			if i+1 < len(b) && b[i+1] == '[' {
				continue
			}
			if i+1 < len(b) && b[i+1] != ' ' {
				return nil, nil, false
			}
			return b[:i+1], b[min(len(b), i+2):], true
		}
	}
	return nil, nil, false
}

// elements writes the parameters of structured data as attributes ID.NAME. Ids of
// traces have no prefix.
func (d *Decoder) elements(b []byte) {
	for len(b) > 0 && b[0] == '[' {
		b = b[1:]
		end := bytes.IndexAny(b, " ]")
		if end < 0 {
			return
		}
		id := b[:end]
		b = b[end:]
		for len(b) > 0 && b[0] == ' ' {
			b = bytes.TrimLeft(b, " ")
			eq := bytes.IndexByte(b, '=')
			if eq < 0 || eq+1 >= len(b) || b[eq+1] != '"' {
				return
			}
			name := b[:eq:eq]
			var value []byte
			value, b = d.parameter(b[eq+2:])
			switch string(name) {
			case "trace_id", "span_id", "traceparent", "traceId", "spanId":
			default:
				full := d.sheet.Grab(len(id) + 1 + len(name))[:0]
				name = append(append(append(full, id...), '.'), name...)
			}
			d.fields.Metadata(name, value)
		}
		if len(b) > 0 && b[0] == ']' {
			b = b[1:]
		}
	}
}

// parameter reads a value up to its quote.
func (d *Decoder) parameter(b []byte) (value, rest []byte) {
	escaped := false
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			value, rest = b[:i:i], b[i+1:]
			if escaped {
				value = d.unescape(value)
			}
			return value, rest
		}
	}
	return b, nil
}

// unescape takes the backslash from before a quote, a bracket and itself.
func (d *Decoder) unescape(b []byte) []byte {
	to := d.sheet.Grab(len(b))[:0]
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+1 < len(b) && (b[i+1] == '"' || b[i+1] == ']' || b[i+1] == '\\') {
			i++
		}
		to = append(to, b[i])
	}
	return to
}

// text writes the text of a message. A mark of byte order is cut, line feeds and
// tabs that rsyslog wrote as #012 and #011 are put back, and JSON behind @cee: is taken apart.
func (d *Decoder) text(r *telemetry.LogRecord, b []byte) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if len(b) > 1 && b[0] == ' ' && b[1] > ' ' {
		b = b[1:] // rsyslog keeps the blank behind the tag of RFC 3164
	}
	if inner, ok := bytes.CutPrefix(bytes.TrimLeft(b, " "), []byte("@cee:")); ok {
		var c jsonscan.Cursor
		c.Reset(bytes.TrimLeft(inner, " "), nil)
		if raw := c.Raw(); c.Err() == nil && len(raw) > 0 && raw[0] == '{' {
			c.Reset(raw, d.sheet.Grabber())
			d.fields.Object(&c)
			d.fields.SetBody(raw)
			return
		}
	}
	if bytes.Contains(b, []byte("#01")) {
		b = d.unescapeControl(b)
	}
	d.fields.SetBody(b[:len(b):len(b)])
}

func (d *Decoder) unescapeControl(b []byte) []byte {
	to := d.sheet.Grab(len(b))[:0]
	for i := 0; i < len(b); i++ {
		if b[i] == '#' && i+3 < len(b) && b[i+1] == '0' && b[i+2] == '1' && (b[i+3] == '1' || b[i+3] == '2') {
			to = append(to, "\t\n"[b[i+3]-'1'])
			i += 3
			continue
		}
		to = append(to, b[i])
	}
	return to
}
