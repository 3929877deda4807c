package otlp

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxDepth is how deep values may stand inside each other. The decoders call
// themselves for each level and have no bound of their own: a body of 16 MB can
// nest deep enough to overflow the stack, which ends the process.
const maxDepth = 64

// kind is a message of the protocol as far as values inside values are concerned.
// Messages that cannot hold a value are left out.
type kind uint8

const (
	kindRequest kind = iota
	kindResourceMetrics
	kindResource
	kindScopeMetrics
	kindScope
	kindMetric
	kindData // gauge, sum, histogram, exponential histogram, summary
	kindNumberPoint
	kindHistogramPoint
	kindExponentialPoint
	kindSummaryPoint
	kindExemplar
	kindKeyValue
	kindValue
	kindArray
	kindList
	kinds
)

// within says which fields of a message hold which messages, by field number.
var within = [kinds]map[protowire.Number]kind{
	kindRequest:          {1: kindResourceMetrics},
	kindResourceMetrics:  {1: kindResource, 2: kindScopeMetrics, 1000: kindScopeMetrics}, // 1000: as old senders write it
	kindResource:         {1: kindKeyValue},
	kindScopeMetrics:     {1: kindScope, 2: kindMetric},
	kindScope:            {3: kindKeyValue},
	kindMetric:           {5: kindData, 7: kindData, 9: kindData, 10: kindData, 11: kindData, 12: kindKeyValue},
	kindNumberPoint:      {5: kindExemplar, 7: kindKeyValue},
	kindHistogramPoint:   {8: kindExemplar, 9: kindKeyValue},
	kindExponentialPoint: {1: kindKeyValue, 11: kindExemplar},
	kindSummaryPoint:     {7: kindKeyValue},
	kindExemplar:         {7: kindKeyValue},
	kindKeyValue:         {2: kindValue},
	kindValue:            {5: kindArray, 6: kindList},
	kindArray:            {1: kindValue},
	kindList:             {1: kindKeyValue},
}

// points says what the points of the data of a metric are, by the data's field.
var points = map[protowire.Number]kind{5: kindNumberPoint, 7: kindNumberPoint, 9: kindHistogramPoint, 10: kindExponentialPoint, 11: kindSummaryPoint}

// shallow walks an export request in protobuf and returns an error if it is
// malformed on the way or nests too deep. It allocates nothing.
func shallow(body []byte) error { return walk(body, 0, kindRequest, kinds, 0) }

// walk descends into one message, which begins at byte at of the body; data is
// what the points are if it is the data of a metric.
func walk(b []byte, at int, in, data kind, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("byte %d: attribute values nest deeper than %d levels", at, maxDepth)
	}
	for i := 0; i < len(b); {
		number, wire, n := protowire.ConsumeTag(b[i:])
		if n < 0 {
			return fmt.Errorf("byte %d: %w", at+i, protowire.ParseError(n))
		}
		i += n
		if wire != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, wire, b[i:]); n < 0 {
				return fmt.Errorf("byte %d: %w", at+i, protowire.ParseError(n))
			}
			i += n
			continue
		}
		v, n := protowire.ConsumeBytes(b[i:])
		if n < 0 {
			return fmt.Errorf("byte %d: %w", at+i, protowire.ParseError(n))
		}
		i += n
		sub, ok := within[in][number]
		if in == kindData && number == 1 {
			sub, ok = data, true
		}
		if !ok {
			continue
		}
		next := kinds
		if sub == kindData {
			next = points[number]
		}
		if err := walk(v, at+i-len(v), sub, next, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// shallowJSON returns an error if brackets of a JSON text nest too deep. It says
// nothing else about the text.
func shallowJSON(body []byte) error {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > 2*maxDepth {
				return fmt.Errorf("byte %d: brackets nest deeper than %d levels", i, 2*maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}
