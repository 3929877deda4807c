package watch

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Names of the series.
const (
	LinesMetric = "tocsin_log_lines_total"
	ValueMetric = "tocsin_log_value"
)

// rest is the label of the lines of templates without a series of their own.
const rest = "rest"

// choose gives the most frequent patterns series of their own. One that has them keeps
// them while it is among twice as many, so that series do not come and go.
func (s *service) choose(most int) {
	all := s.sorted()
	slices.SortStableFunc(all, func(a, b *pattern) int {
		return cmp.Or(-cmp.Compare(a.mean, b.mean), -cmp.Compare(a.total, b.total))
	})
	s.shown = 0
	for i, p := range all {
		if p.shown {
			if p.shown = i < 2*most; p.shown {
				s.shown++
			} else {
				p.values = nil
			}
		}
	}
	for _, p := range all {
		if s.shown >= most {
			return
		}
		if !p.shown && p.total > 0 {
			p.shown, p.total = true, 0 // what was before is counted under rest
			s.shown++
		}
	}
}

// Series appends to a batch the counts up to at of each service, by template and level,
// and the median and 95th percentile of numeric variables since the last call. Lines of
// templates without a series are counted under the template "rest". The batch's memory
// is the caller's.
func (w *Watcher) Series(b *telemetry.Batch, at time.Time) {
	t := at.UnixMilli()
	for _, s := range w.all() {
		s.mu.Lock()
		for _, p := range s.sorted() {
			if !p.shown {
				continue
			}
			add(b, LinesMetric, t, float64(p.total), "service", s.name, "level", p.level.String(), "template", Name(p.id))
			for _, v := range p.values {
				if len(v.kept) == 0 {
					continue
				}
				for _, q := range []struct {
					text string
					of   float64
				}{{"0.5", 0.5}, {"0.95", 0.95}} {
					add(b, ValueMetric, t, v.quantile(q.of), "service", s.name, "template", Name(p.id), "variable", v.name, "quantile", q.text)
				}
				v.reset()
			}
		}
		for i, n := range s.hidden {
			if n > 0 {
				add(b, LinesMetric, t, float64(n), "service", s.name, "level", levelName(i), "template", rest)
			}
		}
		s.mu.Unlock()
	}
}

func levelName(i int) string {
	if i == 0 {
		return telemetry.SeverityUnknown.String()
	}
	return telemetry.Severity(4*i - 3).String()
}

func add(b *telemetry.Batch, name string, t int64, v float64, pairs ...string) {
	s := b.Next()
	s.Labels = append(s.Labels[:0], telemetry.Pair{Name: []byte("__name__"), Value: []byte(name)})
	for i := 0; i < len(pairs); i += 2 {
		s.Labels = append(s.Labels, telemetry.Pair{Name: []byte(pairs[i]), Value: []byte(pairs[i+1])})
	}
	s.Samples = append(s.Samples[:0], telemetry.Sample{T: t, V: v})
}

// WriteMetrics writes what was watched in the text format of Prometheus.
func (w *Watcher) WriteMetrics(out io.Writer) {
	patterns := 0
	all := w.all()
	for _, s := range all {
		s.mu.Lock()
		patterns += len(s.patterns)
		s.mu.Unlock()
	}
	fmt.Fprintf(out, "tocsin_log_lines_watched_total %d\n", w.lines.Load())
	fmt.Fprintf(out, "tocsin_log_lines_unwatched_total{reason=\"late\"} %d\n", w.late.Load())
	fmt.Fprintf(out, "tocsin_log_lines_unwatched_total{reason=\"future\"} %d\n", w.far.Load())
	fmt.Fprintf(out, "tocsin_log_lines_unwatched_total{reason=\"too_many_services\"} %d\n", w.folded.Load())
	fmt.Fprintf(out, "tocsin_log_watched_services %d\n", len(all))
	fmt.Fprintf(out, "tocsin_log_watched_templates %d\n", patterns)
	for i, phase := range []string{"opened", "changed", "closed"} {
		fmt.Fprintf(out, "tocsin_log_findings_total{phase=%q} %d\n", phase, w.findings[i+1].Load())
	}
}
