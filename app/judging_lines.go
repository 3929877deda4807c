package app

import (
	"math"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// freshKept is how many new templates of a service are remembered at most: before the
// first of so many there may have been others.
const freshKept = 200

// novelBlocks counts the templates of error lines that a service wrote for the first
// time, per block; nil if its lines had not been watched for long enough before.
func (c *Core) novelBlocks(service string, g grid, began, now time.Time) []float64 {
	from := g.first
	all, known := c.lines.watch.NewSince(service, from, now)
	for !known && from.Before(began) { // it began to be watched within the time
		from = from.Add(time.Hour)
		all, known = c.lines.watch.NewSince(service, from, now)
	}
	if !known {
		return nil
	}
	if len(all) >= freshKept {
		from = all[0].At
	}
	out := make([]float64, g.n)
	for i := range out {
		if g.first.Add(time.Duration(i) * g.step).Before(from) {
			out[i] = math.NaN()
		}
	}
	for _, f := range all {
		i := int(f.At.Sub(g.first) / g.step)
		if f.Severity >= telemetry.SeverityError && f.At.Compare(g.first) >= 0 && i < g.n && !math.IsNaN(out[i]) {
			out[i]++
		}
	}
	return out
}
