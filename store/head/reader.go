package head

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunks"
	promindex "github.com/prometheus/prometheus/tsdb/index"
)

// indexReader reads the index of a block. It is safe for concurrent use.
type indexReader struct {
	*block
}

func (r *indexReader) empty() bool { return r.mint > r.maxt }

// Symbols returns names and values of all series that have been found until now.
func (r *indexReader) Symbols() promindex.StringIter {
	return promindex.NewStringListIter(r.index.symbols())
}

// SortedLabelValues returns values of a name, sorted.
func (r *indexReader) SortedLabelValues(ctx context.Context, name string, hints *storage.LabelHints, ms ...*labels.Matcher) ([]string, error) {
	values, err := r.LabelValues(ctx, name, hints, ms...)
	sortStrings(values)
	return values, err
}

// LabelValues returns values of a name, those of series that match if there are
// matchers, in no order. The slice belongs to the caller.
func (r *indexReader) LabelValues(ctx context.Context, name string, hints *storage.LabelHints, ms ...*labels.Matcher) ([]string, error) {
	if r.empty() {
		return []string{}, nil
	}
	values, err := r.valuesMatching(ctx, name, ms)
	if err != nil {
		return nil, fmt.Errorf("values of label %q in the head: %w", name, err)
	}
	values, _ = hints.ApplyLimit(values)
	return values, nil
}

func (r *indexReader) valuesMatching(ctx context.Context, name string, ms []*labels.Matcher) ([]string, error) {
	if len(ms) == 0 {
		return r.index.values(ctx, name)
	}
	var own, others []*labels.Matcher
	for _, m := range ms {
		if m.Name == name {
			own = append(own, m)
		} else {
			others = append(others, m)
		}
	}
	matches := func(value string) bool {
		return !slices.ContainsFunc(own, func(m *labels.Matcher) bool { return !m.Matches(value) })
	}
	var values []string
	if len(others) == 0 {
		all, err := r.index.values(ctx, name)
		if err != nil {
			return nil, err
		}
		return slices.DeleteFunc(all, func(v string) bool { return !matches(v) }), nil
	}
	p, err := tsdb.PostingsForMatchers(ctx, r, others...)
	if err != nil {
		return nil, err
	}
	ids, err := expand(p)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	if distinct, all := r.index.extent(name); len(ids) < distinct+all/seriesPerValue {
		values, err := r.index.valuesOf(ctx, name, ids)
		return slices.DeleteFunc(values, func(v string) bool { return !matches(v) }), err
	}
	series := setOf(ids)
	removals := r.index.removed()
	err = r.index.eachValue(ctx, name, func(value string, l list) {
		if matches(value) && series.hasAny(l) {
			values = append(values, value)
		}
	})
	if r.index.removed() != removals {
		slices.Sort(values)
		values = slices.Compact(values)
	}
	return values, err
}

// seriesPerValue is how many series of the lists of all values are looked at in the time that
// it takes to find the value of one series.
const seriesPerValue = 20

// LabelNames returns the names that series have, of those that match if there are
// matchers, sorted.
func (r *indexReader) LabelNames(ctx context.Context, ms ...*labels.Matcher) ([]string, error) {
	if r.empty() {
		return []string{}, nil
	}
	if len(ms) == 0 {
		return r.index.names(), nil
	}
	p, err := tsdb.PostingsForMatchers(ctx, r, ms...)
	if err != nil {
		return nil, err
	}
	return r.LabelNamesFor(ctx, p)
}

// LabelNamesFor returns the names that some series have, sorted.
func (r *indexReader) LabelNamesFor(ctx context.Context, p promindex.Postings) ([]string, error) {
	return r.index.namesOf(ctx, p)
}

// Postings returns the series that have one of the values.
func (r *indexReader) Postings(ctx context.Context, name string, values ...string) (promindex.Postings, error) {
	return union(ctx, r.index.lists(name, values)), nil
}

// PostingsForLabelMatching returns the series that have a value for which match
// returns true.
func (r *indexReader) PostingsForLabelMatching(ctx context.Context, name string, match func(string) bool) promindex.Postings {
	var lists []list
	err := r.index.eachValue(ctx, name, func(value string, l list) {
		if match(value) {
			lists = append(lists, l)
		}
	})
	if err != nil {
		return promindex.ErrPostings(fmt.Errorf("matching values of label %q in the head: %w", name, err))
	}
	return union(ctx, lists)
}

// PostingsForAllLabelValues returns the series that have a name.
func (r *indexReader) PostingsForAllLabelValues(ctx context.Context, name string) promindex.Postings {
	if all, ok := r.index.allHave(name); ok {
		return all.postings()
	}
	return r.PostingsForLabelMatching(ctx, name, func(string) bool { return true })
}

// SortedPostings returns the same series in the order of their labels. Those that are
// gone are left out.
func (r *indexReader) SortedPostings(p promindex.Postings) promindex.Postings {
	ids, err := expand(p)
	if err != nil {
		return promindex.ErrPostings(fmt.Errorf("sorting series of the head: %w", err))
	}
	return &cursor{rest: r.index.sorted(ids)}
}

// ShardedPostings returns the series whose labels have a hash that leaves the index of
// the shard when divided by the number of shards.
func (r *indexReader) ShardedPostings(p promindex.Postings, shard, shards uint64) promindex.Postings {
	var ids []ID
	var b labels.ScratchBuilder
	for p.Next() {
		id := ID(p.At())
		if !r.index.labels(id, &b) {
			continue
		}
		if labels.StableHash(b.Labels())%shards == shard {
			ids = append(ids, id)
		}
	}
	if err := p.Err(); err != nil {
		return promindex.ErrPostings(fmt.Errorf("choosing the series of shard %d of %d in the head: %w", shard, shards, err))
	}
	return &cursor{rest: ids}
}

// Series gives the labels of a series and, unless chks is nil, its chunks within the
// range of the block, oldest first. It returns storage.ErrNotFound for one that is
// gone.
func (r *indexReader) Series(ref storage.SeriesRef, b *labels.ScratchBuilder, chks *[]chunks.Meta) error {
	if ref > math.MaxUint32 || !r.index.labels(ID(ref), b) {
		return storage.ErrNotFound
	}
	if chks == nil {
		return nil
	}
	id := ID(ref)
	*chks = r.floats.metas(id, (*chks)[:0])
	kept := (*chks)[:0]
	for _, m := range *chks {
		if !m.OverlapsClosedInterval(r.mint, r.maxt) {
			continue
		}
		if m.MaxTime == math.MaxInt64 && m.MinTime < r.mint {
			// The meta of an open chunk does not tell where it ends.
			if newest, _, ok := r.floats.newest(id); !ok || newest < r.mint {
				continue
			}
		}
		kept = append(kept, m)
	}
	*chks = kept
	return nil
}

// Close has nothing to release.
func (r *indexReader) Close() error { return nil }
