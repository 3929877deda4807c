package logline

import (
	"cmp"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Bounds of what a Joiner holds back.
const (
	holdFor     = time.Second
	maxHeld     = 4096
	maxHeldSize = 16 << 20
)

// Joiner joins the lines of stack traces over batches: it holds the last record of
// each stream back until another begins or a second has gone by. It serves ways in
// that acknowledge nothing, such as syslog. It is safe for concurrent use.
type Joiner struct {
	mu   sync.Mutex
	seed maphash.Seed
	open map[uint64]*held
	size int // bytes of bodies
	next uint64
}

// held is a record in memory of its own.
type held struct {
	record telemetry.LogRecord
	group  Group
	since  time.Time // when its last line arrived
	number uint64    // of those that were held, in the order in which they came
}

// inOrder brings records into the order in which their first lines came.
func inOrder(all []*held) []*held {
	slices.SortFunc(all, func(a, b *held) int { return cmp.Compare(a.number, b.number) })
	return all
}

// NewJoiner returns a joiner that holds nothing.
func NewJoiner() *Joiner {
	return &Joiner{seed: maphash.MakeSeed(), open: make(map[uint64]*held)}
}

// Take joins the records of a sheet that arrived at a time with those that are held,
// and leaves on the sheet what is whole. It returns how many lines it joined to others.
func (j *Joiner) Take(s *Sheet, arrival time.Time) (joined int) {
	joined = Join(s)
	j.mu.Lock()
	defer j.mu.Unlock()
	last := make(map[uint64]int, 8)
	keys := make([]uint64, len(s.Records))
	for i := range s.Records {
		keys[i] = j.key(&s.Records[i])
		last[keys[i]] = i
	}
	kept := 0
	var ready []*held
	n := len(s.Records)
	for i := range n {
		r := &s.Records[i]
		h := j.open[keys[i]]
		switch {
		case h != nil && len(h.record.Body)+1+len(r.Body) <= MaxJoined && h.group.Continues(firstLine(r.Body)):
			h.record.Body = append(append(h.record.Body, '\n'), r.Body...)
			adopt(&h.record, r)
			h.since = arrival
			j.size += 1 + len(r.Body)
			joined++
			continue
		case h != nil:
			ready = append(ready, h)
			j.drop(keys[i], h)
		}
		if last[keys[i]] == i && len(r.Body) < MaxJoined {
			j.hold(keys[i], r, arrival)
			continue
		}
		s.Records[kept], s.Records[i] = s.Records[i], s.Records[kept]
		kept++
	}
	s.truncate(kept)
	if len(j.open) > maxHeld || j.size > maxHeldSize {
		ready = append(ready, j.all()...)
	}
	s.adopt(ready)
	return joined
}

// firstLine returns the part that decides whether a record continues another.
func firstLine(b []byte) []byte {
	for i, c := range b {
		if c == '\n' {
			return b[:i]
		}
	}
	return b
}

// Due adds to the sheet what has been held for a second at now, or everything if
// all is set.
func (j *Joiner) Due(s *Sheet, now time.Time, all bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if all {
		s.adopt(j.all())
		return
	}
	var ready []*held
	for key, h := range j.open {
		if now.Sub(h.since) >= holdFor {
			ready = append(ready, h)
			j.drop(key, h)
		}
	}
	s.adopt(inOrder(ready))
}

func (j *Joiner) all() []*held {
	ready := make([]*held, 0, len(j.open))
	for key, h := range j.open {
		ready = append(ready, h)
		j.drop(key, h)
	}
	return inOrder(ready)
}

func (j *Joiner) drop(key uint64, h *held) {
	j.size -= len(h.record.Body)
	delete(j.open, key)
}

// hold keeps a copy of a record.
func (j *Joiner) hold(key uint64, r *telemetry.LogRecord, arrival time.Time) {
	h := &held{record: *r, group: Start(r.Body, r.Severity), since: arrival, number: j.next}
	j.next++
	size := len(r.Body) + len(r.Template)
	for _, pairs := range [2][]telemetry.Pair{r.Stream, r.Attributes} {
		for _, p := range pairs {
			size += len(p.Name) + len(p.Value)
		}
	}
	memory := make([]byte, 0, size)
	own := func(b []byte) []byte {
		at := len(memory)
		memory = append(memory, b...)
		return memory[at:len(memory):len(memory)]
	}
	pairs := make([]telemetry.Pair, 0, len(r.Stream)+len(r.Attributes))
	for _, from := range [2][]telemetry.Pair{r.Stream, r.Attributes} {
		for _, p := range from {
			pairs = append(pairs, telemetry.Pair{Name: own(p.Name), Value: own(p.Value)})
		}
	}
	h.record.Stream, h.record.Attributes = pairs[:len(r.Stream):len(r.Stream)], pairs[len(r.Stream):]
	h.record.Template = own(r.Template)
	h.record.Body = own(r.Body)
	j.size += len(r.Body)
	j.open[key] = h
}

// key tells streams apart.
func (j *Joiner) key(r *telemetry.LogRecord) uint64 {
	var h maphash.Hash
	h.SetSeed(j.seed)
	h.WriteString(r.Service) //nolint:errcheck // never fails
	for _, p := range r.Stream {
		h.WriteByte(0)   //nolint:errcheck // as above
		h.Write(p.Name)  //nolint:errcheck // as above
		h.WriteByte('=') //nolint:errcheck // as above
		h.Write(p.Value) //nolint:errcheck // as above
	}
	return h.Sum64()
}

// truncate takes all records from n on from the batch.
func (s *Sheet) truncate(n int) {
	for i := n; i < len(s.Records); i++ {
		r := &s.Records[i]
		clear(r.Stream)
		clear(r.Attributes)
		*r = telemetry.LogRecord{Stream: r.Stream[:0], Attributes: r.Attributes[:0]}
	}
	s.Records, s.numbers = s.Records[:n], s.numbers[:min(n, len(s.numbers))]
}

// adopt adds records that own their memory.
func (s *Sheet) adopt(ready []*held) {
	for _, h := range ready {
		r := s.Begin()
		stream, attributes := append(r.Stream, h.record.Stream...), append(r.Attributes, h.record.Attributes...)
		*r = h.record
		r.Stream, r.Attributes = stream, attributes
		s.begun = false
	}
}
