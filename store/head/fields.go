package head

import (
	"encoding/binary"
	"errors"
	"math"
	"unsafe"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"
	logrecord "github.com/prometheus/prometheus/tsdb/record"
)

// Records of labels are decoded here, since Prometheus' decoder believes any number of
// labels and of fields, and goes on to count after the record has ended.

var errBadRecord = errors.New("record is damaged or ends too early")

// recordFields reads the fields of a record. After one that is not there all are zero
// and bad is set.
type recordFields struct {
	b   []byte
	bad bool
}

func (f *recordFields) fail() {
	f.b, f.bad = nil, true
}

func (f *recordFields) byte() byte {
	if len(f.b) == 0 {
		f.fail()
		return 0
	}
	c := f.b[0]
	f.b = f.b[1:]
	return c
}

func (f *recordFields) be64() uint64 {
	if len(f.b) < 8 {
		f.fail()
		return 0
	}
	u := binary.BigEndian.Uint64(f.b)
	f.b = f.b[8:]
	return u
}

func (f *recordFields) varint() int64 {
	x, n := varint(f.b)
	if n <= 0 {
		f.fail()
		return 0
	}
	f.b = f.b[n:]
	return x
}

func (f *recordFields) uvarint() uint64 {
	x, n := binary.Uvarint(f.b)
	if n <= 0 {
		f.fail()
		return 0
	}
	f.b = f.b[n:]
	return x
}

// text returns a string that is valid as long as the record is.
func (f *recordFields) text() string {
	n := f.uvarint()
	if n > uint64(len(f.b)) {
		f.fail()
		return ""
	}
	s := f.b[:n]
	f.b = f.b[n:]
	return unsafe.String(unsafe.SliceData(s), len(s))
}

// pairs returns a number of pairs of texts, each of which takes two bytes at least.
// As Prometheus has it, one that is negative as an int is none.
func (f *recordFields) pairs() int {
	n := int(f.uvarint())
	if n > len(f.b)/2 {
		f.fail()
		return 0
	}
	return max(0, n)
}

func (f *recordFields) labels(b *labels.ScratchBuilder) labels.Labels {
	b.Reset()
	for range f.pairs() {
		name := f.text()
		b.Add(name, f.text())
	}
	if f.bad {
		return labels.EmptyLabels()
	}
	return b.Labels() // a copy
}

func (f *recordFields) err() error {
	if f.bad {
		return errBadRecord
	}
	return nil
}

// recordLabels returns a builder for recordFields.
func recordLabels() labels.ScratchBuilder {
	b := labels.NewScratchBuilder(16)
	b.SetUnsafeAdd(true)
	return b
}

// eachSeries hands over the series of a record.
func eachSeries(rec []byte, b *labels.ScratchBuilder, do func(chunks.HeadSeriesRef, labels.Labels)) error {
	f := recordFields{b: rec[1:]}
	for len(f.b) > 0 {
		ref := f.be64()
		ls := f.labels(b)
		if f.bad {
			break
		}
		do(chunks.HeadSeriesRef(ref), ls)
	}
	return f.err()
}

// eachExemplar hands over the exemplars of a record.
func eachExemplar(rec []byte, b *labels.ScratchBuilder, do func(logrecord.RefExemplar)) error {
	f := recordFields{b: rec[1:]}
	if len(f.b) == 0 {
		return nil
	}
	ref0, t0 := f.be64(), int64(f.be64())
	for len(f.b) > 0 {
		e := logrecord.RefExemplar{Ref: chunks.HeadSeriesRef(ref0 + uint64(f.varint())), T: t0 + f.varint(), V: math.Float64frombits(f.be64())}
		e.Labels = f.labels(b)
		if f.bad {
			break
		}
		do(e)
	}
	return f.err()
}

// eachMetadata hands over what a record says of series. The texts are valid as long as
// the record is.
func eachMetadata(rec []byte, do func(logrecord.RefMetadata)) error {
	f := recordFields{b: rec[1:]}
	for len(f.b) > 0 {
		m := logrecord.RefMetadata{Ref: chunks.HeadSeriesRef(f.uvarint()), Type: f.byte()}
		for range f.pairs() {
			switch name := f.text(); name {
			case "UNIT":
				m.Unit = f.text()
			case "HELP":
				m.Help = f.text()
			default:
				f.text()
			}
		}
		if f.bad {
			break
		}
		do(m)
	}
	return f.err()
}
