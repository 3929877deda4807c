package promapi

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
)

type failingQuery struct {
	promql.Query
	err error
}

func (q failingQuery) Exec(context.Context) *promql.Result { return &promql.Result{Err: q.err} }

type failingEngine struct{ err, made error }

func (e failingEngine) NewInstantQuery(context.Context, storage.Queryable, promql.QueryOpts, string, time.Time) (promql.Query, error) {
	return failingQuery{err: e.err}, e.made
}

func (e failingEngine) NewRangeQuery(context.Context, storage.Queryable, promql.QueryOpts, string, time.Time, time.Time, time.Duration) (promql.Query, error) {
	return failingQuery{err: e.err}, e.made
}

func TestTimedEngine_TimeIsOver_IsATimeout(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false}, {errors.New("bad"), false}, {context.Canceled, false}, {promql.ErrQueryTimeout("x"), true},
		{fmt.Errorf("expanding series: %w", context.DeadlineExceeded), true},
	} {
		e := timedEngine{failingEngine{err: c.err}}
		instant, err := e.NewInstantQuery(t.Context(), nil, nil, "", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		ranged, err := e.NewRangeQuery(t.Context(), nil, nil, "", time.Time{}, time.Time{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []promql.Query{instant, ranged} {
			got := q.Exec(t.Context()).Err
			var timeout promql.ErrQueryTimeout
			if errors.As(got, &timeout) != c.want || c.err != nil && !errors.Is(got, c.err) || c.err == nil && got != nil {
				t.Errorf("%v became %v", c.err, got)
			}
		}
	}
	e := timedEngine{failingEngine{made: errors.New("no query")}}
	if q, err := e.NewInstantQuery(t.Context(), nil, nil, "", time.Time{}); q != nil || err == nil {
		t.Errorf("got %v, %v", q, err)
	}
	if q, err := e.NewRangeQuery(t.Context(), nil, nil, "", time.Time{}, time.Time{}, 0); q != nil || err == nil {
		t.Errorf("got %v, %v", q, err)
	}
}
