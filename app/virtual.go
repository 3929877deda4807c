package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/rules"
)

// Virtual is how a core that is driven over virtual time, by a test of rules,
// differs from a live one. The zero value is a live one.
type Virtual struct {
	Rules        rules.Virtual
	Block        time.Duration // see store.TSDBOptions
	SubqueryStep time.Duration // of subqueries that name none; 0 is the daemon's own
	// ExternalLabels and ExternalURL are what templates of rules see; an empty URL
	// is that of CoreOptions.
	ExternalLabels labels.Labels
	ExternalURL    string
}

// Rules returns the rule engine, to be read.
func (c *Core) Rules() *rules.Engine { return c.engine }

// Query evaluates PromQL over the store and the bands at one time. A number comes
// as one sample without labels.
func (c *Core) Query(ctx context.Context, expr string, at time.Time) (promql.Vector, error) {
	q, err := c.query.NewInstantQuery(ctx, c.bands, nil, expr, at)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	res := q.Exec(ctx)
	switch v := res.Value.(type) {
	case promql.Vector:
		out := make(promql.Vector, len(v))
		for i, s := range v {
			s.Metric = s.Metric.Copy()
			if s.H != nil {
				s.H = s.H.Copy()
			}
			out[i] = s
		}
		return out, res.Err
	case promql.Scalar:
		return promql.Vector{{T: v.T, F: v.V}}, res.Err
	}
	if res.Err != nil {
		return nil, res.Err
	}
	return nil, errors.New("want a query whose result is a vector or a number, got " + fmt.Sprint(res.Value.Type()))
}

// Matrix evaluates PromQL whose result is a range of samples, at one time, and
// returns its text.
func (c *Core) Matrix(ctx context.Context, expr string, at time.Time) (string, error) {
	q, err := c.query.NewInstantQuery(ctx, c.bands, nil, expr, at)
	if err != nil {
		return "", err
	}
	defer q.Close()
	m, err := q.Exec(ctx).Matrix()
	if err != nil {
		return "", err
	}
	return m.String(), nil
}

// ServiceOf returns the service that a series with the labels belongs to.
func (c *Core) ServiceOf(l labels.Labels) string { return c.owner.Service(l) }

// Appendable returns the way in that scraped samples take, without its limits:
// what is appended is stored and shown to the detector at Commit.
func (c *Core) Appendable() storage.AppendableV2 { return c.writer.Appendable() }
