package cardinality

import (
	"cmp"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

const (
	// jumpLeast is how many series an hour must make to be a jump, and jumpTimes
	// how many times as many as was usual.
	jumpLeast = 20
	jumpTimes = 3
	// startMargin is the time after counting began in which everything is new.
	startMargin = 3 * Step
	// changeBefore is how long before a jump a change may have been that brought
	// it; the first new series may be seen a scrape and a rollout later.
	changeBefore = 30 * time.Minute
	// jumpShare is how much of the largest step of its hour the first one must make:
	// the few series of a start just before the many are not their begin.
	jumpShare = 0.1
	// topMetrics is how many metrics of a jump are named.
	topMetrics = 5
)

// Jump is a time in which a service made far more series than in the day before.
type Jump struct {
	Service string
	From    time.Time // begin of the step in which it began
	To      time.Time // end of the last hour that was still far more than usual
	Made    int64     // series made in it
	Usual   float64   // what the day before would have made in that time
	Metrics []MetricGrowth
}

// MetricGrowth is what a jump made of one metric.
type MetricGrowth struct {
	Metric string
	Made   int64
}

// Jumps returns the jumps within the history that is kept, the latest first.
func (t *Tracker) Jumps() []Jump {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := stepOf(t.now())
	all := t.groupsOf()
	var out []Jump
	for _, service := range sortedServices(all) {
		out = append(out, jumpsOf(service, all[service], stepOf(t.since.Add(startMargin)), now)...)
	}
	slices.SortStableFunc(out, func(a, b Jump) int { return b.From.Compare(a.From) })
	return out
}

// jumpsOf looks at one service: a step begins a jump if the hour that begins with
// it makes far more than hours of the day before it did.
func jumpsOf(service string, metrics map[string]history, since, now int64) []Jump {
	var whole history
	for _, h := range metrics {
		whole = append(whole, h...)
	}
	slices.SortFunc(whole, func(a, b moment) int { return cmp.Compare(a.At, b.At) })
	var out []Jump
	end := since
	for _, m := range whole {
		if m.At < end || m.Made == 0 {
			continue
		}
		usual := usualHour(whole, m.At, since)
		least := max(jumpLeast, jumpTimes*usual)
		made, _ := whole.between(m.At, m.At+hourSteps)
		here, _ := whole.between(m.At, m.At+1)
		if float64(made) < least || float64(here) < jumpShare*float64(whole.largest(m.At, m.At+hourSteps)) {
			continue
		}
		end = m.At + hourSteps
		for end <= now {
			more, _ := whole.between(end, end+hourSteps)
			if float64(more) < least {
				break
			}
			end += hourSteps
		}
		total, _ := whole.between(m.At, end)
		out = append(out, Jump{
			Service: service, From: timeOf(m.At), To: timeOf(min(end, now+1)), Made: total,
			Usual: usual * float64(end-m.At) / float64(hourSteps), Metrics: topOf(metrics, m.At, end),
		})
	}
	return out
}

// usualHour returns how many series an hour made in the day before a step, as far
// as that was counted.
func usualHour(h history, step, since int64) float64 {
	from := max(step-fineSteps, since)
	made, _ := h.between(from, step)
	return float64(made) / max(1, float64(step-from)/float64(hourSteps))
}

func topOf(metrics map[string]history, from, to int64) []MetricGrowth {
	var out []MetricGrowth
	for name, h := range metrics {
		if made, _ := h.between(from, to); made > 0 {
			out = append(out, MetricGrowth{name, made})
		}
	}
	slices.SortFunc(out, func(a, b MetricGrowth) int {
		return cmp.Or(cmp.Compare(b.Made, a.Made), cmp.Compare(a.Metric, b.Metric))
	})
	return out[:min(len(out), topMetrics)]
}

// Attribution is a jump with the change that most likely brought it, if any.
type Attribution struct {
	Jump
	Change *telemetry.Change
	// Own says that the change was one of the service itself. A change of another
	// one is named only if there was none.
	Own bool
}

// Attribute names for each jump the latest change of its service within half an
// hour before it, and if there was none, the latest of any. A jump is known by its
// step, within which the change may have been.
func Attribute(jumps []Jump, changes []telemetry.Change) []Attribution {
	out := make([]Attribution, len(jumps))
	for i, j := range jumps {
		out[i].Jump = j
		for k := range changes {
			c := &changes[k]
			at := c.Effective()
			if at.Before(j.From.Add(-changeBefore)) || !at.Before(j.From.Add(Step)) {
				continue
			}
			own := c.Service == j.Service
			best := out[i].Change
			if best == nil || own && !out[i].Own || own == out[i].Own && at.After(best.Effective()) {
				out[i].Change, out[i].Own = c, own
			}
		}
	}
	return out
}
