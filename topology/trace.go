package topology

import (
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// held is a span that waits for the rest of its trace.
type held struct {
	id, parent uint64
	start, end int64
	service    *service
	other      *other // nil: it does not say whom it asks
	kind       telemetry.SpanKind
	entry      bool
	failed     bool
	answered   bool // a client whose server was found
}

// other is the other side of a client, producer or consumer, as its attributes tell.
type other struct {
	node string // a database, queue, or name of a service
	kind string // Uses or Calls
}

// trace is the spans of one trace that have come.
type trace struct {
	id          [16]byte
	spans       []held
	first, last int64 // ms; when the first and last of them came
	older       *trace
	newer       *trace
}

// holding is the traces that are waited for, in the order in which their last span came.
type holding struct {
	traces         map[[16]byte]*trace
	oldest, newest *trace
	spans          int
	others         map[string]*other
	free           []*trace
}

const (
	// maxTraceSpans is how many spans of one trace are held.
	maxTraceSpans = 20_000
	// maxTraceAge is how often SpansConfig.Wait a trace that goes on is waited for.
	maxTraceAge = 12
	maxOthers   = 10_000
	maxFree     = 1024
)

// hold keeps a span until its trace is complete.
func (s *Spans) hold(x *service, sp *telemetry.Span, now int64) {
	h := &s.held
	for h.spans >= s.config.MaxPending && h.oldest != nil {
		s.counts.early++
		s.finish(h.oldest)
	}
	t := h.traces[sp.TraceID]
	if t == nil {
		if n := len(h.free); n > 0 {
			t, h.free = h.free[n-1], h.free[:n-1]
		} else {
			t = &trace{}
		}
		t.id, t.first = sp.TraceID, now
		h.traces[sp.TraceID] = t
	} else {
		h.unlink(t)
	}
	t.last = now
	h.link(t)
	t.spans = append(t.spans, held{
		id: id(sp.SpanID), parent: id(sp.ParentID), start: sp.Start, end: sp.End,
		service: x, other: h.otherSide(sp), kind: sp.Kind, entry: entry(sp), failed: sp.Failed,
	})
	h.spans++
	if len(t.spans) >= maxTraceSpans {
		s.counts.early++
		s.finish(t)
	}
}

func (h *holding) link(t *trace) {
	t.older, t.newer = h.newest, nil
	if h.newest != nil {
		h.newest.newer = t
	} else {
		h.oldest = t
	}
	h.newest = t
}

func (h *holding) unlink(t *trace) {
	if t.older != nil {
		t.older.newer = t.newer
	} else {
		h.oldest = t.newer
	}
	if t.newer != nil {
		t.newer.older = t.older
	} else {
		h.newest = t.older
	}
}

// otherSide names the other side of a span, nil if nothing does. Databases and queues
// are called system:name, or by their system alone.
func (h *holding) otherSide(sp *telemetry.Span) *other {
	var name []byte
	kind := Calls
	switch {
	case len(sp.System) > 0:
		kind = Uses
		name = append(name, cut(sp.System)...)
		if len(sp.Target) > 0 {
			name = append(append(name, ':'), cut(sp.Target)...)
		} else if len(sp.Peer) > 0 && !sp.Messaging {
			name = append(append(name, ':'), cut(sp.Peer)...)
		}
	case len(sp.Peer) > 0:
		name = cut(sp.Peer)
	default:
		return nil
	}
	if o, ok := h.others[string(name)]; ok && o.kind == kind {
		return o
	}
	text := strings.ToValidUTF8(string(name), "\uFFFD")
	if kind == Calls && isAddress(text) {
		return nil
	}
	if h.others == nil || len(h.others) >= maxOthers {
		h.others = make(map[string]*other)
	}
	o := &other{node: text, kind: kind}
	h.others[text] = o
	return o
}

// due finishes the traces for which nothing came for long enough before now.
func (s *Spans) due(now time.Time) {
	wait := time.Duration(s.config.Wait).Milliseconds()
	ms := now.UnixMilli()
	for t := s.held.oldest; t != nil; t = s.held.oldest {
		if ms-t.last < wait {
			break
		}
		s.finish(t)
	}
	// A trace that goes on for ever is told in parts.
	for t := s.held.oldest; t != nil; {
		next := t.newer
		if ms-t.first >= maxTraceAge*wait {
			s.counts.early++
			s.finish(t)
		}
		t = next
	}
}

// finish works out what a trace tells and lets it go.
func (s *Spans) finish(t *trace) {
	h := &s.held
	s.counts.traces++
	s.read(t.spans)
	h.unlink(t)
	delete(h.traces, t.id)
	h.spans -= len(t.spans)
	if len(h.free) < maxFree && cap(t.spans) <= 256 {
		clear(t.spans)
		t.spans = t.spans[:0]
		t.older, t.newer = nil, nil
		h.free = append(h.free, t)
	}
}
