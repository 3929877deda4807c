package segment

import (
	"math/bits"

	"github.com/tocsinhq/tocsin/logs/wire"
)

// The ways in which the differences of times are written.
const (
	timesPlain = iota // as numbers, which zstd compresses well if they are regular
	timesRice         // as Golomb-Rice codes, for those that are not
)

// times writes the difference of each row's time from that of the row before in its
// group, in the largest unit that loses nothing, and its rank among rows of that time.
func (e *Encoder) times(rows []Row, least int64) {
	unit := uint64(1e9)
	for i := range rows {
		for uint64(rows[i].Time-least)%unit != 0 {
			unit /= 1000
		}
	}
	e.deltas = e.deltas[:0]
	plain := e.plain[:0]
	for _, g := range e.groups {
		last := least
		for _, i := range g.rows {
			d := uint64(rows[i].Time-last) / unit
			e.deltas = append(e.deltas, d)
			plain = wire.AppendUvarint(plain, d)
			last = rows[i].Time
		}
	}
	b := wire.AppendUvarint(e.raw[secTimes], unit)
	coded := e.rice()
	e.plain = plain
	if e.trial = e.zstd.EncodeAll(plain, e.trial[:0]); len(e.trial) <= len(coded) {
		b = append(append(b, timesPlain), plain...)
	} else {
		b = append(append(b, timesRice), coded...)
	}
	for _, i := range e.order {
		b = wire.AppendUvarint(b, uint64(e.rankOf[i]))
	}
	e.raw[secTimes] = b
}

// rice codes the differences: of each group how many low bits its numbers have, then of
// each number the rest as so many ones and a zero, and the low bits.
func (e *Encoder) rice() []byte {
	w := bitWriter{b: e.bits[:0]}
	var widths []byte
	at := 0
	for _, g := range e.groups {
		numbers := e.deltas[at : at+len(g.rows)]
		at += len(g.rows)
		sum := uint64(0)
		for _, n := range numbers[1:] { // the first one counts from the beginning of the block
			sum += n / uint64(len(numbers))
		}
		width := max(bits.Len64(sum)-1, 0)
		widths = append(widths, byte(width))
		for _, n := range numbers {
			if q := n >> width; q < riceEscape {
				w.put(1<<(q+1)-2, int(q)+1)
				w.put(n&(1<<width-1), width)
			} else {
				w.put(1<<riceEscape-1, riceEscape)
				w.put(n, 64)
			}
		}
	}
	e.bits = w.bytes()
	return wire.AppendBytes(wire.AppendBytes(nil, widths), e.bits)
}

// riceEscape ones say that the number follows in 64 bits.
const riceEscape = 24

// readTimes decodes the differences of groups of so many rows.
func readTimes(r *wire.Reader, skeletons []Skeleton, rows int, least int64) []int64 {
	unit := r.Uvarint()
	times := make([]int64, 0, rows)
	switch r.Byte() {
	case timesPlain:
		for i := range skeletons {
			last := least
			for range skeletons[i].Rows {
				last += int64(r.Uvarint() * unit)
				times = append(times, last)
			}
		}
	case timesRice:
		widths := r.Bytes()
		in := bitReader{b: r.Bytes()}
		if len(widths) != len(skeletons) {
			r.Fail("times of another number of groups")
			return nil
		}
		for i := range skeletons {
			last, width := least, int(widths[i])
			if width > 63 {
				r.Fail("numbers of more than 64 bits")
				return nil
			}
			for range skeletons[i].Rows {
				n := uint64(in.ones(riceEscape))
				if n == riceEscape {
					n = in.take(64)
				} else {
					n = n<<width | in.take(width)
				}
				last += int64(n * unit)
				times = append(times, last)
			}
			if in.short {
				r.Fail("times end early")
				return nil
			}
		}
	default:
		r.Fail("an unknown kind of times")
	}
	return times
}

// bitWriter gathers bits, the highest of a number first.
type bitWriter struct {
	b    []byte
	acc  uint64
	have int
}

// put appends the low n bits of v.
func (w *bitWriter) put(v uint64, n int) {
	if n > 32 {
		w.put(v>>32, n-32)
		v, n = v&(1<<32-1), 32
	}
	w.acc = w.acc<<n | v
	for w.have += n; w.have >= 8; w.have -= 8 {
		w.b = append(w.b, byte(w.acc>>(w.have-8)))
	}
}

func (w *bitWriter) bytes() []byte {
	if w.have > 0 {
		return append(w.b, byte(w.acc<<(8-w.have)))
	}
	return w.b
}

type bitReader struct {
	b     []byte
	acc   uint64
	have  int
	short bool
}

// fill makes at least n bits ready, n at most 56.
func (r *bitReader) fill(n int) {
	for r.have < n {
		next := byte(0)
		if len(r.b) > 0 {
			next, r.b = r.b[0], r.b[1:]
		} else {
			r.short = true
		}
		r.acc = r.acc<<8 | uint64(next)
		r.have += 8
	}
}

func (r *bitReader) take(n int) uint64 {
	if n > 32 {
		high := r.take(n - 32)
		return high<<32 | r.take(32)
	}
	r.fill(n)
	r.have -= n
	return r.acc >> r.have & (1<<n - 1)
}

// ones counts ones up to a zero, which it takes, or up to most.
func (r *bitReader) ones(most int) int {
	for n := range most {
		if r.take(1) == 0 {
			return n
		}
	}
	return most
}
