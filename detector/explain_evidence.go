package detector

import (
	"fmt"
	"math"
)

// Evidence is what one channel had to say. Size is what it measured:
//
//	above, below    distance from what is ordinary, in scales; of small counts a quarter of one less
//	mean of N       mean deviation from the long level over N samples, in units
//	storm of N      mean distance from what is ordinary over N samples, in scales
//	ebb             how many times the mean of the last samples fits into normal
//	record          distance beyond all that has been, in widths of the range
//	still           samples without any change, over Times
//	shape           samples between two sequences of levels that are new
//
// Quantile is the size that 2 % of samples (windows, for mean and storm) exceed,
// and Shape how slowly larger ones become rarer, learned from Excesses such sizes
// among Seen and shrunk by a tenth to what the tail starts from: for a sample alone
// Explanation.Start, 0.2 for the others.
type Evidence struct {
	Channel         string
	Size            float64
	Quantile, Shape float64
	Seen, Excesses  int
	// Samples for which the channel has been beyond its quantile before this one.
	Lasting int
	// Times is how many times as long a run without change must be because such runs were told
	// of late; 1 for the others.
	Times   float64
	Bonus   float64 // what is added, for a run or to set channels against one another
	Most    float64 // what it can bear: of what seldom happens little is known; else +Inf
	Against float64 // what is held against it: samples before it said as much, or it has been told
	// Decades is min(tail + Bonus, Most) - Against, where tail is 1.699
	// (Size/Quantile)^2 up to the quantile and 1.699 + log10(Size/Quantile) / Shape
	// beyond; for shape 0.7 (log10(Size) - 1); for record Bonus + log10(Size), where Bonus
	// is log10((Seen+2)/(Excesses+2)) + log10(n/2+1), Excesses are the changes among the
	// samples seen and n is their number, a thousand at most;
	// for ebb Bonus + Shape log2(Size/Quantile), where Quantile is how many times the mean
	// must fit in for Bonus, which is log10 of the looks in an hour and of the hours Seen.
	Decades float64
	Silent  string // why the channel said nothing, "" if it did
}

// Places of the channels in Explanation.Evidence.
const (
	seenPoint = iota
	seenChart
	seenStorm  = seenChart + charts
	seenEbb    = seenStorm + storms
	seenRecord = seenEbb + 1
	seenStill  = seenRecord + 1
	seenShape  = seenStill + 1
	seenAll    = seenShape + 1
)

// measured is the evidence of a size by a tail.
func (a *tail) measured(p *params, prior float64, name string, u float64) Evidence {
	return Evidence{Channel: name, Size: u, Quantile: float64(a.Q), Shape: a.shape(p, prior), Seen: int(a.N), Excesses: int(a.K), Times: 1, Most: math.Inf(1)}
}

// sum works out Decades.
func (x *Evidence) sum(p *params) {
	d := p.tailDecades * (x.Size / x.Quantile) * (x.Size / x.Quantile)
	if x.Size > x.Quantile {
		d = p.tailDecades + math.Log(x.Size/x.Quantile)/(math.Ln10*x.Shape)
	}
	x.Decades = min(d+x.Bonus, x.Most) - x.Against
}

// weigh fills in the evidence of all channels and which of them decides, from a
// series that has predicted the sample and not yet judged it, and returns what it comes to.
func (e *Explanation) weigh(p *params, s *series, k *look, d *page) (total float64) {
	all := make([]Evidence, seenAll)
	all[seenPoint] = s.pointEvidence(p, k)
	for i := range charts {
		all[seenChart+i] = s.chartEvidence(p, k, i)
	}
	for i := range storms {
		all[seenStorm+i] = s.stormEvidence(p, k, i)
	}
	all[seenEbb] = s.ebbEvidence(p, k, d)
	all[seenRecord] = s.recordEvidence(p, k)
	all[seenStill] = s.stillEvidence(p, k)
	all[seenShape] = s.shapeEvidence(p, k, d)
	e.Evidence, e.Decisive = all, seenPoint
	for i := range all[:seenStill] {
		if all[i].Silent == "" && all[i].Decades > all[e.Decisive].Decades {
			e.Decisive = i
		}
	}
	total = all[e.Decisive].Decades + all[seenShape].Decades
	switch still := &all[seenStill]; {
	case still.Silent == "" && still.Decades > total:
		e.Decisive, total = seenStill, still.Decades
	case e.Kind == KindShape:
		e.Decisive = seenShape
	}
	return total
}

// pointEvidence is that of the sample alone.
func (s *series) pointEvidence(p *params, k *look) Evidence {
	up, down := s.runEvidence(p, k)
	held := p.Evidence.HeldAgainst * max(0, float64(s.Held)-p.tailDecades)
	if s.N < p.Runs.Youth {
		held *= float64(s.N) / float64(p.Runs.Youth)
	}
	tailOf, start := &s.Up, s.Start.shape(p)
	x := tailOf.measured(p, start, "above", max(k.x-k.high-k.part, 0)/k.scale)
	x.Bonus = up
	if k.x < k.low {
		tailOf = &s.Down
		x = tailOf.measured(p, start, "below", max(k.low-k.x-k.part, 0)/k.scale)
		x.Bonus = down
	}
	if x.Size < x.Quantile {
		x.Bonus = 0
	}
	if x.Channel == "above" && x.Size > 0 && s.ChangeRate < p.Evidence.RarelyChanges {
		x.Most = s.rareEvent(p, k)
	}
	if x.Bonus > 0 {
		x.Lasting = int(max(s.Run, -s.Run))
	}
	x.Against = held
	x.Shape *= tailOf.young(p, s.Start)
	x.sum(p)
	return x
}

func (s *series) chartEvidence(p *params, k *look, i int) Evidence {
	g := s.Chart[i]
	g += (float32(k.dev) - g) * p.rates.chart[i]
	x := s.Persist[i].measured(p, p.Charts.Shape, fmt.Sprintf("mean of %g", p.Charts.Window[i]), math.Abs(float64(g)))
	x.Lasting, x.Bonus, x.Against = int(s.Drift[i]), p.chartBonus(i, k.closer), s.fade(p, i)
	switch {
	case math.Abs(k.dev) < p.Charts.Least:
		x.Silent = "the value is within a unit of normal"
	case s.otherUnit(p, k.t):
		x.Silent = "the level became another within the last days, many times or a small part of the one before"
	case float32(s.N) < p.chartYoung[i]:
		x.Silent = fmt.Sprintf("the series is younger than %g samples", p.chartYoung[i])
	case float64(g)*k.dev <= 0:
		x.Silent = "the mean lies on the other side"
	default:
		x.sum(p)
	}
	return x
}

func (s *series) stormEvidence(p *params, k *look, i int) Evidence {
	u, g := float32(k.off()), s.Storm[i]
	g += (min(u, p.Storms.Clip) - g) * p.rates.storm[i]
	x := s.Burst[i].measured(p, p.Charts.Shape, fmt.Sprintf("storm of %g", p.Storms.Window[i]), float64(g))
	x.Lasting, x.Bonus, x.Against = int(s.Gust[i]), p.stormBonus(i, k.closer), s.gustFade(p, i)
	switch {
	case u < p.Storms.Least:
		x.Silent = "the value is within a scale of what is ordinary"
	case float32(s.N) < p.stormYoung[i]:
		x.Silent = fmt.Sprintf("the series is younger than %g samples", p.stormYoung[i])
	default:
		x.sum(p)
	}
	return x
}

func (s *series) stillEvidence(p *params, k *look) Evidence {
	times := s.toldOften(p)
	x := s.Calm.measured(p, p.Evidence.StillShape, "still", (float64(s.Still)+1)/times)
	x.Times = times
	x.Bonus = k.restBonus(p)
	if s.habitual(p) {
		x.Shape = p.Evidence.AlikeShape
	}
	switch {
	case k.x != s.X1:
		x.Silent = "the value has changed"
	case k.rests(p):
		x.Silent = fmt.Sprintf("the value is zero, and less than %g units from normal", p.Charts.Least)
	case s.Changes < s.stillChanges(p):
		x.Silent = fmt.Sprintf("fewer than %d changes seen", s.stillChanges(p))
	case k.gap:
		x.Silent = "a gap lies before"
	case float32(s.Still) < s.Calm.Q:
		x.Silent = fmt.Sprintf("no longer than %.4g samples", s.Calm.Q)
	case s.toldStill(p, k):
		x.Silent = "the run was told by an episode that is over"
	case s.habitual(p) && x.Size < p.Evidence.AlikeTimes*x.Quantile:
		x.Silent = fmt.Sprintf("less than %g times as long as runs that were alike", p.Evidence.AlikeTimes)
	default:
		x.sum(p)
	}
	return x
}

// shapeEvidence is what a sequence of levels that is new adds.
func (s *series) shapeEvidence(p *params, k *look, d *page) Evidence {
	x := Evidence{Channel: "shape", Times: 1, Most: math.Inf(1)}
	if d == nil {
		x.Silent = "the series is younger than six hours"
		return x
	}
	n := d.Novelty
	samples := n.samples(p, pageStep(p, s.Step))
	if !k.turn {
		x.Silent = "it learns from another sample of these three minutes"
		return x
	}
	switch x.Decades = n.step(p, k.x, pageStep(p, s.Step)); {
	case x.Decades > 0 && s.shifted(p, k.t):
		x.Decades, x.Silent = 0, "the sequence holds a new level that has been told"
	case x.Decades > 0 && s.shaped(p, k.t):
		x.Decades, x.Silent = 0, "the sequence holds a block that made another one new, which has been told"
	case x.Decades > 0 && s.N > p.Novelty.Youth:
		x.Seen = int(n.Blocks)
		x.Size = samples / (float64(d.Novelty.Share) + 1/float64(n.Blocks+1))
	case n.Count > 0:
		x.Silent = "the block of two hours is not over"
	default:
		x.Decades, x.Silent = 0, "the sequence is not new, or new ones are frequent"
	}
	return x
}
