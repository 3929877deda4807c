package backtest

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// stream is one series of the past. Labels, service and shard do not change; the
// rest but seen is the shard's.
type stream struct {
	labels  labels.Labels
	service string
	shard   int
	older   *stream // with the same hash of labels

	seen struct { // by the reader
		window, selector int
		at               uint32 // in the window's streams
	}

	name string
	slot detector.Slot
	met  bool // slot was asked for
	left bool // there was no room for it at a time
}

// entry is one sample: its value, or which of the window's histograms it is.
type entry struct {
	t      int64
	v      float64
	at     uint32 // in the window's streams
	native uint32 // in the window's histograms, from 1; 0 for a float
}

// window is what all series have in a span of time.
type window struct {
	streams    []*stream // in order of service and labels
	entries    []entry   // in order of time, then of streams
	histograms []telemetry.HistogramSample
	to         int64 // end of the span, ms
	missed     uint64
}

// How much is read at once. Two windows are held, one that is judged and one that is
// read meanwhile: 20 MB in all. The first span is small,
// since nothing is known of what is there.
const (
	windowAim    = 1 << 18 // samples
	windowMost   = 2 * windowAim
	nativeCost   = 100 // samples that a native histogram counts for
	spanFirst    = int64(time.Hour / time.Millisecond)
	spanLeast    = int64(time.Second / time.Millisecond)
	spanMost     = math.MaxInt64 / 8
	spanQuickest = 4 // by how many times a span grows or shrinks at once
)

// errDense is that a span has more samples than a window holds.
var errDense = errors.New("too many samples at once")

// reader reads windows one after the other.
type reader struct {
	read      Read
	selectors [][]*labels.Matcher
	owner     func(labels.Labels) string
	shards    int

	from, to, span int64
	count          int           // windows begun
	streams, size  *atomic.Int64 // Streams and Span of PastOptions

	known  map[uint64]*stream
	homes  map[string]int // shard of each service
	loaded []int          // series of each shard
	free   chan *window   // to be used again
}

func newReader(o PastOptions) *reader {
	return &reader{
		read: o.Read, selectors: o.Selectors, owner: o.Owner, shards: o.Workers,
		from: o.From, to: o.To, span: spanFirst, streams: o.Streams, size: o.Span,
		known: map[uint64]*stream{}, homes: map[string]int{}, loaded: make([]int, o.Workers), free: make(chan *window, 2),
	}
}

// next returns the next window that has samples, io.EOF when there is none. The
// caller puts it into free when it is done with it.
func (r *reader) next(ctx context.Context) (*window, error) {
	var w *window
	select {
	case w = <-r.free:
	default:
		w = new(window)
	}
	for r.from <= r.to {
		to := r.to
		if r.span < r.to-r.from {
			to = r.from + r.span - 1
		}
		most := windowMost
		if r.span <= spanLeast {
			most = math.MaxInt // less than that there is not
		}
		err := r.fill(ctx, w, to, most)
		if errors.Is(err, errDense) {
			r.span = max(r.span/spanQuickest, spanLeast)
			continue
		}
		if err != nil {
			return nil, err
		}
		r.from = to + 1
		cost := len(w.entries) + (nativeCost-1)*len(w.histograms)
		if cost == 0 {
			r.span = min(2*r.span, spanMost)
			continue
		}
		by := min(float64(windowAim)/float64(cost), spanQuickest)
		r.span = min(max(int64(float64(r.span)*by), spanLeast), spanMost)
		w.sort()
		return w, nil
	}
	return nil, io.EOF
}

// fill reads what all selectors have up to a time; a series that several select
// comes once.
func (r *reader) fill(ctx context.Context, w *window, to int64, most int) error {
	r.count++
	clear(w.streams)
	clear(w.histograms)
	w.streams, w.entries, w.histograms, w.to, w.missed = w.streams[:0], w.entries[:0], w.histograms[:0], to, 0
	for i, ms := range r.selectors {
		missed, err := r.read(ctx, ms, r.from, to, func(l labels.Labels, floats []telemetry.Sample, histograms []telemetry.HistogramSample) error {
			s := r.stream(l)
			switch {
			case s.seen.window != r.count:
				s.seen.window, s.seen.selector, s.seen.at = r.count, i, uint32(len(w.streams))
				w.streams = append(w.streams, s)
			case s.seen.selector != i:
				return nil
			}
			w.add(s.seen.at, floats, histograms)
			if len(w.entries)+(nativeCost-1)*len(w.histograms) > most {
				return errDense
			}
			return ctx.Err()
		})
		w.missed += missed
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *window) add(at uint32, floats []telemetry.Sample, histograms []telemetry.HistogramSample) {
	for _, x := range floats {
		w.entries = append(w.entries, entry{t: x.T, v: x.V, at: at})
	}
	for _, h := range histograms {
		w.histograms = append(w.histograms, h)
		w.entries = append(w.entries, entry{t: h.T, at: at, native: uint32(len(w.histograms))})
	}
}

// stream returns the series with these labels, which it copies if it is new.
func (r *reader) stream(l labels.Labels) *stream {
	hash := l.Hash()
	for s := r.known[hash]; s != nil; s = s.older {
		if labels.Equal(s.labels, l) {
			return s
		}
	}
	s := &stream{labels: l.Copy(), older: r.known[hash]}
	s.service = r.owner(s.labels)
	home, ok := r.homes[s.service]
	if !ok { // where it is emptiest; no verdict depends on it
		home = slices.Index(r.loaded, slices.Min(r.loaded))
		r.homes[s.service] = home
	}
	r.loaded[home]++
	if r.streams != nil {
		r.streams.Add(1)
	}
	s.shard = home
	r.known[hash] = s
	return s
}

// sort brings entries into the order of time, and those of one time into that of
// services and labels, whatever the order in which series were read.
func (w *window) sort() {
	order := make([]uint32, len(w.streams)) // of streams
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		x, y := w.streams[a], w.streams[b]
		return cmp.Or(cmp.Compare(x.service, y.service), labels.Compare(x.labels, y.labels))
	})
	sorted, rank := make([]*stream, len(order)), make([]uint32, len(order))
	for i, at := range order {
		sorted[i], rank[at] = w.streams[at], uint32(i)
	}
	w.streams = sorted
	for i := range w.entries {
		w.entries[i].at = rank[w.entries[i].at]
	}
	slices.SortFunc(w.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.t, b.t), cmp.Compare(a.at, b.at))
	})
}
