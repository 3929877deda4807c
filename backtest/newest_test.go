package backtest_test

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/backtest"
	"github.com/tocsinhq/tocsin/detector"
)

// How far a run has come is told by the time that has samples, wherever those end.
func TestRunPast_Span_EndsWithTheSamples(t *testing.T) {
	const hour = int64(3_600_000)
	for _, c := range []struct{ last, to int64 }{
		{200 * hour, 200 * hour}, {200 * hour, 201 * hour}, {200 * hour, 900 * hour}, {200 * hour, 80_000 * hour}, {hour / 2, 900 * hour},
	} {
		p := &past{series: []recorded{{labels.FromStrings("__name__", "tocsin_x"), 60_000, make([]float64, c.last/60_000+1)}}}
		var span, passed atomic.Int64
		read := func(ctx context.Context, ms []*labels.Matcher, from, to int64, take backtest.Take) (uint64, error) {
			return p.read(ctx, ms, from, to, take)
		}
		err := runPast(read, begun+c.to, &span, &passed)
		if err != nil || span.Load() < c.last || float64(span.Load()) > 1.07*float64(c.last)+float64(hour) || passed.Load() < c.last {
			t.Errorf("samples of %d h of %d: got a span of %.1f h, %.1f passed, %v", c.last/hour, c.to/hour, float64(span.Load())/float64(hour), float64(passed.Load())/float64(hour), err)
		}
		if len(p.asked) > 150 {
			t.Errorf("samples of %d h of %d: asked %d times", c.last/hour, c.to/hour, len(p.asked))
		}
	}
}

// A source that cannot say where its samples end is read all the same.
func TestRunPast_SpanNotFound_IsThatAskedFor(t *testing.T) {
	p := &past{series: []recorded{{labels.FromStrings("__name__", "tocsin_x"), 60_000, make([]float64, 300)}}}
	var span, passed atomic.Int64
	asked := int64(0)
	err := runPast(func(ctx context.Context, ms []*labels.Matcher, from, to int64, take backtest.Take) (uint64, error) {
		if from > asked+24*3_600_000 && to == begun+1000*3_600_000 { // a look from the end
			return 0, errors.New("not that far")
		}
		asked = to
		return p.read(ctx, ms, from, to, take)
	}, begun+1000*3_600_000, &span, &passed)
	if err != nil || span.Load() != 1000*3_600_000 {
		t.Errorf("got %v and a span of %d", err, span.Load())
	}
}

func runPast(read backtest.Read, to int64, span, passed *atomic.Int64) error {
	selectors, err := backtest.Selectors(nil)
	if err != nil {
		return err
	}
	_, err = backtest.RunPast(context.Background(), backtest.PastOptions{
		Read: read, Selectors: selectors, From: begun - 1, To: to, Owner: func(labels.Labels) string { return "" },
		Detector: detector.DefaultConfig(), Format: backtest.CSV(backtest.Columns{}), Out: new(bytes.Buffer), Workers: 1, Span: span, Passed: passed,
	})
	return err
}
