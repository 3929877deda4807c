package topology

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Spans folds spans into figures of services and into a Graph as they come; no span is
// kept for longer than its trace is waited for.
//
//	span -> requests, errors and durations of its service and operation
//	     -> held by trace until nothing has come for SpansConfig.Wait
//	trace -> time of each request that the service itself took, calls between services
//	         with their duration as both sides see it, requests for each root
//	Step -> samples of all that, which the detector watches like any
//
// A span counts in the step in which it comes. Memory is bounded by SpansConfig, and
// what does not fit is counted. It is safe for concurrent use.
type Spans struct {
	mu       sync.Mutex
	config   SpansConfig
	graph    *Graph
	now      int64 // ms; of the last Step or TakeSpans
	services map[string]*service
	order    []*service // as they came
	links    map[linkKey]*link
	held     holding
	scratch  []byte
	index    map[uint64]int32 // of the trace at hand
	waits    []wait           // likewise
	roots    uint64           // of traces, in this step
	counts   counts
}

// counts are what came and what became of it.
type counts struct {
	taken, old, future     uint64
	folded                 uint64 // spans of services beyond the ceiling, counted under none
	otherOperation         uint64 // requests counted under "other"
	early                  uint64 // traces that were taken before their wait was over
	traces                 uint64
	clientsUnnamed         uint64 // clients without a server and without a name of one
	linksDropped, repeated uint64
}

// service is what is known of one service.
type service struct {
	key        string // its name as sent
	name       string
	host       string // the last one told
	seen       int64  // ms; when its last span came
	operations map[string]*operation
	raw        map[string]*operation // by the name as sent
	self       sketch                // of this step
	entries    uint64                // requests answered, in complete traces of this step
}

// operation is a group of requests that a service answers.
type operation struct {
	name   string
	ok     uint64
	failed uint64
	took   sketch
}

// OtherOperation is the operation of all that have no figures of their own.
const OtherOperation = "other"

// NewSpans returns an empty one over a graph, which it tells of every call it sees.
func NewSpans(c SpansConfig, g *Graph) *Spans {
	s := &Spans{config: c, graph: g, services: make(map[string]*service), links: make(map[linkKey]*link), index: make(map[uint64]int32)}
	s.held.traces = make(map[[16]byte]*trace)
	return s
}

// futureSlack is by how much the clocks of senders may be ahead.
const futureSlack = 5 * time.Minute

// Take folds the spans of a batch that came at now.
func (s *Spans) Take(b *telemetry.SpanBatch, r *telemetry.SpanResult, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ms := now.UnixMilli()
	s.now = max(s.now, ms)
	oldest, newest := now.Add(-time.Duration(s.config.MaxLate)).UnixNano(), now.Add(futureSlack).UnixNano()
	var last *service
	for i := range b.Spans {
		sp := &b.Spans[i]
		switch {
		case sp.End < oldest:
			s.counts.old++
			r.Refuse(telemetry.ReasonSpanOld, fmt.Sprintf("span %.100q of service %.100q ended at %s, longer ago than topology.spans.max_late of %s", sp.Name, sp.Service, stamp(sp.End), s.config.MaxLate))
			continue
		case sp.End > newest:
			s.counts.future++
			r.Refuse(telemetry.ReasonSpanNew, fmt.Sprintf("span %.100q of service %.100q ends at %s, which is more than %s from now; set the clock of the sender", sp.Name, sp.Service, stamp(sp.End), futureSlack))
			continue
		}
		r.Taken++
		s.counts.taken++
		if last == nil || last.key != string(sp.Service) {
			last = s.service(sp.Service)
		}
		if last == nil {
			s.counts.folded++
			continue
		}
		last.seen = ms
		last.place(sp, s.graph, now)
		if entry(sp) {
			s.request(last, sp)
		}
		s.hold(last, sp, ms)
	}
}

func stamp(nanos int64) string { return time.Unix(0, nanos).UTC().Format(time.RFC3339Nano) }

// maxName bounds the bytes of a name that is kept.
const maxName = 200

func cut(b []byte) []byte { return b[:min(len(b), maxName)] }

// service returns what is known of a service, nil if there are too many.
func (s *Spans) service(name []byte) *service {
	if x, ok := s.services[string(name)]; ok {
		return x
	}
	name = cut(name)
	if x, ok := s.services[string(name)]; ok {
		return x
	}
	if len(s.services) >= s.config.MaxServices {
		return nil
	}
	x := &service{key: string(name), name: strings.ToValidUTF8(string(name), "\uFFFD"), operations: make(map[string]*operation), raw: make(map[string]*operation)}
	s.services[x.key] = x
	s.order = append(s.order, x)
	return x
}

// place notes on which machine a service runs.
func (x *service) place(sp *telemetry.Span, g *Graph, now time.Time) {
	if len(sp.Host) == 0 || x.host == string(sp.Host) {
		return
	}
	x.host = string(cut(sp.Host))
	g.note(x.name, x.host, RunsOn, bySpans, 1, now)
}

// entry reports whether a span is a request that its service answers: a server or
// consumer, or work that nobody asked for.
func entry(sp *telemetry.Span) bool {
	switch sp.Kind {
	case telemetry.SpanServer, telemetry.SpanConsumer:
		return true
	case telemetry.SpanInternal, telemetry.SpanUnspecified:
		return sp.ParentID == [8]byte{}
	}
	return false
}

// request counts a request under its operation.
func (s *Spans) request(x *service, sp *telemetry.Span) {
	o := s.operation(x, sp)
	if sp.Failed {
		o.failed++
	} else {
		o.ok++
	}
	o.took.add(float64(sp.Duration()) / 1e9)
}

// operation finds the group of a request.
func (s *Spans) operation(x *service, sp *telemetry.Span) *operation {
	raw := append(s.scratch[:0], cut(sp.Name)...)
	if len(sp.Route) > 0 {
		raw = append(append(append(raw[:0], cut(sp.Method)...), ' '), cut(sp.Route)...)
	}
	s.scratch = raw
	if o, ok := x.raw[string(raw)]; ok {
		if o.name == OtherOperation {
			s.counts.otherOperation++
		}
		return o
	}
	name := Group(string(raw))
	o, ok := x.operations[name]
	if !ok {
		if len(x.operations) >= s.config.MaxOperations {
			name = OtherOperation
			s.counts.otherOperation++
			o = x.operations[name]
		}
		if o == nil {
			o = &operation{name: name}
			x.operations[name] = o
		}
	}
	if len(x.raw) >= 4*s.config.MaxOperations {
		clear(x.raw) // names that are all different must not add up
	}
	x.raw[string(raw)] = o
	return o
}

// id is a span's own number within its trace.
func id(b [8]byte) uint64 { return binary.BigEndian.Uint64(b[:]) }
