package detector

import (
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Explanation is all that went into the word on one sample, in numbers that
// follow from one another:
//
//	Mixture     sum of Forecasts, each by its Weight
//	Expected    Mixture, or the end of the band that it lies beyond: in an incident
//	            forecasts follow, and the band stays where it was
//	Scale       Error + Floor and their parts
//	Evidence    see Evidence.Decades
//	Decades     the largest of Evidence but shape, and shape added
//	Rarity      Decades - Looks - Habit - Bias; where Plain is given Plain.Decades - Looks,
//	            or Plain.Charts in place of Decades if that is not 0
//	Score       exp(-10^-Rarity)
//	Need        Looks - log10(Budget/168) + Habit + Bias + Share
//	Odd         Decades >= Need
//
// Values are in the unit that is watched (per second if Rate), evidence in powers
// of ten. When Reason is not empty the sample was not judged, and only Time, Value
// and the episode mean anything.
type Explanation struct {
	Time   int64   // ms since the Unix epoch
	Value  float64 // as watched; as sent where Reason is given
	Rate   bool
	Reason string // why it was not judged, as Bank.Judge says it
	Young  string // why the series may not alarm yet, "" if it may

	Expected, Lower, Upper float64 // as in Verdict, NaN without a band
	Mixture                float64 // of the forecasts; nothing below zero for a series that never was
	Low, High              float64 // within them a value is ordinary
	Part                   float64 // of the distance from there that does not count: of small counts a quarter of the distance between two
	Forecasts              []ExpertForecast
	Season                 SeasonParts
	Scale                  ScaleParts
	Long                   float64   // long level without season
	Normal                 float64   // long level with season: what was normal before any incident
	Unit                   float64   // an ordinary deviation from Normal
	Deviation              float64   // (Value - Normal) / Unit, clipped to 6; from Normal - Below or Normal + Above at an edge
	Start                  StartPart // of the tails of Evidence above and below
	Plain                  PlainPart // zero for a sample that was weighed in full

	Evidence []Evidence
	Decisive int     // index in Evidence of what decided
	Decades  float64 // total
	Looks    float64 // log10 of the chances for an alarm in an hour
	Habit    float64 // what alarms of the last days hold against the sample
	Bias     float64 // what too large daily maxima hold against it
	Rarity   float64 // log10 of the hours between samples as odd
	Score    float64

	Budget    float64 // false alarms in a week
	Share     float64 // what the series owes to its service
	Need      float64
	Threshold float64 // score from which a sample is odd
	Odd       bool
	Kind      Kind // of this sample
	Recurs    RecurrencePart
	Excused   bool // by Recurs: not odd whatever the score says

	Phase       Phase // of the episode, after this sample
	Since       int64 // ms; 0 outside of an episode
	Peak        float64
	EpisodeKind Kind
}

// ExpertForecast is what one expert had expected, by its weight in the mixture
// (all together 1) and its recent mean error.
type ExpertForecast struct {
	Name                 string
	Value, Weight, Error float64
}

// SeasonParts are the offsets of the calendar from the long level at the time of
// the sample; Total is Day and those of the others that are used. Days is how
// many days were learned from. All is zero while Known is false.
type SeasonParts struct {
	Known              bool
	Days               int
	Day, Week, Hour    float64
	WeekUsed, HourUsed bool
	Total              float64
	Spread             float64 // size of errors at this time of day, of the usual
	// Below and Above are how far the levels of the day around an edge near by lie below
	// and above that at the sample's time; 0 where there is no edge.
	Below, Above float64
}

// RecurrencePart is what happens day after day, or if Weekly week after week on Weekday, at
// about the time of the sample, all zero where nothing does: it begins Near minutes before
// or after Minute of the day, local time, and if Every is not 0 each so many minutes from there on, goes
// on for Lasts minutes more, and has been Off normal, below 0 under it. Up to
// Times of that is told to nobody. Count adds Gains for each day (week, or time) with it and takes 1 for
// each without; it is believed from Believed on.
// A Level goes on and is taken as normal. What comes at any time has a SporadicPart, no Minute and no Near.
type RecurrencePart struct {
	Minute, Near, Lasts    int
	Every                  int
	Off, Times             float64
	Count, Gains, Believed int
	Weekly, Level          bool
	Weekday                time.Weekday
	Sporadic               SporadicPart
}

// SporadicPart is what is known besides of what recurs at any time, zero of anything else: there were
// Today of it before, Most in a day are nothing new, the first Daily of a day add Gains to the count, of which
// each day takes Fades. Minute and Near of such a RecurrencePart are 0, and Lasts is for how long it may
// go on at all.
type SporadicPart struct{ Today, Most, Daily, Fades int }

// ScaleParts say what the size of an ordinary error is made of: Total is Error +
// Floor, Error the product of its factors, Floor the sum of its parts.
type ScaleParts struct {
	Total, Error, Floor            float64
	Mean, Spread, Fresh, Fine, Gap float64 // mean error of the forecast and its factors
	Level                          float64 // another one: by how much it grows to this level
	Power                          float64 // with this power of the level; 0 for not at all
	Rounding, Long, Range, Still   float64 // parts of the floor
	Counts                         float64 // what counting noise needs beyond those
}

// StartPart is what the tails of the sample alone, above and below, started from, and
// are shrunk to: Shape is that of all series, or what the series of Family had shown
// when this one was born. Series is the number of those that it is known from now.
type StartPart struct {
	Shape  float64
	Family string // "" if it was not known
	Series int
}

// PlainPart is how a plainly ordinary sample got its word (see ADR 0014): by weights of
// forecasts and the scale as the last lesson left them, or its own if it is one, by
// itself, and without habit and bias. All else of an explanation is what it would have
// been in full. Decades is 1.699 (Size/Quantile)^2, and Size that of Value - Expected in
// scales. Charts is the evidence of a mean or a storm that has left its quantile, if there
// is one and it is larger; it is then told instead, with habit and bias, and else 0.
type PlainPart struct {
	Expected, Scale, Size, Quantile, Decades, Charts float64
}

// Explain returns why Judge would say what it would say of a sample of the series,
// leaving all as it is. It is false for slots that are not watched. It costs some
// hundred microseconds.
func (b *Bank) Explain(slot Slot, t int64, v float64) (Explanation, bool) {
	c := b.series.at(int(slot.place()) / chunkSize)
	if !slot.Watched() || c == nil {
		return Explanation{}, false
	}
	start, l := b.Start(slot), b.Labels(slot)
	c.Lock()
	defer c.Unlock()
	s := &c.series[slot.place()%chunkSize]
	if uint32(s.Generation) != slot.generation() {
		return Explanation{}, false
	}
	k := look{sight: sight{glance: glance{t: t, fine: 1}}, full: true, share: float64(b.services.at(s.Service).shareAt(&b.params, t))}
	e := s.explain(&b.params, &b.days, k, v)
	e.start(&b.params, l, start)
	return e, true
}

// ReplayExplain is ReplayShare for the word on one sample: the newest that is not
// after time at (ms). It is false when there is none and for a configuration out
// of range.
func ReplayExplain(c Config, share float64, l labels.Labels, samples []telemetry.Sample, at int64) (Explanation, bool) {
	if !c.valid() {
		return Explanation{}, false
	}
	last := -1
	for i, x := range samples {
		if x.T <= at && (last < 0 || x.T > samples[last].T) {
			last = i
		}
	}
	if last < 0 {
		return Explanation{}, false
	}
	r := newReplay(c, l)
	r.share, r.full = float32(share), true
	for _, x := range samples[:last] {
		r.show(x)
	}
	r.pass(samples[last].T)
	e := r.series.explain(&r.params, &r.own, r.look(samples[last].T), samples[last].V)
	e.start(&r.params, l, c.Start)
	return e, true
}

// alone returns a copy of the series with a slab that holds a copy of its page.
func (s *series) alone(pages *days) (series, *days) {
	c, own := *s, new(days)
	if s.has(flagPage) {
		c.Page = own.take()
		*own.at(c.Page) = *pages.at(s.Page)
	}
	return c, own
}

// explain judges a sample on copies: one goes the whole way, for the word, and
// one stops where the evidence is weighed, for what the word is made of.
func (s *series) explain(p *params, pages *days, k look, v float64) Explanation {
	after, own := s.alone(pages)
	end := k
	phase, why := after.observe(p, own, &end, v)
	e := Explanation{Time: k.t, Value: v, Rate: after.counter(), Phase: phase, Expected: math.NaN(), Lower: math.NaN(), Upper: math.NaN()}
	if why != taken {
		e.Reason = outcomeNames[why]
		e.episode(after.verdict(k.t, phase))
		return e
	}
	e.tell(p, &after, &end, phase)
	c, own := s.alone(pages)
	c.admit(p, &k.glance, v)
	e.plain(p, &c, &k)
	d := c.prepare(p, own, &k)
	before := c // predict may put levels back
	c.predict(p, &k, d)
	k.compare()
	e.Low, e.High, e.Part, e.Mixture = k.low, k.high, k.part, k.expected
	e.forecasts(p, &before, &k, d != nil)
	e.season(p, &before, &k, d)
	e.Scale = before.scaleParts(p, &k)
	e.Long, e.Normal, e.Unit, e.Deviation = c.Long, k.anchor, k.unit, k.dev
	if total := e.weigh(p, &c, &k, d); e.Plain != (PlainPart{}) {
		e.Decades = total
	}
	if !c.ready(p, k.t) {
		e.Young = c.young(p, &k)
	}
	return e
}

// plain fills in how an admitted sample is judged that glides or strides.
func (e *Explanation) plain(p *params, s *series, k *look) {
	var w slide
	var seen sight
	if c := *s; !c.glides(p, &k.glance, k.share, &w) && !c.strides(p, &k.glance, k.share, &seen, &w) {
		return
	}
	tail := &s.Up
	if k.x < w.expected {
		tail = &s.Down
	}
	e.Plain = PlainPart{Expected: w.expected, Scale: w.scale, Size: math.Abs(k.x-w.expected) / w.scale, Quantile: float64(tail.Q), Decades: w.point, Charts: w.charts}
}

// start takes in what the series began with.
func (e *Explanation) start(p *params, l labels.Labels, from Start) {
	if e.Start.Shape = from.at.shape(p); from.at != 0 {
		e.Start.Family, e.Start.Series = familyOf(l).String(), from.Series
	}
}

// tell fills in the word itself.
func (e *Explanation) tell(p *params, after *series, k *look, phase Phase) {
	v := after.verdictOn(k, phase)
	e.Value, e.Expected, e.Lower, e.Upper, e.Score = v.Value, v.Expected, v.Lower, v.Upper, v.Score
	e.Decades, e.Looks, e.Rarity = k.decades, float64(after.Looks), float64(k.rarity)
	e.Bias = p.Calibration.Charged * max(float64(after.Bias), 0)
	e.Habit = k.habit - e.Bias
	e.Budget, e.Share, e.Need = p.budgetPerHour*hoursPerWeek, k.share, k.need
	e.Threshold = score(p.logBudget - k.share)
	e.Odd, e.Kind = k.odd && !k.excused, k.kind
	e.Recurs, e.Excused = k.recurs.part(p), k.odd && k.excused
	e.episode(v)
}

// episode takes in what a verdict tells of the episode.
func (e *Explanation) episode(v Verdict) {
	if v.Phase != PhaseQuiet {
		e.Since, e.Peak, e.EpisodeKind = v.Since, v.Peak, v.Kind
	}
}

// season takes in what the calendar says.
func (e *Explanation) season(p *params, s *series, k *look, d *page) {
	e.Season.Spread = k.spread
	if d == nil {
		return
	}
	if !k.turn {
		// The page was read when the minute began: what it says of the day now
		// can differ by what it has learned since.
		now := look{sight: sight{glance: glance{t: k.t}}, zone: k.zone}
		d.season(p, &now, float64(s.Step), float64(s.MixErr), s.Season)
		k.place, k.week, k.hour, k.day = now.place, now.week, now.hour, k.season-(now.season-now.day)
	}
	e.Season = SeasonParts{Known: true, Days: int(d.Ages), Day: k.day, Week: k.week, Hour: k.hour,
		WeekUsed: d.weekly(p), HourUsed: d.hourly(p, &k.place), Total: k.season, Spread: k.spread,
		Below: k.edge.below, Above: k.edge.above}
}
