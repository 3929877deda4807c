package logstest

import (
	"hash/maphash"

	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Cutter is a miner that takes every word with a digit in it for a variable. It learns
// nothing; it stands in for the real one where that is not what is tested. It is safe
// for concurrent use.
type Cutter struct{ Seed maphash.Seed }

// Mine implements logs.Miner.
func (c Cutter) Mine(r *telemetry.LogRecord, _ int64, spans []segment.Span) (uint64, []segment.Span) {
	service, body := r.Service, r.Body
	var h maphash.Hash
	h.SetSeed(c.Seed)
	h.WriteString(service)
	for i := 0; i < len(body); {
		start, digit := i, false
		for i < len(body) && !isBreak(body[i]) {
			digit = digit || body[i] >= '0' && body[i] <= '9'
			i++
		}
		if digit {
			spans = append(spans, segment.Span{Start: int32(start), End: int32(i)})
		} else {
			h.Write(body[start:i])
		}
		h.WriteByte(0)
		for i < len(body) && isBreak(body[i]) {
			i++
		}
	}
	return h.Sum64(), spans
}

func isBreak(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\r', ',', ';', '=', '(', ')', '[', ']', '{', '}', '"', '\'', '|', '<', '>', '/':
		return true
	}
	return false
}
