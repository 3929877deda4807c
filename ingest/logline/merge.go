package logline

import (
	"bytes"

	"github.com/tocsinhq/tocsin/telemetry"
)

// merged is an entry of the request that became a part of a record.
type merged struct{ entry, record int32 }

// lookBack is how many records before a line its stream is looked for: senders mix
// the lines of containers.
const lookBack = 64

// Join makes one record of each run of lines that are one stack trace of one stream,
// within the batch. It returns how many lines it joined to others. Severities must be known.
func Join(s *Sheet) (joined int) {
	if len(s.Records) < 2 {
		return 0
	}
	groups := s.groups[:0]
	kept, open := 0, 0 // open: index behind the last record inside a dump
	for i := range s.Records {
		r := &s.Records[i]
		if mayContinue(r.Body) || open > 0 && kept-open < lookBack {
			if at := lastOf(s.Records[:kept], r); at >= 0 && len(s.Records[at].Body)+1+len(r.Body) <= MaxJoined {
				if groups[at].Continues(r.Body) {
					s.extend(at, r)
					s.merged = append(s.merged, merged{s.numbers[i], int32(at)})
					if groups[at].inDump() {
						open = at + 1
					}
					joined++
					continue
				}
			}
		}
		g := Start(r.Body, r.Severity)
		if g.inDump() {
			open = kept + 1
		}
		groups = append(groups, g)
		if kept < i {
			s.Records[kept], s.Records[i] = s.Records[i], s.Records[kept]
			s.numbers[kept] = s.numbers[i]
		}
		kept++
	}
	s.groups = groups
	s.truncate(kept)
	return joined
}

// inDump reports whether lines may follow that do not look like it by themselves.
func (g *Group) inDump() bool {
	return g.last == shapeTraceback || g.last == shapeGoroutine || g.last == shapeRaised
}

// mayContinue reports whether a line may belong to the one before it, by its first bytes.
func mayContinue(line []byte) bool {
	if len(line) == 0 {
		return false
	}
	switch line[0] {
	case ' ', '\t', '}', ']', ')':
		return true
	case 'a':
		return isFrame(line)
	case 'C':
		if bytes.HasPrefix(line, []byte("Caused by:")) {
			return true
		}
	case 'S':
		if bytes.HasPrefix(line, []byte("Suppressed:")) {
			return true
		}
	case 'T':
		if bytes.HasPrefix(line, []byte("Traceback ")) {
			return true
		}
	case 'g':
		if bytes.HasPrefix(line, []byte("goroutine ")) {
			return true
		}
	case '{', '[', '<', '"', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return false
	}
	return isException(line)
}

// lastOf returns the last record of the stream of r among the latest, -1 if there is none.
func lastOf(records []telemetry.LogRecord, r *telemetry.LogRecord) int {
	for i := len(records) - 1; i >= max(0, len(records)-lookBack); i-- {
		if sameStream(&records[i], r) {
			return i
		}
	}
	return -1
}

func sameStream(a, b *telemetry.LogRecord) bool {
	if a.Service != b.Service || len(a.Stream) != len(b.Stream) {
		return false
	}
	for i := range a.Stream {
		if !bytes.Equal(a.Stream[i].Value, b.Stream[i].Value) || !bytes.Equal(a.Stream[i].Name, b.Stream[i].Name) {
			return false
		}
	}
	return true
}

// extend appends a line to the body of a record.
func (s *Sheet) extend(at int, line *telemetry.LogRecord) {
	r := &s.Records[at]
	need := len(r.Body) + 1 + len(line.Body)
	if n := len(s.growing) - 1; n < 0 || s.growing[n] != at || cap(r.Body) < need {
		body := make([]byte, len(r.Body), max(need, min(2*need, MaxJoined)))
		copy(body, r.Body)
		r.Body = body
		s.growing = append(s.growing, at)
	}
	r.Body = append(append(r.Body, '\n'), line.Body...)
	adopt(r, line)
}

// adopt takes from a line what the record that it joins does not know.
func adopt(r, line *telemetry.LogRecord) {
	if r.Severity == telemetry.SeverityUnknown {
		r.Severity = line.Severity
	}
	if r.TraceID == [16]byte{} {
		r.TraceID, r.SpanID = line.TraceID, line.SpanID
	}
}

// EntriesOf calls yield with each entry of the request that record i of the batch
// was made of.
func (s *Sheet) EntriesOf(i int, yield func(entry int)) {
	yield(int(s.numbers[i]))
	for _, m := range s.merged {
		if int(m.record) == i {
			yield(int(m.entry))
		}
	}
}
