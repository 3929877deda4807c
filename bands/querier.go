package bands

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// querier serves one query.
type querier struct {
	storage.Querier
	opts       Options
	mint, maxt int64

	mu     sync.Mutex
	bounds bounds
	known  map[string][]band // replayed already, by selector and time: a query often asks for several parts
}

// errNoPart warns of a selector of bands that can match none.
var errNoPart = fmt.Errorf("%w: %s is one of %s; this selector matches none of them", annotations.PromQLWarning, telemetry.BandLabel, strings.Join(parts, ", "))

// Select returns stored series, or bands if the matchers ask for them. Bands are
// computed when the set is first read.
func (q *querier) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	if !Selected(ms) {
		return q.Querier.Select(ctx, sorted, hints, ms...)
	}
	sel, _ := split(ms)
	from, to := q.mint, q.maxt
	if hints != nil {
		from, to = hints.Start, hints.End
	}
	switch {
	case len(sel.want) == 0:
		return &lazySet{load: func() ([]storage.Series, error) { return nil, nil }, note: errNoPart}
	case hints != nil && hints.Func == "series":
		return &lazySet{load: func() ([]storage.Series, error) { return q.names(ctx, hints, sel) }}
	case q.isPresent(hints):
		return &lazySet{load: func() ([]storage.Series, error) { return q.present(ctx, hints, sel) }}
	}
	return &lazySet{load: func() ([]storage.Series, error) { return q.past(ctx, from, to, sel) }}
}

// past replays.
func (q *querier) past(ctx context.Context, from, to int64, sel selection) ([]storage.Series, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	key := fmt.Sprint(from, to, sel.base)
	found, ok := q.known[key]
	if !ok {
		history := q.opts.Config.History.Std().Milliseconds()
		stored, err := q.opts.Stored.Querier(from-history, to)
		if err != nil {
			return nil, err
		}
		defer stored.Close() //nolint:errcheck // nothing was written
		err = each(ctx, stored, from-history, to, sel.base, &q.bounds, true, func(s *Source) error {
			found = append(found, s.judge(q.opts.replay(s.Labels), q.opts.Share(s.Labels), from))
			return ctx.Err()
		})
		if err != nil {
			return nil, err
		}
		q.known[key] = found
	}
	var out []storage.Series
	for _, b := range found {
		for _, i := range sel.want {
			if c := b.columns[i]; len(c.t) > 0 {
				out = append(out, newSeries(b.labels, parts[i], c))
			}
		}
	}
	return sortSeries(out), nil
}

// names lists what could be selected, without samples.
func (q *querier) names(ctx context.Context, hints *storage.SelectHints, sel selection) ([]storage.Series, error) {
	var out []storage.Series
	err := q.watched(ctx, hints, sel.base, func(l labels.Labels) {
		for _, i := range sel.want {
			out = append(out, newSeries(l, parts[i], column{}))
		}
	})
	return sortSeries(out), err
}

// watched hands the labels of all watched series that match to do, without
// reading their samples.
func (q *querier) watched(ctx context.Context, hints *storage.SelectHints, ms []*labels.Matcher, do func(labels.Labels)) error {
	labelsOnly := &storage.SelectHints{Start: hints.Start, End: hints.End, Func: "series"}
	set := q.Querier.Select(ctx, false, labelsOnly, ms...)
	stored := false
	for set.Next() {
		if l := set.At().Labels(); detector.Watches(l) {
			stored = true
			do(l)
		}
	}
	if err := set.Err(); err != nil || stored {
		return err
	}
	wanted, ok := derivedFrom(ms)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	offer := func(own labels.Labels, classic bool) {
		for _, l := range detector.DerivedOf(own) {
			if key := l.String(); matches(l, ms) && !(classic && !l.Has(quantileLabel)) && !seen[key] {
				seen[key] = true
				do(l)
			}
		}
	}
	for _, name := range wanted.classic {
		set := q.Querier.Select(ctx, false, labelsOnly, wanted.matchers(name)...)
		for set.Next() {
			if own, ok := detector.HistogramOf(set.At().Labels()); ok {
				offer(own, true)
			}
		}
		if err := set.Err(); err != nil {
			return err
		}
	}
	for _, name := range wanted.native {
		set := q.Querier.Select(ctx, false, labelsOnly, wanted.matchers(name)...)
		for set.Next() {
			offer(set.At().Labels(), false)
		}
		if err := set.Err(); err != nil {
			return err
		}
	}
	return nil
}

// LabelValues returns the parts of a band for their label, and for others what
// the stored series have.
func (q *querier) LabelValues(ctx context.Context, name string, hints *storage.LabelHints, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	sel, virtual := split(ms)
	switch {
	case name == telemetry.BandLabel:
		var values []string
		for _, i := range sel.want {
			values = append(values, parts[i])
		}
		return limited(values, hints), nil, nil
	case virtual && len(sel.want) == 0:
		return nil, annotations.New().Add(errNoPart), nil
	case virtual:
		ms = sel.base
	}
	return q.Querier.LabelValues(ctx, name, hints, ms...)
}

// LabelNames returns the labels of the stored series, and with bands selected
// their label too.
func (q *querier) LabelNames(ctx context.Context, hints *storage.LabelHints, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	sel, virtual := split(ms)
	if !virtual {
		return q.Querier.LabelNames(ctx, hints, ms...)
	}
	if len(sel.want) == 0 {
		return nil, annotations.New().Add(errNoPart), nil
	}
	names, notes, err := q.Querier.LabelNames(ctx, hints, sel.base...)
	if at, found := slices.BinarySearch(names, telemetry.BandLabel); !found && len(names) > 0 {
		names = slices.Insert(names, at, telemetry.BandLabel)
	}
	return limited(names, hints), notes, err
}

func limited(list []string, hints *storage.LabelHints) []string {
	if hints != nil && hints.Limit > 0 && len(list) > hints.Limit {
		return list[:hints.Limit]
	}
	return list
}

// chunkQuerier serves one remote read in chunks.
type chunkQuerier struct {
	storage.ChunkQuerier
	floats storage.Querier
}

func (q *chunkQuerier) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, ms ...*labels.Matcher) storage.ChunkSeriesSet {
	if !Selected(ms) {
		return q.ChunkQuerier.Select(ctx, sorted, hints, ms...)
	}
	return storage.NewSeriesSetToChunkSet(q.floats.Select(ctx, sorted, hints, ms...))
}

func (q *chunkQuerier) Close() error {
	err := q.floats.Close()
	if cerr := q.ChunkQuerier.Close(); err == nil {
		err = cerr
	}
	return err
}
