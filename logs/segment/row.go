package segment

import (
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/logs/wire"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Bounds of one block, which every decoder relies on.
const (
	MaxRows      = 1 << 16
	MaxBlockText = 64 << 20 // bytes of one section before compression
	MaxSpans     = 256      // variables of one record
)

// ErrCorrupt is wrapped by errors about bytes that no encoder wrote.
var ErrCorrupt = wire.ErrCorrupt

// Span is where a variable stands in a body: [Start, End).
type Span struct{ Start, End int32 }

// Label is one name and value of a stream.
type Label struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Stream is what wrote a record: a service and the labels of the writer, sorted by
// name and without repeats.
type Stream struct {
	Service string
	Labels  []Label
}

// Get returns the value of a label, of "service_name" the service.
func (s *Stream) Get(name string) (string, bool) {
	if name == ServiceLabel {
		return s.Service, s.Service != ""
	}
	i, ok := slices.BinarySearchFunc(s.Labels, name, func(l Label, name string) int { return strings.Compare(l.Name, name) })
	if !ok {
		return "", false
	}
	return s.Labels[i].Value, true
}

// ServiceLabel is the label under which a stream's service shows in queries.
const ServiceLabel = "service_name"

// Key returns text that two streams share if and only if they are equal.
func (s *Stream) Key() string {
	return string(AppendStream(nil, s))
}

// Row is a record on its way into a block. The encoder keeps no part of it.
type Row struct {
	Time     int64 // nanoseconds since the Unix epoch
	Severity telemetry.Severity
	Stream   uint32 // index of the stream in the list given with the rows
	Trace    [16]byte
	SpanID   [8]byte
	Template uint64
	// Spans are the variables in Body, ascending and apart from each other.
	Spans      []Span
	Attributes []telemetry.Pair
	Body       []byte
}

// validSpans says whether spans can be cut out of a body of n bytes.
func validSpans(spans []Span, n int) bool {
	if len(spans) > MaxSpans {
		return false
	}
	at := int32(0)
	for _, s := range spans {
		if s.Start < at || s.End < s.Start || int(s.End) > n {
			return false
		}
		at = s.End
	}
	return true
}

// AppendStream appends a stream, for ReadStream.
func AppendStream(b []byte, s *Stream) []byte {
	b = wire.AppendBytes(b, s.Service)
	b = wire.AppendUvarint(b, uint64(len(s.Labels)))
	for _, l := range s.Labels {
		b = wire.AppendBytes(wire.AppendBytes(b, l.Name), l.Value)
	}
	return b
}

// ReadStream reads what AppendStream wrote.
func ReadStream(r *wire.Reader) Stream {
	s := Stream{Service: r.Text()}
	s.Labels = make([]Label, r.Count("labels", MaxRows, 2))
	for l := range s.Labels {
		s.Labels[l] = Label{Name: r.Text(), Value: r.Text()}
	}
	return s
}
