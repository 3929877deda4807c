package detector

import "testing"

// counting feeds a headcount one window a minute and returns it, as of the end of the
// last, and the windows.
func counting(p *params, minutes int, n func(minute int) int) (*headcount, uint32) {
	c, seen := new(headcount), uint32(0)
	c.begin(p)
	for i := range minutes {
		c.turn(p, p.quarter(int64(i)*60_000), p.Group.Scale)
		c.note(n(i))
		seen++
		c.learn(p, seen, p.Group.Scale)
		c.Most = 0
	}
	return c, seen
}

func TestHeadcount_WhatComesDaily_IsUsualThenAndNotAtOtherTimes(t *testing.T) {
	p := defaults()
	backup := func(i int) int {
		if i%1440 >= 120 && i%1440 < 125 {
			return 9
		}
		return i % 2
	}
	c, seen := counting(p, 5*1440+121, backup)
	then := c.rarity(p, c.beyond(9), seen, p.Group.Scale)
	c, seen = counting(p, 5*1440+700, backup)
	other := c.rarity(p, c.beyond(9), seen, p.Group.Scale)
	if !(other > then+1.5) {
		t.Errorf("nine metrics at once are as rare as %.2f powers of ten when they are every day and %.2f at another time; want 1.5 more", then, other)
	}
	if lone := c.beyond(1); lone != 0 {
		t.Errorf("one metric alone: %v beyond what is usual, want 0", lone)
	}
}

func TestHeadcount_Reach_IsWhereTheRarityIsReached(t *testing.T) {
	p := defaults()
	c, seen := counting(p, 3000, func(i int) int { return i * 7919 % 101 / 25 })
	for _, need := range []float64{2, 3, 5} {
		n := c.reach(p, need, seen, p.Group.Scale)
		if got := c.rarity(p, n-1-c.usual(), seen, p.Group.Scale); got < need-1e-6 || got > need+1e-6 {
			t.Errorf("at %v metrics: rarity %v, want %v", n, got, need)
		}
	}
}

// Metrics that are odd on and off count as newly odd once an hour.
func TestGroup_OddAgainWithinTheHour_IsNotNewlyOdd(t *testing.T) {
	p, g := defaults(), new(group)
	g.begin(p)
	at := func(minute int) int64 { return 1_000_000_000 + int64(minute)*60_000 }
	for _, c := range []struct{ minute, now, newly int }{{0, 3, 3}, {20, 3, 0}, {90, 3, 3}} {
		for slot := range uint32(3) {
			g.touch(p, slot+1, at(c.minute), 1, 60)
		}
		if got := g.count(p, at(c.minute)); got[oddNow] != c.now || got[oddNewly] != c.newly {
			t.Errorf("minute %d: got %d odd and %d newly, want %d and %d", c.minute, got[oddNow], got[oddNewly], c.now, c.newly)
		}
	}
	if got := g.count(p, at(95)); got[oddNow] != 0 {
		t.Errorf("five minutes later: %d are odd still", got[oddNow])
	}
}
