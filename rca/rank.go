package rca

import (
	"cmp"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Input of Rank. The slices are only read.
type Input struct {
	Service     string // of the incident; "" when it has none
	Environment string
	Onset       time.Time
	Seen        time.Time     // when the incident was opened; zero when it is not known
	At          time.Time     // event time of the ranking; points after it are not looked at
	Step        time.Duration // distance of points; at most this much the onset may be early or late
	Changes     []telemetry.Change
	Series      []Series // of the incident's service and of those that changed, from before Window and Baseline
	Long        []Series // the same at a coarser step, from before LeakWindow; may be nil
	History     map[Habit]Record
	Lines       map[string][]Line // by service: templates of log lines that are new; services without an entry were not watched
	Unread      string            // why Series could not be read; "" when they were
	Graph       Graph             // of the services; the zero value when nothing is known of it

	Guards        Guards
	Fixes         []Fix     // from similar incidents and runbooks, the most promising first
	TimeToResolve *Estimate // nil when nobody estimates it
	Weights                 // from feedback; the zero value changes nothing
}

// Line is a template of log lines that was seen for the first time.
type Line struct {
	At       time.Time
	Text     string
	Severity telemetry.Severity
}

// Habit is what kind of change is made to which service.
type Habit struct {
	Kind    telemetry.ChangeKind
	Service string
}

// Record is how changes of one habit have gone before the ones that are ranked.
type Record struct {
	Changes int
	Failed  int // failed or rolled back
}

// The rows a ranking has at most, and the evidence a row shows.
const (
	maxFindings = 20
	maxEvidence = 5
)

// NoneTitle is the title of the row whose Change is nil.
const NoneTitle = "no recent change fits"

// Rank orders the changes by how probably each caused the incident, the row
// "no recent change fits" among them. The probabilities are the softmax of the
// rows' log odds and sum to 1. Equal input gives equal output: ties fall to the
// later start, then to the smaller id. It reads no clock and does no I/O.
//
// A change counts as a suspect when it began within Window before the onset, or
// after it but before At (which is shown, with the reason why it cannot be the
// cause), or within LeakWindow when a signal of its service has risen ever
// since. The terms are explained at their functions.
func Rank(in Input, c Config) Ranking {
	in.Onset, in.At = in.Onset.UTC(), in.At.UTC()
	in.Series, in.Long = unplanned(in.Series, in.Changes), unplanned(in.Long, in.Changes)
	r := ranker{in: in, cfg: c, post: span{in.Onset.Add(-in.Step), earlier(in.At.Add(time.Millisecond), in.Onset.Add(postLimit))}}
	r.index()
	r.inquiry = r.inquire()
	var suspects []suspect
	for i := range in.Changes {
		if s, ok := r.suspect(&in.Changes[i]); ok {
			suspects = append(suspects, s)
		}
	}
	for _, s := range suspects {
		r.top = max(r.top, s.score())
	}
	out := Ranking{At: in.At, Onset: in.Onset}
	none := r.none(suspects)
	for _, s := range suspects {
		out.Findings = append(out.Findings, r.finding(s))
	}
	slices.SortFunc(out.Findings, order)
	out.Findings = append(out.Findings[:min(len(out.Findings), maxFindings-1)], none)
	slices.SortStableFunc(out.Findings, order)
	spread(out.Findings, in.Weights)
	out.Suspects, out.Analysis = r.causes(out.Findings), r.analyse(out.Findings)
	out.Earliest = r.inquiry.began.from
	return out
}

// ranker is the state of one call of Rank.
type ranker struct {
	in      Input
	cfg     Config
	post    span
	moved   []shift              // of every series against the time before the onset, largest first
	top     float64              // the largest score of all services
	of      map[string][]*Series // by service, those that are signals
	long    map[string][]*Series
	inquiry *inquiry
}

// index puts the series that changes are judged by to their services.
func (r *ranker) index() {
	r.of, r.long = map[string][]*Series{}, map[string][]*Series{}
	for i := range r.in.Series {
		if s := &r.in.Series[i]; s.signal() {
			r.of[s.Service] = append(r.of[s.Service], s)
		}
	}
	for i := range r.in.Long {
		if s := &r.in.Long[i]; s.signal() {
			r.long[s.Service] = append(r.long[s.Service], s)
		}
	}
}

// before returns the quiet time that ends a step before t; an onset that is told
// a little early does no harm, one that is told late would.
func (r *ranker) before(t time.Time) span {
	end := t.Add(-r.in.Step)
	return span{end.Add(-time.Duration(r.cfg.Baseline)), end}
}

// suspect is a change with what was measured of it.
type suspect struct {
	change  *telemetry.Change
	late    time.Duration // by how much it began after the onset and what clocks allow; 0 when not
	foreign bool          // of another environment
	shifts  []shift       // of its service's series, largest first
	ramp    *ramp
}

func (s suspect) score() float64 {
	best := 0.0
	if len(s.shifts) > 0 {
		best = s.shifts[0].score()
	}
	if s.ramp != nil {
		best = max(best, s.ramp.score())
	}
	return best
}

func (s suspect) known() bool { return len(s.shifts) > 0 || s.ramp != nil }

// afterwards reports whether a change began, and was told of, when the incident
// had been seen already. Both are asked because a sender's clock may be ahead.
func (r *ranker) afterwards(ch *telemetry.Change) bool {
	seen := r.in.Seen
	return !seen.IsZero() && ch.Effective().After(seen) && ch.Received.After(seen)
}

func (r *ranker) suspect(ch *telemetry.Change) (suspect, bool) {
	s := suspect{change: ch}
	start := ch.Effective()
	age := r.in.Onset.Sub(start)
	if start.After(r.in.At) || age > time.Duration(r.cfg.LeakWindow) {
		return s, false
	}
	switch grace := r.in.Step + time.Duration(r.cfg.ClockSkew); {
	case -age > grace, r.afterwards(ch):
		s.late = max(-age, time.Millisecond)
	default:
		s.ramp = r.leak(ch)
	}
	if age > time.Duration(r.cfg.Window) && s.ramp == nil {
		return s, false
	}
	s.foreign = ch.Environment != "" && r.in.Environment != "" && ch.Environment != r.in.Environment
	for _, x := range r.of[ch.Service] {
		if sh, ok := measure(x, r.before(earlier(r.in.Onset, start)), r.post); ok {
			s.shifts = append(s.shifts, sh)
		}
	}
	sortShifts(s.shifts)
	return s, true
}

// leak returns the strongest steady rise at the service of a change since it.
func (r *ranker) leak(ch *telemetry.Change) *ramp {
	var best *ramp
	for _, list := range [][]*Series{r.of[ch.Service], r.long[ch.Service]} {
		for _, x := range list {
			got, ok := climbing(x, ch.Effective(), r.in.Onset, time.Duration(r.cfg.Baseline))
			if ok && (best == nil || got.z > best.z) {
				best = &got
			}
		}
	}
	return best
}

func (r *ranker) finding(s suspect) Finding {
	ch := *s.change
	f := Finding{Change: &ch, Title: ch.Title(), Terms: []Term{
		r.prior(s), r.time(s), r.effect(s), r.place(s), r.control(s), r.lines(s), r.suspected(s),
	}}
	shifts := s.shifts
	if s.ramp != nil {
		shifts = slices.DeleteFunc(slices.Clone(shifts), func(x shift) bool { return x.series.Signal == s.ramp.series.Signal })
		shifts = append([]shift{s.ramp.shift}, shifts...)
	}
	f.Evidence = evidence(shifts)
	return summed(f, r.in.Weights)
}

func evidence(shifts []shift) []Evidence {
	var out []Evidence
	for _, s := range shifts[:min(len(shifts), maxEvidence)] {
		out = append(out, observed(s))
	}
	return out
}

func sortShifts(x []shift) {
	slices.SortStableFunc(x, func(a, b shift) int {
		return cmp.Or(cmp.Compare(b.z, a.z), cmp.Compare(a.series.Service, b.series.Service),
			cmp.Compare(a.series.Signal, b.series.Signal), cmp.Compare(a.series.Query, b.series.Query))
	})
}

// order puts the most probable row first.
func order(a, b Finding) int {
	if a.LogOdds != b.LogOdds {
		return cmp.Compare(b.LogOdds, a.LogOdds)
	}
	switch {
	case a.Change == nil:
		return 1
	case b.Change == nil:
		return -1
	}
	return cmp.Or(b.Change.Started.Compare(a.Change.Started), cmp.Compare(a.Change.ID, b.Change.ID))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
