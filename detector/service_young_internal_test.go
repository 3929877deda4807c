package detector

import (
	"math"
	"math/rand/v2"
	"testing"
)

// crowdStart is event time at minute 0 of the tests below.
const crowdStart = int64(1_000_000_000)

// crowded shows a group windows of a minute in which each of a hundred metrics is odd by
// the chance of that day, times what they share, and returns in how many it was rarer than once in 10^need hours.
func crowded(p *params, days int, chance func(day int) float64, need float64) (rare int, g *group) {
	g = new(group)
	g.begin(p)
	g.grow(p, 100)
	r := rand.New(rand.NewPCG(5, 5))
	for i := range days * 1440 {
		t := crowdStart + int64(i)*60_000
		odds := chance(i/1440) * math.Exp(0.8*r.NormFloat64()-0.32)
		for slot := range uint32(100) {
			if r.Float64() < odds {
				g.touch(p, slot+1, t, 1, 60)
			}
		}
		if _, _, rarity := g.rarest(p, t); rarity >= need {
			rare++
		}
	}
	return rare, g
}

func TestGroup_MetricsOddEverMoreOften_AreNotOddTogether(t *testing.T) {
	grows := func(day int) float64 { return 0.002 * float64(min(1+day, 8)) }
	p := defaults()
	by, g := crowded(p, 10, grows, 3)
	still := *p
	still.Group.Scale, still.Group.Many = g.scale(p), 1000 // as wide from the first day on
	wide, _ := crowded(&still, 10, grows, 3)
	if by > 3 || wide < 3*max(by, 1) {
		t.Errorf("metrics that are odd eight times as often on the eighth day as on the first: %d windows are rare, %d where how often they are is not followed", by, wide)
	}
}

func TestGroup_Average_OneCrowdIsNotUsual(t *testing.T) {
	p := defaults()
	_, g := crowded(p, 3, func(int) float64 { return 0.005 }, 3)
	before := g.scale(p)
	at := crowdStart + 3*1440*60_000
	for i := range 30 { // half an hour of thirty metrics, unless an episode opens
		for slot := range uint32(30) {
			g.touch(p, slot+1, at+int64(i)*60_000, 1, 60)
		}
	}
	if after := g.scale(p); after > 1.1*before {
		t.Errorf("half an hour of thirty odd metrics: scale from %.2f to %.2f", before, after)
	}
}

func TestGroup_Young_UntilADayAndAHalfHaveBeenSeen(t *testing.T) {
	p, g := defaults(), new(group)
	g.begin(p)
	for i := range 2200 {
		if i%10 == 0 {
			g.touch(p, 1, crowdStart+int64(i)*60_000, 1, 60)
		}
	}
	if g.Seen < p.Group.Warmup {
		t.Fatalf("%d windows were seen, want enough of them", g.Seen)
	}
	if !g.young(p, crowdStart+35*3_600_000) || g.young(p, crowdStart+37*3_600_000) {
		t.Error("want the group young for 36 hours")
	}
}

// What a verdict says of a group is of the number that is the rarer.
func TestTogether_NewlyOdd_IsSaid(t *testing.T) {
	p, v := defaults(), new(service)
	v.begin(p, 1)
	v.able = 20
	at := func(minute int) int64 { return crowdStart + int64(minute)*60_000 }
	touch := func(from, to uint32, minute int) {
		for slot := from; slot <= to; slot++ {
			v.group.touch(p, slot, at(minute), 1, 60)
		}
	}
	r := rand.New(rand.NewPCG(6, 6))
	for i := range 3000 { // twenty metrics are odd on and off, so that none is newly
		touch(1, uint32(r.IntN(21)), i)
	}
	for i := 3000; i <= 3010; i++ {
		touch(1, 5, i)
		touch(21, 30, i)
		out, ok := v.together(p, at(i))
		all := v.group.count(p, at(i))
		want, n := true, all[oddNewly]
		if i >= 3005 { // they are newly odd for five minutes
			want, n = false, all[oddNow]
		}
		if !ok || out.Group.Newly != want || out.Value != float64(n) {
			t.Errorf("minute %d: got %v metrics, newly %v; want %v, %v (%v)", i, out.Value, out.Group.Newly, n, want, all)
		}
	}
}
