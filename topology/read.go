package topology

import (
	"cmp"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// linkKey is who asks whom.
type linkKey struct{ client, server, kind string }

// link is the calls of one edge.
type link struct {
	ok, failed uint64
	client     sketch // duration as the client sees it, of this step
	server     sketch // and as the server does; empty if it sends no spans
	gap        sketch // by how much each call took longer for the client
	seen       uint64 // calls since the graph was told
	last       int64  // ms; when it was last seen
}

// maxDepth bounds the way from a span up to the request that it is part of; parents
// that go in a circle end there.
const maxDepth = 64

// wait is a time for which a request waited for another side.
type wait struct {
	entry      int32
	start, end int64
}

// read works out what the spans of a trace tell. Its cost is linear in their number
// but for the sort of the waits.
//
// The self time of a request is its duration without the time in which at least one of
// the calls that its service made for it was under way, whatever service spans lie
// between: one that only computes has a self time of its whole duration.
func (s *Spans) read(spans []held) {
	at := s.index
	clear(at)
	for i := range spans {
		if _, again := at[spans[i].id]; again {
			s.counts.repeated++ // sent twice, or ids that are not random
			continue
		}
		at[spans[i].id] = int32(i)
	}
	parent := func(i int32) int32 {
		if p, ok := at[spans[i].parent]; ok && p != i && spans[i].parent != 0 {
			return p
		}
		return -1
	}
	waits := s.waits[:0]
	for i := range spans {
		sp := &spans[i]
		p := parent(int32(i))
		if sp.parent == 0 {
			s.roots++
		}
		if sp.entry {
			sp.service.entries++
		}
		switch {
		case p < 0:
		case spans[p].service != sp.service:
			s.called(&spans[p], sp)
		case sp.entry && spans[p].kind == telemetry.SpanClient:
			spans[p].answered = true // by the service itself, which is no edge
		}
		outward := sp.kind == telemetry.SpanClient || sp.kind == telemetry.SpanProducer
		if p < 0 || !outward && spans[p].service == sp.service {
			continue
		}
		if e := owner(spans, parent, p); e >= 0 {
			waits = append(waits, wait{e, max(sp.start, spans[e].start), min(sp.end, spans[e].end)})
		}
	}
	for i := range spans {
		s.asked(&spans[i])
	}
	selfTimes(spans, waits)
	s.waits = waits
	if len(at) > maxKept { // to empty a map costs what it once held
		s.index, s.waits = make(map[uint64]int32), nil
	}
}

// maxKept is the size of a trace whose memory is used again.
const maxKept = 1024

// owner returns the request that a span's parent is part of, -1 if it is not there or
// the parent waits itself.
func owner(spans []held, parent func(int32) int32, p int32) int32 {
	service := spans[p].service
	for range maxDepth {
		switch {
		case p < 0 || spans[p].service != service:
			return -1
		case spans[p].entry:
			return p
		case spans[p].kind == telemetry.SpanClient || spans[p].kind == telemetry.SpanProducer:
			return -1
		}
		p = parent(p)
	}
	return -1
}

// selfTimes counts the self time of every request.
func selfTimes(spans []held, waits []wait) {
	slices.SortFunc(waits, func(a, b wait) int {
		return cmp.Or(cmp.Compare(a.entry, b.entry), cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	k := 0
	for i := range spans {
		if !spans[i].entry {
			continue
		}
		self, until := spans[i].end-spans[i].start, spans[i].start
		for ; k < len(waits) && int(waits[k].entry) < i; k++ {
		}
		for ; k < len(waits) && int(waits[k].entry) == i; k++ {
			if from := max(waits[k].start, until); waits[k].end > from {
				self -= waits[k].end - from
				until = waits[k].end
			}
		}
		spans[i].service.self.add(float64(self) / 1e9)
	}
}

// called counts a call between two services of which the called one sent its span.
func (s *Spans) called(from, to *held) {
	switch {
	case from.kind == telemetry.SpanProducer && from.other != nil && from.other.kind == Uses:
		return // the queue between them is what both use
	case to.kind == telemetry.SpanClient || to.kind == telemetry.SpanProducer:
		return
	}
	l := s.link(linkKey{from.service.name, to.service.name, Calls})
	if l == nil {
		return
	}
	from.answered = true
	l.count(from.failed && from.kind == telemetry.SpanClient || to.failed)
	if from.kind != telemetry.SpanClient || !to.entry {
		return
	}
	l.client.add(float64(from.end-from.start) / 1e9)
	l.server.add(float64(to.end-to.start) / 1e9)
	l.gap.add(float64((from.end-from.start)-(to.end-to.start)) / 1e9)
	if from.other != nil && from.other.kind == Calls && s.services[from.other.node] == nil {
		s.graph.learn(from.other.node, to.service.name)
	}
}

// asked counts a client, producer or consumer whose other side sends no spans.
func (s *Spans) asked(sp *held) {
	switch {
	case sp.kind != telemetry.SpanClient && sp.kind != telemetry.SpanProducer && sp.kind != telemetry.SpanConsumer, sp.answered:
		return
	case sp.other == nil:
		if sp.kind == telemetry.SpanClient {
			s.counts.clientsUnnamed++
		}
		return
	case sp.kind == telemetry.SpanConsumer && sp.other.kind != Uses:
		return
	}
	node := sp.other.node
	if sp.other.kind == Calls {
		if node = s.graph.Resolve(node); node == sp.service.name {
			return
		}
	}
	l := s.link(linkKey{sp.service.name, node, sp.other.kind})
	if l == nil {
		return
	}
	l.count(sp.failed)
	if sp.kind != telemetry.SpanConsumer {
		l.client.add(float64(sp.end-sp.start) / 1e9)
	}
}

func (s *Spans) link(key linkKey) *link {
	l := s.links[key]
	if l == nil {
		if len(s.links) >= s.graph.config.MaxEdges {
			s.counts.linksDropped++
			return nil
		}
		l = &link{}
		s.links[key] = l
	}
	if l.seen == 0 { // once a step is enough for the time; the count follows with Step
		s.graph.note(key.client, key.server, key.kind, bySpans, 0, time.UnixMilli(s.now))
	}
	l.seen++
	l.last = s.now
	return l
}

func (l *link) count(failed bool) {
	if failed {
		l.failed++
	} else {
		l.ok++
	}
}
