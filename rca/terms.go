package rca

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Weights, in log odds. The time and effect terms are mapped to [-1, 1] before
// they are weighted, so that what does not fit speaks against a change and what
// is unknown speaks neither way.
const (
	weightTime    = 2.0
	weightEffect  = 3.0
	weightPlace   = 1.5
	weightControl = 3.0
	weightLines   = 2.0
	weightSuspect = 3.0

	// priorFailed of priorChanges is the first guess for the share of changes
	// that cause an incident, before a service's own record is known.
	priorFailed, priorChanges = 1, 20

	// elsewhere is the place of a service whose way to the incident's service
	// is not known. Distance gates, it does not decay.
	elsewhere = 0.1

	// tooLate is what a change gets that began after the onset.
	tooLate = -5.0
	// wrongPlace is what a change of another environment gets.
	wrongPlace = -3.0

	// noise is the z up to which a shift is nothing, full that from which the
	// largest shift of an incident is taken for a clear effect.
	noise = 3.0
	full  = 10.0

	// shownLeast is the strength from which evidence of other kinds than signals
	// counts as an effect.
	shownLeast = 0.1

	// noneSuspect is added when the first suspect among the services has not changed.
	noneSuspect = 4.0
	// noneOdds are those of the row "no recent change fits" when the largest
	// effect is at a service that changed, noneUnfelt what is added when none is.
	noneOdds   = 0.3
	noneUnfelt = 1.5
)

// prior is logit((1+failed)/(20+changes)) of the service's own record.
func (r *ranker) prior(s suspect) Term {
	rec := r.in.History[Habit{s.change.Kind, s.change.Service}]
	p := float64(priorFailed+rec.Failed) / float64(priorChanges+rec.Changes)
	text := fmt.Sprintf("first guess for any %s: %.0f%%", s.change.Kind, 100*p)
	if rec.Changes > 0 {
		text = fmt.Sprintf("%d of %d earlier changes of this kind to %s failed or were rolled back: %.0f%%",
			rec.Failed, rec.Changes, s.change.Service, 100*p)
	}
	return Term{Name: "prior", Points: math.Log(p / (1 - p)), Text: text}
}

// time is 2 (2T - 1) with T = exp(-lag/tau), where the lag runs from the end of
// the change (or its start when it has not ended) to the onset and tau is its
// kind's, or a day where a signal has climbed ever since.
func (r *ranker) time(s suspect) Term {
	if s.late > 0 {
		return Term{Name: "time", Points: tooLate, Text: fmt.Sprintf("began %s after the onset: cannot be its cause", words(s.late))}
	}
	end, verb := s.change.Effective(), "began"
	if f := s.change.Finished; !f.IsZero() && f.After(end) {
		end, verb = f, "finished"
	}
	lag := max(r.in.Onset.Sub(end), 0)
	tau := r.cfg.tau(s.change.Kind)
	text := fmt.Sprintf("%s %s before the onset", verb, words(lag))
	if lag == 0 {
		text = "was under way at the onset"
		if verb == "began" {
			text = "began at the onset, as far as clocks can tell"
		}
	}
	if s.ramp != nil && tau < leakTau {
		text += fmt.Sprintf(", and %s has climbed ever since (rank correlation %.2f)", s.ramp.series.Signal, s.ramp.correlation)
	}
	return Term{Name: "time", Points: weightTime * (2*r.recency(s) - 1), Text: text}
}

// recency is exp(-lag/tau), 0 for a change that began too late.
func (r *ranker) recency(s suspect) float64 {
	if s.late > 0 {
		return 0
	}
	end := s.change.Effective()
	if f := s.change.Finished; f.After(end) {
		end = f
	}
	tau := r.cfg.tau(s.change.Kind)
	if s.ramp != nil {
		tau = max(tau, leakTau)
	}
	return math.Exp(-float64(max(r.in.Onset.Sub(end), 0)) / float64(tau))
}

// share maps a score to E in [0, 1]: nothing up to noise, 1 for the largest of
// all services if that is clear. In between it is concave, ln(1+10e)/ln(11) of
// the linear share e: whether a service was hit says more than whether it was
// hit hardest, because trouble often shows larger where it arrives.
func (r *ranker) share(score float64) float64 {
	low, high := math.Log1p(noise), max(r.top, math.Log1p(full))
	e := min(max((score-low)/(high-low), 0), 1)
	return math.Log1p(10*e) / math.Log(11)
}

// effect is 3 (2E - 1), E the share of the largest shift at the changed service.
func (r *ranker) effect(s suspect) Term {
	switch {
	case !s.known() && r.in.Unread != "":
		return Term{Name: "effect", Text: fmt.Sprintf("its series could not be read (%s): counts neither way", r.in.Unread)}
	case !s.known():
		return Term{Name: "effect", Text: fmt.Sprintf("no telemetry of %s around the onset: counts neither way", s.change.Service)}
	}
	best := shift{z: math.Inf(-1)}
	if len(s.shifts) > 0 {
		best = s.shifts[0]
	}
	if s.ramp != nil && s.ramp.z >= best.z {
		best = s.ramp.shift
	}
	e := r.share(s.score())
	if shown := r.inquiry.shown(s.change.Service); shown > e+0.05 && r.inquiry.strength > shownLeast {
		w := r.inquiry.all[r.inquiry.at[r.inquiry.real(s.change.Service)]]
		return Term{Name: "effect", Points: weightEffect * (2*shown - 1), Text: fmt.Sprintf("%s shows in %s", s.change.Service, traits[w.kind].words)}
	}
	points := weightEffect * (2*e - 1)
	if best.z < noise {
		return Term{Name: "effect", Points: points, Text: fmt.Sprintf("no signal of %s got worse (largest z %.1f, %s)", s.change.Service, max(best.z, 0), best.series.Signal)}
	}
	text := fmt.Sprintf("%s went from %s to %s (z %.0f)", best.series.Signal, figure(best.before, best.series.Unit), figure(best.after, best.series.Unit), best.z)
	switch {
	case e >= 1, e > 0.95 && len(r.moved) > 0 && r.moved[0].series.Service == s.change.Service:
		text += ", the largest effect seen"
	case len(r.moved) > 0 && r.moved[0].series.Service != s.change.Service:
		text += fmt.Sprintf("; %s moved more", r.moved[0].series.Service)
	}
	return Term{Name: "effect", Points: points, Text: text}
}

// place is 1.5 for the incident's own service and a tenth of it elsewhere.
func (r *ranker) place(s suspect) Term {
	t := Term{Name: "place"}
	switch {
	case s.foreign:
		t.Points = wrongPlace
		t.Text = fmt.Sprintf("environment %s, the incident is in %s", s.change.Environment, r.in.Environment)
	case s.change.Service == r.in.Service:
		t.Points = weightPlace
		t.Text = "the incident's own service"
	default:
		t.Points = weightPlace * elsewhere
		t.Text = "another service; whether it is called from here is not known"
	}
	return t
}

// control is -3 C, C the share of the trouble that was there in the minutes
// before the change, measured against the time before those.
func (r *ranker) control(s suspect) Term {
	t := Term{Name: "before"}
	start := s.change.Effective()
	minutes := span{start.Add(-recent), start}
	quiet := span{minutes.from.Add(-time.Duration(r.cfg.Baseline)), minutes.from}
	now := s.score()
	if !s.known() || r.share(now) == 0 {
		t.Text = "no effect that could have been there before it"
		return t
	}
	checked := false
	var worst shift
	share := 0.0
	for _, x := range r.of[s.change.Service] {
		before, bad := x.values(quiet)
		after, _ := x.values(minutes)
		if len(before) < minBaseline || len(after) < minRecent {
			continue
		}
		checked = true
		largest := 0.0
		for _, v := range append(append([]float64(nil), before...), after...) {
			largest = max(largest, math.Abs(v))
		}
		y := newYardstick(before, x.Unit, largest)
		// The median, because the trouble must have lasted to be the same.
		z := y.one(median(after), bad)
		low := math.Log1p(noise)
		if c := (math.Log1p(max(z, 0)) - low) / (now - low); c > share {
			share, worst = min(c, 1), shift{series: x, z: z, before: x.original(y.m), after: x.original(median(after))}
		}
	}
	switch {
	case !checked:
		t.Text = "not enough data before it to tell"
	case share == 0:
		t.Text = fmt.Sprintf("nothing odd in the %s before it", words(recent))
	default:
		t.Points = -weightControl * share
		t.Text = fmt.Sprintf("%s was at %s already in the %s before it (z %.0f)", worst.series.Signal, figure(worst.after, worst.series.Unit), words(recent), worst.z)
	}
	return t
}

// lines is 2 for lines of at least error that no earlier version of the service wrote
// and that came with the change, half of it for warnings. Nothing new speaks neither
// way: most trouble is told in words that are known.
func (r *ranker) lines(s suspect) Term {
	t := Term{Name: "lines"}
	seen, known := r.in.Lines[s.change.Service]
	if !known {
		t.Text = fmt.Sprintf("no log lines of %s were watched for long enough before", s.change.Service)
		return t
	}
	from, until := s.change.Effective().Add(-r.in.Step), s.change.Effective().Add(linesWithin)
	var first *Line
	n := 0
	for i := range seen {
		l := &seen[i]
		if l.At.Before(from) || l.At.After(until) || l.Severity.Level() < telemetry.SeverityWarn {
			continue
		}
		n++
		if first == nil || l.Severity.Level() > first.Severity.Level() {
			first = l
		}
	}
	switch {
	case first == nil:
		t.Text = fmt.Sprintf("no warning or error of %s is new since it: counts neither way", s.change.Service)
		return t
	case s.late > 0 || s.foreign:
		t.Text = fmt.Sprintf("%s is new since it: %q", first.Severity, first.Text)
		return t
	case first.Severity.Level() >= telemetry.SeverityError:
		t.Points = weightLines
	default:
		t.Points = weightLines / 2
	}
	more := ""
	if n > 1 {
		more = fmt.Sprintf(" and %d more", n-1)
	}
	t.Text = fmt.Sprintf("new since it: %s line %q%s, first %s after", first.Severity, first.Text, more, words(max(first.At.Sub(s.change.Effective()), 0)))
	return t
}

// suspected is 3 (2 S^2 - 1) V, where S is the score of the changed service among all
// services, as a share of the first one's, and V how far the order is to be trusted. What speaks for a change
// counts as far as it came shortly before.
func (r *ranker) suspected(s suspect) Term {
	t := Term{Name: "suspect"}
	q := r.inquiry
	at, known := q.at[q.real(s.change.Service)]
	if !known || len(q.order) == 0 || q.strength <= 0 {
		t.Text = "not enough is known to rank services: counts neither way"
		return t
	}
	first := q.order[0]
	share := q.all[at].score / q.all[first].score
	t.Points = weightSuspect * q.trust() * (2*share*share - 1)
	if t.Points > 0 {
		t.Points *= r.recency(s)
	}
	switch rank := slices.Index(q.order, at); {
	case rank == 0:
		t.Text = fmt.Sprintf("%s is the first suspect among the services", s.change.Service)
	case rank < 0:
		t.Text = fmt.Sprintf("%s shows nothing; the first suspect among the services is %s", s.change.Service, q.names[first])
	default:
		t.Text = fmt.Sprintf("%s is suspect %d among the services, after %s", s.change.Service, rank+1, q.names[first])
	}
	return t
}

// linesWithin is how long after a change a new line is taken to have come with it.
const linesWithin = 30 * time.Minute

// words writes a duration for people: "40s", "7m", "1h5m".
func words(d time.Duration) string {
	switch d = d.Abs(); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d%time.Hour < time.Minute:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
}
