package remotewrite

import (
	"fmt"
	"math"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Decoder decodes requests of remote write 1.0 for one who knows most series by the
// bytes of their labels. Nearly every series that comes is known and is labels, then
// one sample. So what stands before the sample is taken for labels without a look into
// them, and whoever knows series is asked whether it has met those very bytes as
// labels. Only of the others the labels are walked. One Decoder belongs to one
// goroutine at a time; nil and the zero value know nobody and look at all.
type Decoder struct {
	// Known is asked about some series: it sets Key and Place of each that has Wire, and in
	// known, which is as long, whether these bytes are labels that it has met. What it
	// calls known by mistake has no labels by Unpack, or the right ones.
	Known func(series []telemetry.Series, known []bool)

	settled int // series of the batch; those behind them wait to be asked about
	waits   [together]extent
	taken   [together]bool // for labels and one sample, unseen
	answer  [together]bool
}

// together is how many series Known is asked about at once: enough for memory that it
// asks for to come, and so few that labels and what has come stay in the nearest cache.
const together = 64

// Decode does what the function Decode does.
func (d *Decoder) Decode(body []byte, b *telemetry.Batch) error {
	b.Reset()
	if d != nil {
		d.settled = 0
	}
	if uint64(len(body)) > math.MaxUint32 {
		return &Error{Msg: fmt.Sprintf("want less than 4 GiB, got %d bytes", len(body))}
	}
	if err := d.request(body, b); err != nil {
		b.Reset()
		return err
	}
	return nil
}

// asks reports whether there is somebody to be asked.
func (d *Decoder) asks() bool { return d != nil && d.Known != nil }

// series reads the next series of a body.
func (d *Decoder) series(body []byte, at extent, b *telemetry.Batch, left *int) *Error {
	n := len(b.Series)
	s := b.Next()
	if !d.asks() {
		return readSeries(body, at, s, n, left)
	}
	i := n - d.settled
	d.waits[i] = at
	if d.taken[i] = presume(body[at.start:at.end:at.end], s); !d.taken[i] {
		if err := readSeries(body, at, s, n, left); err != nil {
			return err
		}
	} else if *left -= seriesEntries + 1; *left < 0 {
		return tooMany(int(at.start))
	}
	if i+1 == together {
		return d.settle(body, b, left)
	}
	return nil
}

// readSeries reads series n of a body, from 0, looking at all of it.
func readSeries(body []byte, at extent, s *telemetry.Series, n int, left *int) *Error {
	if err := decodeSeries(body[:at.end], int(at.start), s, *left); err != nil {
		return err.in("time series", n)
	}
	if *left -= entries(s); *left < 0 {
		return tooMany(int(at.start))
	}
	return nil
}

// presume takes a series for labels and one plain sample if it ends in one, and not in
// two, and is too short for a label that has no wire form.
func presume(b []byte, s *telemetry.Series) bool {
	const size = 18 // of the field
	n := len(b) - size
	if n < size || n >= 1<<14 || b[0] != 0x0a || b[n-size] == 0x12 && b[n-size+1] == size-2 {
		return false
	}
	p, _, ok := plainSampleField(b, n)
	if !ok {
		return false
	}
	s.Wire = b[:n:n]
	s.Samples = append(s.Samples, p)
	return true
}

// settle asks about the series that wait, and reads those that are not known.
func (d *Decoder) settle(body []byte, b *telemetry.Batch, left *int) *Error {
	if !d.asks() {
		return nil
	}
	waiting := b.Series[d.settled:]
	if len(waiting) == 0 {
		return nil
	}
	d.Known(waiting, d.answer[:len(waiting)])
	for i := range waiting {
		if d.answer[i] || !d.taken[i] {
			continue
		}
		s := &waiting[i]
		size := len(s.Wire)
		s.Wire, s.Samples = nil, s.Samples[:0]
		*left += seriesEntries + 1
		if err := readSeries(body, d.waits[i], s, d.settled+i, left); err != nil {
			return err
		}
		if len(s.Wire) != size {
			s.Key, s.Place = [2]uint64{}, 0 // they are of other bytes
		}
	}
	d.settled = len(b.Series)
	return nil
}
