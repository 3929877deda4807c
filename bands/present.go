package bands

import (
	"context"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

// nowish is how far from the clock an instant query may be to be about the
// present: rules are evaluated for a moment shortly before.
const nowish = time.Minute

// isPresent reports whether a selection is that of an instant query for now and
// not of a range.
func (q *querier) isPresent(hints *storage.SelectHints) bool {
	if q.opts.Live == nil || hints == nil || hints.Step != 0 || hints.Range != 0 || hints.End-hints.Start > q.opts.Lookback.Milliseconds() {
		return false
	}
	off := q.opts.Now().UnixMilli() - hints.End
	return off <= nowish.Milliseconds() && off >= -nowish.Milliseconds()
}

// present takes the word of the live detector. One on a sample that came after
// the asked moment counts for that moment.
func (q *querier) present(ctx context.Context, hints *storage.SelectHints, sel selection) ([]storage.Series, error) {
	var out []storage.Series
	n := 0
	err := q.watched(ctx, hints, sel.base, func(l labels.Labels) {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return
		}
		v, ok := q.opts.Live(l)
		if !ok || v.Time < hints.Start || v.Time > hints.End+nowish.Milliseconds() {
			return
		}
		all := figures(v)
		for _, i := range sel.want {
			if !math.IsNaN(all[i]) {
				out = append(out, newSeries(l, parts[i], column{t: []int64{min(v.Time, hints.End)}, v: []float64{all[i]}}))
			}
		}
	})
	if err == nil {
		err = ctx.Err()
	}
	return sortSeries(out), err
}
