package store

import (
	"context"
	"log/slog"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// embedded is what one opening of the TSDB brings with it.
type embedded struct {
	registry *prometheus.Registry
	failed   []prometheus.Collector          // counters of log writes that failed
	added    map[string]prometheus.Collector // by name, those that others stand for; see replaced
	// compactor writes blocks. cancel ends what it is at, and all that comes after: the
	// TSDB itself does so only when it is closed, for which whoever waits for it must
	// have ended.
	compactor *tsdb.LeveledCompactor
	cancel    context.CancelFunc
	g         *generation
}

// newCompactor makes the one that the TSDB uses.
func (e *embedded) newCompactor(ctx context.Context, r prometheus.Registerer, l *slog.Logger, ranges []int64, pool chunkenc.Pool, o *tsdb.Options) (_ tsdb.Compactor, err error) {
	encoding := o.FloatChunkEncoding
	if encoding == chunkenc.EncNone {
		encoding = chunkenc.EncXOR
	}
	ctx, e.cancel = context.WithCancel(ctx)
	e.compactor, err = tsdb.NewLeveledCompactorWithOptions(ctx, r, l, ranges, pool, tsdb.LeveledCompactorOptions{
		MaxBlockChunkSegmentSize: o.MaxBlockChunkSegmentSize, EnableOverlappingCompaction: o.EnableOverlappingCompaction,
		FloatChunkEncoding: func() chunkenc.Encoding { return encoding },
		BlockExcludeFilter: func(b *tsdb.BlockMeta) bool { return !e.g.mergeable(b) },
	})
	return settledCompactor{e.compactor, ctx, e.g}, err
}

// Register keeps a metric of the TSDB, and notes the counters of failed log writes:
// the TSDB does not tell its caller when late samples could not be logged.
func (e *embedded) Register(c prometheus.Collector) error {
	failed, skip, added := false, false, ""
	descs := make(chan *prometheus.Desc, 16)
	go func() { c.Describe(descs); close(descs) }()
	for d := range descs {
		if name, ok := replaced(d); ok {
			skip, added = true, name
		}
		failed = failed || strings.Contains(d.String(), `_writes_failed_total"`)
	}
	if added != "" {
		e.added[added] = c
	}
	if skip {
		return nil
	}
	if err := e.registry.Register(c); err != nil {
		return err
	}
	if failed {
		e.failed = append(e.failed, c)
	}
	return nil
}

// MustRegister is Register for what must not fail.
func (e *embedded) MustRegister(cs ...prometheus.Collector) {
	for _, c := range cs {
		if err := e.Register(c); err != nil {
			panic(err)
		}
	}
}

// Unregister forgets a metric.
func (e *embedded) Unregister(c prometheus.Collector) bool { return e.registry.Unregister(c) }

// failedWrites returns how often the logs could not be written.
func (e *embedded) failedWrites() float64 {
	sum := 0.0
	for _, c := range e.failed {
		ch := make(chan prometheus.Metric, 1)
		c.Collect(ch)
		var m dto.Metric
		if (<-ch).Write(&m) == nil {
			sum += m.GetCounter().GetValue()
		}
	}
	return sum
}
