package otlp

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxDepth is how deep values may stand inside each other. The decoders call
// themselves for each level and have no bound of their own: a body of 16 MB can
// nest deep enough to overflow the stack, which ends the process.
const maxDepth = 64

// maxEntries is how many messages one export may have: points, attributes, values,
// exemplars. One can be two bytes in the body and takes some hundred in memory, so
// the limit on bytes does not bound them.
const maxEntries = 1_000_000

// entryBytes is what an entry takes in memory, about, when it is decoded.
const entryBytes = 128

// errTooManyEntries is the error of more entries than that.
var errTooManyEntries = fmt.Errorf("more than %d points, attributes and values in one export; send them in smaller ones", maxEntries)

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
	kindEntity
	kindBuckets
	kindLeaf // holds nothing that counts
	kinds
)

// within says which fields of a message hold which messages, by field number.
var within = [kinds]map[protowire.Number]kind{
	kindRequest:          {1: kindResourceMetrics},
	kindResourceMetrics:  {1: kindResource, 2: kindScopeMetrics, 1000: kindScopeMetrics}, // 1000: as old senders write it
	kindResource:         {1: kindKeyValue, 3: kindEntity},
	kindScopeMetrics:     {1: kindScope, 2: kindMetric},
	kindScope:            {3: kindKeyValue},
	kindMetric:           {5: kindData, 7: kindData, 9: kindData, 10: kindData, 11: kindData, 12: kindKeyValue},
	kindNumberPoint:      {5: kindExemplar, 7: kindKeyValue},
	kindHistogramPoint:   {8: kindExemplar, 9: kindKeyValue},
	kindExponentialPoint: {1: kindKeyValue, 8: kindBuckets, 9: kindBuckets, 11: kindExemplar},
	kindSummaryPoint:     {6: kindLeaf, 7: kindKeyValue},
	kindExemplar:         {7: kindKeyValue},
	kindKeyValue:         {2: kindValue},
	kindValue:            {5: kindArray, 6: kindList},
	kindArray:            {1: kindValue},
	kindList:             {1: kindKeyValue},
	kindEntity:           {3: kindLeaf, 4: kindLeaf},
}

// points says what the points of the data of a metric are, by the data's field.
var points = map[protowire.Number]kind{5: kindNumberPoint, 7: kindNumberPoint, 9: kindHistogramPoint, 10: kindExponentialPoint, 11: kindSummaryPoint}

// shallow walks an export request in protobuf and returns how many entries it has,
// or an error if it is malformed on the way, nests too deep or has too many. It
// allocates nothing.
func shallow(body []byte) (entries int, err error) {
	err = walk(body, 0, kindRequest, kinds, 0, &entries)
	return entries, err
}

// walk descends into one message, which begins at byte at of the body; data is
// what the points are if it is the data of a metric.
func walk(b []byte, at int, in, data kind, depth int, entries *int) error {
	if depth > maxDepth {
		return fmt.Errorf("byte %d: attribute values nest deeper than %d levels", at, maxDepth)
	}
	*entries++
	if in == kindBuckets { // a byte may be a count of eight
		*entries += len(b) * 8 / entryBytes
	}
	if *entries > maxEntries {
		return errTooManyEntries
	}
	if in == kindLeaf || in == kindBuckets {
		return nil
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
		if err := walk(v, at+i-len(v), sub, next, depth+1, entries); err != nil {
			return err
		}
	}
	return nil
}

// shallowJSON returns how many entries a JSON text may have, or an error if its brackets
// nest too deep, if they are too many, or if something follows the last of them: the decoder
// does not look there, so that of two exports one would be lost. It says nothing else about
// the text.
func shallowJSON(body []byte) (entries int, err error) {
	commas := 0
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if c == '{' {
				entries++
			}
			if depth++; depth > 2*maxDepth {
				return 0, fmt.Errorf("byte %d: brackets nest deeper than %d levels", i, 2*maxDepth)
			}
		case c == '}' || c == ']':
			if depth--; depth > 0 {
				continue
			}
			if rest := trimmed(body[i+1:]); len(rest) > 0 {
				return 0, fmt.Errorf("byte %d: want the end of the body behind the object, got %.8q; send one export in each request", len(body)-len(rest), rest)
			}
		case c == ',':
			commas++ // between numbers, at the least
		}
	}
	if entries += commas * 8 / entryBytes; entries > maxEntries {
		return 0, errTooManyEntries
	}
	return entries, nil
}
