package remote

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Window does what All does for a time of which all samples fit into memory: by each way
// it is one question, by query_range one for as many steps as a server answers, and the
// answer is held.
func (r *Reader) Window(ctx context.Context, ms []*labels.Matcher, from, to time.Time, take func(labels.Labels, []telemetry.Sample, []telemetry.HistogramSample) error) (missed uint64, err error) {
	err = r.byWays("read "+SelectorOf(ms), func(w way) (err error) {
		switch w {
		case byRemoteRead:
			return r.stream(ctx, ms, from, to, take)
		case byRangeSelector:
			missed, err = r.selectAll(ctx, ms, from, to, take)
		default:
			missed, err = r.stepAll(ctx, ms, from, to, take)
		}
		return err
	})
	return missed, err
}

// selectAll asks by a range selector, which begins a millisecond early, as that of
// rangeSelector does.
func (r *Reader) selectAll(ctx context.Context, ms []*labels.Matcher, from, to time.Time, take func(labels.Labels, []telemetry.Sample, []telemetry.HistogramSample) error) (uint64, error) {
	query := fmt.Sprintf("%s[%dms]", SelectorOf(ms), to.Sub(from).Milliseconds()+1)
	return r.matrix(ctx, from, to, take, func(ctx context.Context) (model.Value, error) {
		return whole(r.api.Query(ctx, query, to))
	})
}

// stepAll asks for the values at each whole step, as queryRange does.
func (r *Reader) stepAll(ctx context.Context, ms []*labels.Matcher, from, to time.Time, take func(labels.Labels, []telemetry.Sample, []telemetry.HistogramSample) error) (missed uint64, err error) {
	for steps := range r.steps(from.UnixMilli(), to.UnixMilli()) {
		n, err := r.matrix(ctx, from, to, take, func(ctx context.Context) (model.Value, error) {
			return whole(r.api.QueryRange(ctx, SelectorOf(ms), steps))
		})
		missed += n
		if err != nil {
			return missed, err
		}
	}
	return missed, nil
}

// matrix puts one question and hands over what of the answer lies within the times.
func (r *Reader) matrix(ctx context.Context, from, to time.Time, take func(labels.Labels, []telemetry.Sample, []telemetry.HistogramSample) error, question func(context.Context) (model.Value, error)) (missed uint64, err error) {
	found, err := r.answer(ctx, question)
	if err != nil {
		return 0, err
	}
	b := labels.NewScratchBuilder(16)
	var c collection
	for _, stream := range found {
		c = collection{from: from.UnixMilli(), to: to.UnixMilli(), last: from.UnixMilli() - 1, samples: c.samples[:0]}
		missed += uint64(len(stream.Histograms))
		for _, p := range stream.Values {
			if err := c.add(int64(p.Timestamp), float64(p.Value)); err != nil {
				return missed, err
			}
		}
		if len(c.samples) == 0 {
			continue
		}
		b.Reset()
		for name, value := range stream.Metric {
			b.Add(string(name), string(value))
		}
		b.Sort()
		if err := take(b.Labels(), c.samples, nil); err != nil {
			return missed, err
		}
	}
	return missed, nil
}
