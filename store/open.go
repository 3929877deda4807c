package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// repairs bounds how often one opening repairs the logs.
const repairs = 3

// openRepaired opens the base of a generation on a folder whose logs may be damaged. Damage shows
// when the TSDB changes its log while it is opened; then its change is undone, the
// log is repaired our way and the TSDB opened again. What was found is returned
// also with an error.
func openRepaired(o TSDBOptions, d *DB, gen *generation) ([]Damage, error) {
	if err := errors.Join(undoOpening(o.Dir), finishRewriting(o.Dir)); err != nil {
		return nil, err
	}
	found, err := closeGaps(o)
	if err != nil {
		return found, err
	}
	aside := newAsideFolder(o.Dir, o.now())
	for turn := 0; ; turn++ {
		g, err := newGuard(o.Dir)
		if err != nil {
			return found, err
		}
		db, parts, openErr := openEmbedded(o, d, gen)
		touched, err := g.touched()
		if err != nil {
			return found, errors.Join(err, closeIf(db))
		}
		var corrupt *wlog.CorruptionErr
		if !touched && !errors.As(openErr, &corrupt) {
			if err := g.end(); err != nil {
				return found, errors.Join(err, closeIf(db))
			}
			gen.base, gen.parts = db, parts
			return found, openErr
		}
		if turn == repairs { // the TSDB sees what we do not; its repair stands
			d, err := g.keepTouched(o, aside)
			found = append(found, d...)
			if err = errors.Join(openErr, err, g.end(), aside.prune()); err != nil {
				return found, errors.Join(err, closeIf(db))
			}
			gen.base, gen.parts = db, parts
			return found, nil
		}
		if err := closeIf(db); err != nil {
			o.Logger.Warn("sample store was closed to repair its log", "err", err)
		}
		if err := errors.Join(g.restore(), g.end()); err != nil {
			return found, err
		}
		more, err := repairLogs(o, "", aside)
		found = append(found, more...)
		if err == nil {
			err = aside.prune()
		}
		if err != nil {
			return found, err
		}
	}
}

func closeIf(db *tsdb.DB) error {
	if db == nil {
		return nil
	}
	return db.Close()
}

// finishRewriting puts away what an earlier repair left that did not come to its end.
func finishRewriting(dir string) error {
	left := []string{filepath.Join(dir, rewritingDir)}
	for _, pattern := range []string{"*.restored", "*.repair"} {
		for _, name := range logNames {
			found, err := filepath.Glob(filepath.Join(dir, name, pattern))
			if err != nil {
				return err
			}
			left = append(left, found...)
		}
	}
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove what an earlier repair of the log left: %w", err)
		}
	}
	return nil
}

// keepTouched keeps the segments that the TSDB changed or deleted.
func (g guard) keepTouched(o TSDBOptions, aside *asideFolder) ([]Damage, error) {
	var found []Damage
	for _, name := range logNames {
		segments, err := segmentsIn(filepath.Join(g.dir(), name))
		if err != nil {
			return found, err
		}
		first := true
		for _, s := range segments {
			same, err := sameFile(s.path, filepath.Join(g.tsdb, name, s.name))
			if err != nil {
				return found, err
			}
			if same {
				continue
			}
			if _, err := aside.keep(s.path, name); err != nil {
				return found, err
			}
			if first {
				found = append(found, Damage{At: o.now(), Log: name, Segment: s.name, Records: 1, Unrepaired: true, Kept: aside.dir})
				first = false
			}
		}
	}
	return found, nil
}

// embedded is what one opening of the TSDB brings with it.
type embedded struct {
	registry *prometheus.Registry
	failed   []prometheus.Collector // counters of log writes that failed
}

// Register keeps a metric of the TSDB, and notes the counters of failed log writes:
// the TSDB does not tell its caller when late samples could not be logged.
func (e *embedded) Register(c prometheus.Collector) error {
	failed := false
	descs := make(chan *prometheus.Desc, 16)
	go func() { c.Describe(descs); close(descs) }()
	for d := range descs {
		if strings.Contains(d.String(), `"prometheus_tsdb_exemplar_`) {
			return nil // of its own exemplars, of which it has none
		}
		failed = failed || strings.Contains(d.String(), `_writes_failed_total"`)
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
