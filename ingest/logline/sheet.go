package logline

import (
	"github.com/tocsinhq/tocsin/telemetry"
)

// A sheet is full at so many records or labels and attributes, some megabytes.
const (
	fullRecords = 8192
	fullPairs   = 1 << 16
	fullBytes   = 4 << 20 // of memory for texts
)

// Sheet is the records of one request under construction. A request may fill it
// many times. The zero value is ready for use; Store is set by whoever owns it. It is
// owned by one goroutine.
type Sheet struct {
	telemetry.LogBatch
	// Store takes the batch when it is full; it must not keep it. EntriesOf says which
	// entries of the request a record of it is. Nil: the batch grows, which is for tests.
	Store func()
	// OnReject, if not nil, is told of each entry that the decoder refuses.
	OnReject func(entry int, reason, message string)
	// Limits bound a record.
	Limits Limits

	numbers []int32 // of the records, within the request
	entries int     // of the request, seen so far
	pairs   int
	dropped int // labels and attributes without room
	stopped bool
	begun   bool
	memory  arena
	grabber func(n int) []byte
	// Of Join.
	groups  []Group
	merged  []merged
	growing []int // records whose body has memory of its own to grow in
}

// Limits bound one record. Zero values bound nothing.
type Limits struct {
	Line       int // bytes of a body
	Value      int // bytes of a label's or an attribute's value
	Attributes int // of a record
}

// Begin adds a record. The pointer is good until End.
func (s *Sheet) Begin() *telemetry.LogRecord {
	s.numbers = append(s.numbers, int32(s.entries))
	s.entries++
	s.begun = true
	return s.LogBatch.Next()
}

// End ends the record begun. If the sheet is full it is stored and is empty after.
func (s *Sheet) End() {
	s.begun = false
	r := &s.Records[len(s.Records)-1]
	s.pairs += len(r.Stream) + len(r.Attributes)
	if len(s.Records) >= fullRecords || s.pairs >= fullPairs || s.memory.used >= fullBytes {
		s.Flush()
	}
}

// Refuse ends the record begun as one that is not kept, or notes an entry for which
// none was begun.
func (s *Sheet) Refuse(reason, message string) {
	entry := s.entries
	if s.begun {
		s.begun = false
		entry--
		s.undo()
	} else {
		s.entries++
	}
	if s.OnReject != nil {
		s.OnReject(entry, reason, message)
	}
}

// undo takes the last record from the batch.
func (s *Sheet) undo() {
	last := len(s.Records) - 1
	r := &s.Records[last]
	clear(r.Stream)
	clear(r.Attributes)
	*r = telemetry.LogRecord{Stream: r.Stream[:0], Attributes: r.Attributes[:0]}
	s.Records, s.numbers = s.Records[:last], s.numbers[:last]
}

// Skip undoes Begin for something that is no entry of the request at all.
func (s *Sheet) Skip() {
	s.begun = false
	s.undo()
	s.entries--
}

// Flush stores what is on the sheet.
func (s *Sheet) Flush() {
	if len(s.Records) == 0 || s.Store == nil {
		return
	}
	s.Store()
	source := s.Source
	s.LogBatch.Reset()
	s.Source = source
	s.numbers, s.pairs = s.numbers[:0], 0
	s.forget()
}

// forget drops what was known of the records that were on the sheet.
func (s *Sheet) forget() {
	s.groups, s.merged, s.growing = s.groups[:0], s.merged[:0], s.growing[:0]
	s.memory.reset()
}

// Stop tells the decoder that nothing more can be stored.
func (s *Sheet) Stop() { s.stopped = true }

// Stopped reports whether decoding is in vain.
func (s *Sheet) Stopped() bool { return s.stopped }

// Entries returns how many entries of the request there were so far.
func (s *Sheet) Entries() int { return s.entries }

// Dropped returns how many labels and attributes of the request had no room.
func (s *Sheet) Dropped() int { return s.dropped }

// Grab returns n bytes that are good until the sheet is stored.
func (s *Sheet) Grab(n int) []byte { return s.memory.grab(n) }

// Grabber returns Grab as a value, which is made once.
func (s *Sheet) Grabber() func(n int) []byte {
	if s.grabber == nil {
		s.grabber = s.Grab
	}
	return s.grabber
}

// Copy returns a copy of b that is good until the sheet is stored.
func (s *Sheet) Copy(b []byte) []byte {
	to := s.memory.grab(len(b))
	copy(to, b)
	return to
}

// CopyString returns the bytes of a text, good until the sheet is stored.
func (s *Sheet) CopyString(text string) []byte {
	to := s.memory.grab(len(text))
	copy(to, text)
	return to
}

// Clear empties the sheet for another request. Memory is kept.
func (s *Sheet) Clear() {
	s.LogBatch.Reset()
	s.numbers, s.pairs, s.entries, s.dropped = s.numbers[:0], 0, 0, 0
	s.stopped, s.begun, s.Store, s.OnReject = false, false, nil, nil
	s.forget()
}

// Large reports whether the sheet holds so much memory that it should not be kept.
func (s *Sheet) Large() bool { return cap(s.Records) > 2*fullRecords }

// arena gives out bytes from blocks.
type arena struct {
	block []byte
	used  int // given out since the last reset
}

const blockBytes = 64 << 10

func (a *arena) grab(n int) []byte {
	a.used += n
	if n > blockBytes/4 {
		return make([]byte, n)
	}
	if len(a.block)+n > cap(a.block) {
		a.block = make([]byte, 0, blockBytes)
	}
	at := len(a.block)
	a.block = a.block[:at+n]
	return a.block[at : at+n : at+n]
}

// reset lets the present block be used again.
func (a *arena) reset() {
	a.block = a.block[:0]
	a.used = 0
}
