package store

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// newExemplars returns the memory of exemplars, of all series together. Those of the
// last hours come back from the log of the head.
func newExemplars(c Config, metrics prometheus.Registerer) (tsdb.ExemplarStorage, error) {
	return tsdb.NewCircularExemplarStorage(int64(c.MaxExemplars), tsdb.NewExemplarMetrics(metrics), c.outOfOrderMillis())
}

// takeExemplars moves the exemplars that the base has read from its log, in which they
// were before there was a head.
func takeExemplars(from *tsdb.DB, into tsdb.ExemplarStorage) error {
	q, err := from.ExemplarQuerier(context.Background())
	if err != nil {
		return err
	}
	base, ok := q.(*tsdb.CircularExemplarStorage)
	if !ok {
		return nil
	}
	err = base.IterateExemplars(func(ls labels.Labels, e exemplar.Exemplar) error {
		_ = into.AddExemplar(ls, e) // one that does not fit is not missed
		return nil
	})
	base.Resize(0)
	return err
}

// ExemplarQuerier returns a querier of exemplars, which needs no closing. It never
// fails.
func (d *DB) ExemplarQuerier(ctx context.Context) (storage.ExemplarQuerier, error) {
	return d.exemplars.ExemplarQuerier(ctx)
}
