package detector

import (
	"math"
	"testing"
)

const weekMS = secondsWeek * 1000

// twoOf returns a service of so many series that can alarm, with a budget, as of t.
func twoOf(p *params, series int, budget float64, t int64) *service {
	v := new(service)
	v.begin(p, budget)
	for range series {
		v.join(p, t)
	}
	return v
}

func (v *service) offsets(p *params, t int64) (series, group float64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return float64(v.offset.at(p, t, v.fall(p))), float64(v.grouped.at(p, t, v.groupFall(p)))
}

// Before the first alarm a week of silence says more than later on, and so does the
// alarm: both are what the posterior of the rate says.
func TestOffset_FirstWeeks_FollowThePosteriorThenTheSettledStep(t *testing.T) {
	p, at := defaults(), int64(1_000_000)
	for _, budget := range []float64{0.5, 1, 4} {
		v := twoOf(p, 1, budget, at)
		now, want := at, 0.0
		for alarms := range 6 {
			now += weekMS / 8
			settled := min(max(p.Service.OffsetStep/math.Sqrt(budget), p.Service.StepSmallest), p.Service.StepLargest)
			k := p.Service.Prior + float64(alarms)
			want -= p.Service.DoubtShare * budget / 8 * max(settled, math.Log10E/k)
			if got, _ := v.offsets(p, now); math.Abs(got-want) > 1e-3 {
				t.Errorf("budget %v, after %d alarms and an eighth of a week: got offset %.4f, want %.4f", budget, alarms, got, want)
			}
			if v.charge(p, now, 5, 0) != openedCharged {
				t.Fatal("the alarm is not charged: nothing is tested")
			}
			want += max(settled, math.Log10(1+1/k))
			if got, _ := v.offsets(p, now); math.Abs(got-want) > 1e-3 {
				t.Errorf("budget %v, after the alarm number %d: got offset %.4f, want %.4f", budget, alarms, got, want)
			}
		}
	}
}

// What the group does not spend is left to the series; what it does is theirs too.
func TestOffset_Group_ItsAlarmsAreOfTheBudgetOfAll(t *testing.T) {
	p, at := defaults(), int64(1_000_000)
	alone, both := twoOf(p, 1, 1, at), twoOf(p, 2, 1, at)
	now := at + weekMS
	one, _ := alone.offsets(p, now)
	two, group := both.offsets(p, now)
	if one != two || !(group > two) || !(group < 0) {
		t.Errorf("after a quiet week: got offsets %v of one series, %v of two and %v of their group; want the first two alike and the third less low", one, two, group)
	}
	both.charge(p, now, 0, 0)
	if after, of := both.offsets(p, now); !(after > two+0.15) || !(of > group+0.15) {
		t.Errorf("an alarm of the group: series %v to %v, group %v to %v; want both higher", two, after, group, of)
	}
	two, group = both.offsets(p, now+weekMS)
	both.charge(p, now+weekMS, 7, 0)
	if after, of := both.offsets(p, now+weekMS); !(after > two+0.15) || of != group {
		t.Errorf("an alarm of a series: series %v to %v, group %v to %v; want the series alone higher", two, after, group, of)
	}
}

// An alarm that is given back leaves what was before it, whatever came in between.
func TestOffset_GivenBack_IsWhatWasAdded(t *testing.T) {
	p, at := defaults(), int64(1_000_000)
	v := twoOf(p, 1, 1, at)
	v.charge(p, at, 5, 0)
	first, _ := v.offsets(p, at)
	later := at + weekMS/7
	v.charge(p, later, 5, 0)
	before, _ := v.offsets(p, later)
	if !v.refund(p, at) {
		t.Fatal("the first alarm is not given back")
	}
	if got, _ := v.offsets(p, later); math.Abs(before-got-first) > 1e-6 {
		t.Errorf("the first alarm added %v, given back were %v", first, before-got)
	}
}

// What has grown beyond doubt since it opened is given back, what has not is not.
func TestGrow_BeyondDoubt_IsGivenBack(t *testing.T) {
	p, at := defaults(), int64(1_000_000)
	v := twoOf(p, 1, 1, at)
	v.charge(p, at, 5, 0.2)
	if v.grow(p, at, p.Service.Doubtful-0.1); v.spent.last().Given {
		t.Error("what is still doubtful was given back")
	}
	if v.grow(p, at, p.Service.Doubtful); !v.spent.last().Given {
		t.Error("what is beyond doubt is still charged")
	}
	if off, _ := v.offsets(p, at); math.Abs(off) > 1e-6 {
		t.Errorf("got offset %v, want none left", off)
	}
}

// People have the last word: what they have called false stays charged when it grows.
func TestGrow_CalledFalse_StaysCharged(t *testing.T) {
	p, at := defaults(), int64(1_000_000)
	v := twoOf(p, 1, 1, at)
	v.charge(p, at, 5, p.Service.Doubtful+0.1)
	if !v.blame(p, at) {
		t.Fatal("an alarm beyond doubt cannot be called false")
	}
	if v.grow(p, at, 3*p.Service.Doubtful); !v.spent.last().Charged {
		t.Error("an alarm that was called false was given back because it grew")
	}
	if !v.refund(p, at) {
		t.Error("what was called false and is confirmed after all is not given back")
	}
}
