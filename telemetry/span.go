package telemetry

// SpanKind is what a span stands for, by the numbers of OpenTelemetry.
type SpanKind uint8

// The kinds of spans.
const (
	SpanUnspecified SpanKind = iota
	SpanInternal             // work inside a service
	SpanServer               // a request that a service answers
	SpanClient               // a request that a service makes
	SpanProducer             // a message that is put into a queue
	SpanConsumer             // a message that is taken from one
)

var spanKinds = [...]string{"unspecified", "internal", "server", "client", "producer", "consumer"}

// String returns the kind in lower case, unspecified for numbers that are none.
func (k SpanKind) String() string {
	if int(k) >= len(spanKinds) {
		return spanKinds[0]
	}
	return spanKinds[k]
}

// Span is one step of the work that one request caused, as a sender gave it. All
// slices alias the request body and are valid only until the batch is reset.
type Span struct {
	TraceID  [16]byte
	SpanID   [8]byte
	ParentID [8]byte // zero: it is the root of its trace
	// Start and End are in nanoseconds since the Unix epoch; End is not before Start.
	Start, End int64
	Kind       SpanKind
	Failed     bool // its status is error
	// Service is service.name of the resource; never empty.
	Service []byte
	Name    []byte
	// Method and Route are the request method and the route's pattern of HTTP, if the
	// sender says them.
	Method, Route []byte
	// Host is the machine that the service runs on; empty if the sender does not say.
	Host []byte
	// System is the database or messaging system that a client, producer or consumer
	// uses, such as postgresql or kafka; Target is the database, topic or queue in it.
	// Messaging tells the two apart.
	System, Target []byte
	Messaging      bool
	// Peer is how a client calls the other side: peer.service, else the server's address.
	Peer []byte
}

// Duration returns the time the span took, in nanoseconds.
func (s *Span) Duration() int64 { return s.End - s.Start }

// SpanBatch is spans of one request, in the order of the body. The zero value is
// ready for use. It is owned by one goroutine; a sink must not keep any part of it.
type SpanBatch struct {
	Spans []Span
}

// Reset empties the batch and keeps its memory.
func (b *SpanBatch) Reset() { b.Spans = b.Spans[:0] }

// Next extends the batch by an empty span and returns it. The pointer is valid until
// the following call of Next.
func (b *SpanBatch) Next() *Span {
	b.Spans = append(b.Spans, Span{})
	return &b.Spans[len(b.Spans)-1]
}

// Reasons for which a span is refused.
const (
	ReasonSpanID   = "bad_span_id"   // a trace or span id of the wrong length, or all zero
	ReasonSpanTime = "bad_span_time" // no start, or an end before the start
	ReasonSpanOld  = "span_too_old"
	ReasonSpanNew  = "span_in_future"
)

// SpanResult says what became of a batch. Refused counts spans by reason, and is nil
// when all were taken; First is a sentence about the first of them.
type SpanResult struct {
	Taken   int
	Refused map[string]int
	First   string
}

// Refuse counts a span that is refused; text says why, with the value got.
func (r *SpanResult) Refuse(reason, text string) {
	if r.Refused == nil {
		r.Refused = make(map[string]int)
		r.First = text
	}
	r.Refused[reason]++
}

// RefusedTotal returns how many spans were refused.
func (r *SpanResult) RefusedTotal() int {
	n := 0
	for _, k := range r.Refused {
		n += k
	}
	return n
}
