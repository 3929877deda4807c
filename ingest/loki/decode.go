package loki

import (
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/telemetry"
)

// maxLabels bounds the labels of a stream.
const maxLabels = 128

var errTooManyLabels = fmt.Errorf("more than %d labels", maxLabels)

// decoder is the memory of one push.
type decoder struct {
	sheet  *logline.Sheet
	fields logline.Fields
	labels []telemetry.Pair // of the stream at hand
}

// Decode writes the entries of a PushRequest in protobuf, already uncompressed, on a
// sheet. Entries of a stream whose labels cannot be read are refused one by one. The
// error is that of bytes that are not the message; what stood before them is kept.
func Decode(body []byte, s *logline.Sheet) error {
	d := decoder{sheet: s}
	return messages(body, func(number protowire.Number, stream []byte) error {
		if number != 1 || s.Stopped() {
			return nil
		}
		return d.stream(stream)
	})
}

// messages calls f with each field of a message that has a length, and skips the others.
func messages(b []byte, f func(number protowire.Number, value []byte) error) error {
	for at := 0; at < len(b); {
		number, wire, n := protowire.ConsumeTag(b[at:])
		if n < 0 {
			return fmt.Errorf("byte %d: %w", at, protowire.ParseError(n))
		}
		at += n
		if wire != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, wire, b[at:]); n < 0 {
				return fmt.Errorf("byte %d: %w", at, protowire.ParseError(n))
			}
			at += n
			continue
		}
		v, n := protowire.ConsumeBytes(b[at:])
		if n < 0 {
			return fmt.Errorf("byte %d: %w", at, protowire.ParseError(n))
		}
		at += n
		if err := f(number, v[:len(v):len(v)]); err != nil {
			return err
		}
	}
	return nil
}

// stream reads a StreamAdapter: labels, then entries. Labels may stand behind the entries.
func (d *decoder) stream(b []byte) error {
	var text []byte
	if err := messages(b, func(number protowire.Number, v []byte) error {
		if number == 1 {
			text = v
		}
		return nil
	}); err != nil {
		return err
	}
	var bad error
	d.labels, bad = parseLabels(d.labels[:0], text, maxLabels)
	return messages(b, func(number protowire.Number, v []byte) error {
		if number != 2 || d.sheet.Stopped() {
			return nil
		}
		if bad != nil {
			d.refuse(bad)
			return nil
		}
		return d.entry(v)
	})
}

func (d *decoder) refuse(err error) {
	reason := telemetry.ReasonBadRecord
	if errors.Is(err, errTooManyLabels) {
		reason = telemetry.ReasonTooManyFields
	}
	d.sheet.Refuse(reason, err.Error())
}

// begin starts a record of the stream at hand.
func (d *decoder) begin() *telemetry.LogRecord {
	r := d.sheet.Begin()
	d.fields.Begin(d.sheet, r)
	for _, l := range d.labels {
		d.fields.Label(l.Name, l.Value)
	}
	return r
}

// entry reads an EntryAdapter: time stamp, line, structured metadata.
func (d *decoder) entry(b []byte) error {
	r := d.begin()
	ok := true
	err := messages(b, func(number protowire.Number, v []byte) error {
		var err error
		switch number {
		case 1:
			r.Time, ok, err = timestamp(v)
		case 2:
			r.Body = v
		case 3:
			var name, value []byte
			err = messages(v, func(number protowire.Number, v []byte) error {
				switch number {
				case 1:
					name = v
				case 2:
					value = v
				}
				return nil
			})
			d.fields.Metadata(name, value)
		}
		return err
	})
	switch {
	case err != nil:
		d.sheet.Refuse(telemetry.ReasonBadRecord, "entry is malformed: "+err.Error())
		return err
	case !ok:
		d.sheet.Refuse(telemetry.ReasonBadRecord, "want a time stamp of 0 to 999999999 nanoseconds beside its seconds")
	default:
		d.sheet.End()
	}
	return nil
}

// timestamp reads a Timestamp as nanoseconds. One that nanoseconds cannot tell is
// the greatest or least that they can, which is put right later.
func timestamp(b []byte) (ns int64, ok bool, err error) {
	var seconds, nanos int64
	for len(b) > 0 {
		number, wire, n := protowire.ConsumeTag(b)
		if n < 0 {
			return 0, false, protowire.ParseError(n)
		}
		b = b[n:]
		if wire != protowire.VarintType {
			if n = protowire.ConsumeFieldValue(number, wire, b); n < 0 {
				return 0, false, protowire.ParseError(n)
			}
			b = b[n:]
			continue
		}
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return 0, false, protowire.ParseError(n)
		}
		b = b[n:]
		switch number {
		case 1:
			seconds = int64(v)
		case 2:
			nanos = int64(int32(v))
		}
	}
	return nanoseconds(seconds, nanos), nanos >= 0 && nanos < 1e9, nil
}

// nanoseconds adds the two without overflow.
func nanoseconds(seconds, nanos int64) int64 {
	const most = 1<<63 - 1
	switch {
	case seconds > most/1_000_000_000-1:
		return most
	case seconds < -most/1_000_000_000+1:
		return -most
	}
	return seconds*1_000_000_000 + nanos
}

// parseNanos reads the time stamp of JSON: nanoseconds since 1970 in digits. Other
// units are recognised by their size.
func parseNanos(text []byte) (int64, bool) {
	ns, err := strconv.ParseInt(string(text[:min(len(text), 32)]), 10, 64)
	if err != nil {
		if errors.Is(err, strconv.ErrRange) {
			return 1<<63 - 1, true // put right later
		}
		return 0, false
	}
	if ns > 0 && !logline.Plausible(ns) {
		if guessed, ok := logline.ParseTime(text); ok {
			return guessed, true
		}
	}
	return ns, true
}
