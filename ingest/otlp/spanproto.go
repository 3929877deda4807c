package otlp

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tocsinhq/tocsin/telemetry"
)

// spansAtOnce is how many spans are decoded before they are handed on, so that the
// memory of a request does not grow with its spans.
const spansAtOnce = 1024

// spanDecoder reads the spans of an export.
type spanDecoder struct {
	batch  *telemetry.SpanBatch
	result *telemetry.SpanResult
	flush  func()

	// Of the resource at hand.
	service, host, node []byte
}

// DecodeSpans reads an ExportTraceServiceRequest in protobuf, writes its spans into
// the batch and calls flush whenever that is full and at the end; flush must empty it.
// Spans with a fault in them are refused in the result and cost no other. An error says
// where the body is malformed; the spans before that were handed on. Attributes are read
// only as far as they are needed, and what nests in their values is not looked at, so
// that neither depth nor number of them costs memory.
func DecodeSpans(body []byte, b *telemetry.SpanBatch, r *telemetry.SpanResult, flush func()) error {
	d := spanDecoder{batch: b, result: r, flush: flush}
	err := each(body, func(x field) error {
		if x.number != 1 || x.bytes == nil {
			return nil
		}
		return d.resourceSpans(x.bytes)
	})
	if len(b.Spans) > 0 {
		flush()
	}
	return err
}

// resourceSpans reads the spans of one resource, which may stand behind them.
func (d *spanDecoder) resourceSpans(b []byte) error {
	d.service, d.host, d.node = nil, nil, nil
	if err := each(b, func(x field) error {
		if x.number != 1 {
			return nil
		}
		return each(x.bytes, func(x field) error {
			if x.number != 1 {
				return nil
			}
			return textAttribute(x.bytes, d.resource)
		})
	}); err != nil {
		return err
	}
	if len(d.service) == 0 {
		d.service = []byte(unknownService)
	}
	if len(d.node) > 0 {
		d.host = d.node // the host of a container is often the name of its pod
	}
	return each(b, func(x field) error {
		if x.number != 2 && x.number != 1000 { // 1000: as old senders write it
			return nil
		}
		return each(x.bytes, func(x field) error {
			if x.number != 2 {
				return nil
			}
			return d.span(x.bytes)
		})
	})
}

func (d *spanDecoder) resource(name, value []byte) {
	switch string(name) {
	case serviceName:
		d.service = value
	case "host.name":
		d.host = value
	case "k8s.node.name":
		d.node = value
	}
}

// span reads one span.
func (d *spanDecoder) span(b []byte) error {
	s := d.batch.Next()
	s.Service, s.Host = d.service, d.host
	trace, id, parent := 0, 0, 0
	var p otherSide
	err := each(b, func(x field) error {
		switch x.number {
		case 1:
			trace = copy(s.TraceID[:], x.bytes) + max(0, len(x.bytes)-16)
		case 2:
			id = copy(s.SpanID[:], x.bytes) + max(0, len(x.bytes)-8)
		case 4:
			parent = copy(s.ParentID[:], x.bytes) + max(0, len(x.bytes)-8)
		case 5:
			s.Name = x.bytes
		case 6:
			if x.value <= uint64(telemetry.SpanConsumer) {
				s.Kind = telemetry.SpanKind(x.value)
			}
		case 7:
			s.Start = int64(min(x.value, math.MaxInt64))
		case 8:
			s.End = int64(min(x.value, math.MaxInt64))
		case 9:
			return textAttribute(x.bytes, func(name, value []byte) { p.attribute(s, name, value) })
		case 15:
			return each(x.bytes, func(x field) error {
				if x.number == 3 {
					s.Failed = x.value == 2
				}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		d.batch.Spans = d.batch.Spans[:len(d.batch.Spans)-1]
		return err
	}
	p.settle(s)
	if reason, text := wrongSpan(s, trace, id, parent); reason != "" {
		d.result.Refuse(reason, text)
		d.batch.Spans = d.batch.Spans[:len(d.batch.Spans)-1]
		return nil
	}
	if len(d.batch.Spans) >= spansAtOnce {
		d.flush()
	}
	return nil
}

// wrongSpan says why a span cannot be used, if so. The numbers are the lengths of its
// ids as sent.
func wrongSpan(s *telemetry.Span, trace, id, parent int) (reason, text string) {
	switch {
	case trace != 16 || s.TraceID == [16]byte{}:
		return telemetry.ReasonSpanID, fmt.Sprintf("span %s of service %s: want a trace id of 16 bytes that are not all zero, got %d bytes", quoted(string(s.Name)), quoted(string(s.Service)), trace)
	case id != 8 || s.SpanID == [8]byte{}:
		return telemetry.ReasonSpanID, fmt.Sprintf("span %s of service %s: want a span id of 8 bytes that are not all zero, got %d bytes", quoted(string(s.Name)), quoted(string(s.Service)), id)
	case parent != 8 && parent != 0:
		return telemetry.ReasonSpanID, fmt.Sprintf("span %s of service %s: want a parent id of 8 bytes or none, got %d bytes", quoted(string(s.Name)), quoted(string(s.Service)), parent)
	case s.Start <= 0 || s.End < s.Start:
		return telemetry.ReasonSpanTime, fmt.Sprintf("span %s of service %s: want a start and an end that is not before it, got %d and %d", quoted(string(s.Name)), quoted(string(s.Service)), s.Start, s.End)
	}
	return "", ""
}

// otherSide gathers what the attributes of a span say of the other side. The names are
// those of the semantic conventions, present and past.
type otherSide struct {
	dbSystem, dbName, msgSystem, msgTarget []byte
	service, address                       []byte
}

func (p *otherSide) attribute(s *telemetry.Span, name, value []byte) {
	switch string(name) {
	case "http.request.method", "http.method":
		s.Method = value
	case "http.route":
		s.Route = value
	case "db.system.name", "db.system":
		p.dbSystem = value
	case "db.namespace", "db.name":
		p.dbName = value
	case "messaging.system":
		p.msgSystem = value
	case "messaging.destination.name", "messaging.destination":
		p.msgTarget = value
	case "peer.service":
		p.service = value
	case "server.address", "net.peer.name":
		p.address = value
	}
}

// settle says what the other side is. A server's own address is no other side.
func (p *otherSide) settle(s *telemetry.Span) {
	outward := s.Kind == telemetry.SpanClient || s.Kind == telemetry.SpanProducer || s.Kind == telemetry.SpanConsumer
	if !outward {
		return
	}
	switch {
	case len(p.msgSystem) > 0:
		s.System, s.Target, s.Messaging = p.msgSystem, p.msgTarget, true
	case len(p.dbSystem) > 0:
		s.System, s.Target = p.dbSystem, p.dbName
	}
	switch {
	case len(p.service) > 0:
		s.Peer = p.service
	case s.Kind == telemetry.SpanClient:
		s.Peer = p.address
	}
}

// textAttribute reads a KeyValue and hands on its name and value if that is a text
// that is not empty.
func textAttribute(b []byte, to func(name, value []byte)) error {
	var name, value []byte
	err := each(b, func(x field) error {
		switch x.number {
		case 1:
			name = x.bytes
		case 2:
			for at := 0; at < len(x.bytes); {
				number, wire, n := protowire.ConsumeTag(x.bytes[at:])
				if n < 0 {
					return fmt.Errorf("value of attribute %.40q: %w", name, protowire.ParseError(n))
				}
				at += n
				if number == 1 && wire == protowire.BytesType {
					if value, n = protowire.ConsumeBytes(x.bytes[at:]); n < 0 {
						return fmt.Errorf("value of attribute %.40q: %w", name, protowire.ParseError(n))
					}
					return nil
				}
				if n = protowire.ConsumeFieldValue(number, wire, x.bytes[at:]); n < 0 {
					return fmt.Errorf("value of attribute %.40q: %w", name, protowire.ParseError(n))
				}
				at += n
			}
		}
		return nil
	})
	if err == nil && len(value) > 0 {
		to(name, value)
	}
	return err
}
