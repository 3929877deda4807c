package syslog

import (
	"bytes"
	"time"

	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/telemetry"
)

// rfc3164 reads what follows the priority and reports whether a host is named. All of
// it is optional, as the RFC describes what was found in the wild.
func (d *Decoder) rfc3164(r *telemetry.LogRecord, b []byte, now time.Time) (host bool) {
	rest := b
	if at, after, ok := stamp(b, now, d.Location); ok {
		r.Time, rest = at, after
	} else if word, after, ok := token(b); ok && len(word) >= 19 {
		// rsyslog forwards with the time of RFC 3339.
		if ns, ok := logline.ParseTime(word); ok {
			r.Time, rest = ns, after
		}
	}
	if r.Time == 0 {
		name, process, message, ok := tag(b)
		if ok {
			d.header(nil, name, process)
			b = message
		}
		d.text(r, b)
		return false
	}
	// Programs on the same machine leave the host out.
	if name, process, message, ok := tag(rest); ok {
		d.header(nil, name, process)
		d.text(r, message)
		return false
	}
	word, after, ok := token(rest)
	if !ok || len(word) > maxHost {
		d.text(r, rest)
		return false
	}
	name, process, message, ok := tag(after)
	if !ok {
		message = after
	}
	d.header(word, name, process)
	d.text(r, message)
	return len(word) > 0
}

// tag reads PROGRAM[PROCESS]: or PROGRAM: at the start of a message.
func tag(b []byte) (name, process, message []byte, ok bool) {
	i := 0
	for i < len(b) && i <= maxApp && b[i] > ' ' && b[i] != ':' && b[i] != '[' && b[i] < 0x7f {
		i++
	}
	if i == 0 || i >= len(b) || i > maxApp {
		return nil, nil, b, false
	}
	name = b[:i:i]
	if b[i] == '[' {
		end := bytes.IndexByte(b[i:], ']')
		if end < 0 || end > maxApp {
			return nil, nil, b, false
		}
		process = b[i+1 : i+end : i+end]
		i += end + 1
	}
	if i >= len(b) || b[i] != ':' {
		return nil, nil, b, false
	}
	message = b[i+1:]
	if len(message) > 0 && message[0] != ' ' && process == nil {
		return nil, nil, b, false // such as http://x
	}
	return name, process, bytes.TrimPrefix(message, []byte(" ")), true
}

var months = map[[3]byte]time.Month{
	{'J', 'a', 'n'}: 1, {'F', 'e', 'b'}: 2, {'M', 'a', 'r'}: 3, {'A', 'p', 'r'}: 4, {'M', 'a', 'y'}: 5, {'J', 'u', 'n'}: 6,
	{'J', 'u', 'l'}: 7, {'A', 'u', 'g'}: 8, {'S', 'e', 'p'}: 9, {'O', 'c', 't'}: 10, {'N', 'o', 'v'}: 11, {'D', 'e', 'c'}: 12,
}

// stamp reads "Oct 11 22:14:15" and what follows it. The year is the last
// in which it is past; network gear may put a fraction behind the seconds, and a star in front.
func stamp(b []byte, now time.Time, loc *time.Location) (ns int64, rest []byte, ok bool) {
	b = bytes.TrimPrefix(b, []byte("*"))
	if len(b) < 15 {
		return 0, b, false
	}
	month, ok := months[[3]byte(b[:3])]
	if !ok || b[3] != ' ' || b[6] != ' ' || b[9] != ':' || b[12] != ':' {
		return 0, b, false
	}
	day, ok1 := two(b[4], b[5])
	hour, ok2 := two(b[7], b[8])
	minute, ok3 := two(b[10], b[11])
	second, ok4 := two(b[13], b[14])
	if !ok1 || !ok2 || !ok3 || !ok4 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 {
		return 0, b, false
	}
	rest = b[15:]
	nanos := 0
	if len(rest) > 1 && rest[0] == '.' && rest[1] >= '0' && rest[1] <= '9' {
		i, unit := 1, 100_000_000
		for ; i < len(rest) && rest[i] >= '0' && rest[i] <= '9'; i++ {
			nanos += int(rest[i]-'0') * unit
			unit /= 10
		}
		rest = rest[i:]
	}
	rest = bytes.TrimPrefix(rest, []byte(":"))
	if len(rest) > 0 && rest[0] != ' ' {
		return 0, b, false
	}
	at, ok := latest(month, day, hour, minute, second, nanos, now, loc)
	return at.UnixNano(), bytes.TrimPrefix(rest, []byte(" ")), ok
}

// two reads two digits, of which the first may be a blank.
func two(a, b byte) (int, bool) {
	if a == ' ' {
		a = '0'
	}
	return int(a-'0')*10 + int(b-'0'), a >= '0' && a <= '9' && b >= '0' && b <= '9'
}

// ahead is how far the clock of a sender may go before ours when its year is guessed.
const ahead = 7 * 24 * time.Hour

// latest returns the time of the last year that has the day and does not lie in the
// future: 29 February is that of a leap year.
func latest(month time.Month, day, hour, minute, second, nanos int, now time.Time, loc *time.Location) (time.Time, bool) {
	now = now.In(loc)
	for year := now.Year() + 1; year > now.Year()-9; year-- {
		t := time.Date(year, month, day, hour, minute, min(second, 59), nanos, loc)
		if t.Day() == day && t.Sub(now) <= ahead {
			return t, true
		}
	}
	return time.Time{}, false
}
