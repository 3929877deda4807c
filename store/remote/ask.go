package remote

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	apiv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

const (
	// readSpan and selectorSpan are how much time one request asks for: a day of
	// one series at one second is 86,400 samples.
	readSpan     = 7 * 24 * time.Hour
	selectorSpan = 24 * time.Hour
	// maxPoints is what Prometheus gives at most for a series in one query_range.
	maxPoints = 11_000
)

// remoteRead asks by remote read. The answer can hold other series that have
// all labels of the one that is wanted and more, and the server adds its external
// labels to each; the wanted one is the one with the fewest of the whole time.
func (r *Reader) remoteRead(ctx context.Context, l labels.Labels, c *collection) error {
	matchers := make([]*prompb.LabelMatcher, 0, l.Len())
	l.Range(func(x labels.Label) {
		matchers = append(matchers, &prompb.LabelMatcher{Type: prompb.LabelMatcher_EQ, Name: x.Name, Value: x.Value})
	})
	for start := c.from; start <= c.to; start += readSpan.Milliseconds() {
		end := min(c.to, start+readSpan.Milliseconds()-1)
		if err := r.readOnce(ctx, &prompb.Query{StartTimestampMs: start, EndTimestampMs: end, Matchers: matchers}, c); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reader) readOnce(ctx context.Context, q *prompb.Query, c *collection) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // also of an answer that is left before its end
	set, err := r.read.Read(ctx, q, true)
	if err != nil {
		return err
	}
	part := *c
	var it chunkenc.Iterator
	for set.Next() { // a long series comes in several parts with the same labels
		s := set.At()
		switch l := s.Labels(); {
		case part.of.IsEmpty() || l.Len() < part.of.Len(): // all before was of others
			part = collection{from: c.from, to: c.to, last: c.from - 1, samples: part.samples[:0], of: l}
		case l.Len() > part.of.Len():
			continue
		case !labels.Equal(l, part.of): // as many as another: it is neither of them
			part.samples, part.histograms, part.others = part.samples[:0], 0, true
		}
		if part.others {
			continue
		}
		if it, err = part.take(s, it); err != nil {
			return err
		}
	}
	*c = part
	return set.Err()
}

// take adds all samples of a series.
func (c *collection) take(s storage.Series, it chunkenc.Iterator) (chunkenc.Iterator, error) {
	it = s.Iterator(it)
	for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
		if vt != chunkenc.ValFloat {
			c.histograms++
			continue
		}
		t, v := it.At()
		if err := c.add(t, v); err != nil {
			return it, err
		}
	}
	return it, it.Err()
}

// rangeSelector asks for the samples of a span by an instant query. Whether its
// left edge belongs to it differs between servers, so each span begins a
// millisecond early and what is there already is left out.
func (r *Reader) rangeSelector(ctx context.Context, l labels.Labels, c *collection) error {
	span := selectorSpan.Milliseconds()
	for start := c.from - 1; start < c.to; start += span {
		end := min(c.to, start+span)
		query := fmt.Sprintf("%s[%dms]", selector(l), end-start)
		err := r.ask(ctx, l, c, func(ctx context.Context) (model.Value, error) {
			return whole(r.api.Query(ctx, query, time.UnixMilli(end)))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// queryRange asks for the value at each step. Steps are whole ones since the epoch,
// so that the same times come whenever one asks.
func (r *Reader) queryRange(ctx context.Context, l labels.Labels, c *collection) error {
	for steps := range r.steps(c.from, c.to) {
		err := r.ask(ctx, l, c, func(ctx context.Context) (model.Value, error) {
			return whole(r.api.QueryRange(ctx, selector(l), steps))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// steps yields the whole steps of a time, both ends (ms) included, as many at a time as a
// server answers.
func (r *Reader) steps(from, to int64) iter.Seq[apiv1.Range] {
	return func(yield func(apiv1.Range) bool) {
		step := r.step.Milliseconds()
		for start := from + ((-from)%step+step)%step; start <= to; start += maxPoints * step {
			end := min(start+(maxPoints-1)*step, to)
			if !yield(apiv1.Range{Start: time.UnixMilli(start), End: time.UnixMilli(end), Step: r.step}) {
				return
			}
		}
	}
}

// ask puts one question and takes from the answer the series that is meant.
func (r *Reader) ask(ctx context.Context, l labels.Labels, c *collection, question func(context.Context) (model.Value, error)) error {
	matrix, err := r.answer(ctx, question)
	if err != nil {
		return err
	}
	for _, stream := range matrix {
		if !same(stream.Metric, l) {
			continue
		}
		c.histograms += uint64(len(stream.Histograms))
		for _, p := range stream.Values {
			if err := c.add(int64(p.Timestamp), float64(p.Value)); err != nil {
				return err
			}
		}
	}
	return nil
}

// whole makes an error of warnings: a server that speaks for several and did not get an
// answer of all of them, or has cut it, gives what it has and says so there. Questions for
// samples as they are have no other warnings.
func whole[T any](v T, warnings apiv1.Warnings, _ apiv1.Infos, err error) (T, error) {
	if err == nil && len(warnings) > 0 {
		err = fmt.Errorf("the server warns that its answer may not be whole: %s", strings.Join(warnings, "; "))
	}
	return v, err
}

// answer puts one question, within the time for one, to which the answer is a matrix.
func (r *Reader) answer(ctx context.Context, question func(context.Context) (model.Value, error)) (model.Matrix, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	answer, err := question(ctx)
	if err != nil {
		return nil, err
	}
	matrix, ok := answer.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("want a matrix, got %T", answer)
	}
	return matrix, nil
}

func same(m model.Metric, l labels.Labels) bool {
	if len(m) != l.Len() {
		return false
	}
	equal := true
	l.Range(func(x labels.Label) { equal = equal && string(m[model.LabelName(x.Name)]) == x.Value })
	return equal
}

// selector writes the PromQL selector of a series, with quotes also around
// names, which any name may need; the name of a metric stands as a matcher.
func selector(l labels.Labels) string {
	var b strings.Builder
	b.WriteByte('{')
	l.Range(func(x labels.Label) {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		name := x.Name
		if !model.LegacyValidation.IsValidLabelName(name) {
			name = strconv.Quote(name)
		}
		b.WriteString(name + "=" + strconv.Quote(x.Value))
	})
	b.WriteByte('}')
	return b.String()
}
