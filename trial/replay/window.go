package replay

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/tocsinhq/tocsin/telemetry"
)

// How far ahead of what is asked a window reads, at first and at the least. One
// with few samples reads far, so that a server is asked seldom.
const (
	aheadMost  = 6 * time.Hour
	aheadLeast = 10 * time.Minute
)

// maxHeld is how many samples a window holds; 24 bytes each, and histograms more.
const maxHeld = 20_000_000

// Window is the past as queries see it. It reads from its source what a selector
// asks for, and some hours more, since the next question will be about a moment
// later; what lies behind is let go. It is safe for concurrent use.
type Window struct {
	source Source
	end    int64 // nothing after it is read

	mu    sync.Mutex
	ahead time.Duration
	kept  map[string]*kept
	held  int // samples
	names map[string]namesKept
	loads int
	err   error // the first of the source; what rules say after it is no word on the past
}

// failed returns the first error of the source.
func (w *Window) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// wrong notes an error of the source, unless the caller only gave up.
func (w *Window) wrong(ctx context.Context, err error) error {
	if err != nil && w.err == nil && ctx.Err() == nil {
		w.err = err
	}
	return err
}

// namesKept is an answer of Source.Names and up to when it holds.
type namesKept struct {
	names []string
	until int64
}

// kept is what was read for one selector.
type kept struct {
	from, to int64 // read from and to, both included
	reach    int64 // how far back from the newest moment it is asked for
	series   []*series
	index    map[string]*series
}

// NewWindow returns a window over a source up to a time.
func NewWindow(s Source, end time.Time) *Window {
	return &Window{source: s, end: end.UnixMilli(), ahead: aheadMost, kept: map[string]*kept{}, names: map[string]namesKept{}}
}

// Querier returns a querier over a range of time in milliseconds, both included.
func (w *Window) Querier(mint, maxt int64) (storage.Querier, error) {
	return &querier{w: w, mint: mint, maxt: maxt}, nil
}

type querier struct {
	w          *Window
	mint, maxt int64
}

// Select returns the series that the matchers select.
func (q *querier) Select(ctx context.Context, _ bool, hints *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	mint, maxt := q.mint, q.maxt
	if hints != nil {
		mint, maxt = max(mint, hints.Start), min(maxt, hints.End)
	}
	list, err := q.w.read(ctx, ms, mint, maxt)
	if err != nil {
		return storage.ErrSeriesSet(err)
	}
	return &seriesSet{list: list, at: -1}
}

// LabelValues returns the names of metrics; rules ask for no other label.
func (q *querier) LabelValues(ctx context.Context, name string, _ *storage.LabelHints, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	if name != labels.MetricName || len(ms) != 1 {
		return nil, nil, fmt.Errorf("values of label %q cannot be read in a backtest", name)
	}
	names, err := q.w.metrics(ctx, ms[0], q.mint, q.maxt)
	return names, nil, err
}

// LabelNames is not asked for by rules.
func (q *querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, fmt.Errorf("names of labels cannot be read in a backtest")
}

// Close has nothing to release.
func (q *querier) Close() error { return nil }

// metrics returns which metrics there are, as of some hours around.
func (w *Window) metrics(ctx context.Context, m *labels.Matcher, mint, maxt int64) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if k, ok := w.names[m.String()]; ok && maxt <= k.until {
		return slices.Clone(k.names), nil
	}
	until := min(w.end, maxt+aheadMost.Milliseconds())
	names, err := w.source.Names(ctx, m, mint, max(until, maxt))
	if err != nil {
		return nil, w.wrong(ctx, err)
	}
	w.names[m.String()] = namesKept{names, max(until, maxt)}
	return slices.Clone(names), nil
}

// read returns the series of the matchers with what they have from mint to maxt.
func (w *Window) read(ctx context.Context, ms []*labels.Matcher, mint, maxt int64) ([]*series, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := keyOf(ms)
	k := w.kept[key]
	if k == nil {
		k = &kept{from: mint, to: mint - 1, index: map[string]*series{}}
		w.kept[key] = k
	}
	if mint < k.from { // farther back than ever before
		w.forget(k)
		*k = kept{from: mint, to: mint - 1, reach: k.reach, index: map[string]*series{}}
	}
	k.reach = max(k.reach, maxt-mint)
	if maxt > k.to {
		if err := w.extend(ctx, k, ms, maxt); err != nil {
			return nil, w.wrong(ctx, err)
		}
	}
	out := make([]*series, 0, len(k.series))
	for _, s := range k.series {
		if part := s.between(mint, maxt); part != nil {
			out = append(out, part)
		}
	}
	return out, nil
}

// extend lets go what no question can be about any more and reads on.
func (w *Window) extend(ctx context.Context, k *kept, ms []*labels.Matcher, maxt int64) error {
	w.trim(k, maxt-k.reach)
	to := max(maxt, min(w.end, maxt+w.ahead.Milliseconds()))
	grown := false
	err := w.source.Load(ctx, ms, k.to+1, to, func(l labels.Labels, floats []telemetry.Sample, histograms []telemetry.HistogramSample) error {
		key := l.String()
		s := k.index[key]
		if s == nil {
			s = &series{labels: l}
			k.index[key] = s
			k.series = append(k.series, s)
			grown = true
		}
		if w.held += s.add(floats, histograms); w.held > maxHeld {
			return errTooMuch
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.loads++
	k.to = to
	if grown {
		slices.SortFunc(k.series, func(a, b *series) int { return labels.Compare(a.labels, b.labels) })
	}
	if w.held > maxHeld/4 {
		w.ahead = max(aheadLeast, w.ahead/2)
	}
	return nil
}

// trim lets go of samples before a time, and of series that have none after it.
func (w *Window) trim(k *kept, before int64) {
	if before <= k.from {
		return
	}
	left := k.series[:0:0]
	for _, s := range k.series {
		w.held -= s.dropBefore(before)
		if len(s.samples) == 0 {
			delete(k.index, s.labels.String())
			continue
		}
		left = append(left, s)
	}
	k.series, k.from = left, before
}

func (w *Window) forget(k *kept) {
	for _, s := range k.series {
		w.held -= len(s.samples)
	}
}

func keyOf(ms []*labels.Matcher) string {
	var b strings.Builder
	for _, m := range ms {
		b.WriteString(m.String())
		b.WriteByte(0)
	}
	return b.String()
}
