package detector

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

func TestRecurrence_Traits_ReadAsSet(t *testing.T) {
	for span := range sporadicSpans {
		for rate := range sporadicRates {
			for count := range sporadicCounts {
				want := traits{count, rate, span}
				r := recurrenceOf(-20, 600, 9, grown)
				r.setTraits(want)
				if got := r.traits(); got != want || !r.sporadic() || r.frequent() || r.weekly() || int(r.count()) != count || r.number() != 9 || r.today() != grown || !r.below() || r.minute() != 0 {
					t.Fatalf("set %+v: got %+v, count %d, number %d, %v", want, got, r.count(), r.number(), r.rhythm())
				}
			}
		}
	}
	last := recurrence(0)
	last.setTraits(traits{sporadicCounts - 1, sporadicRates - 1, sporadicSpans - 1})
	if code := last.bits(0, minuteBits); code >= 1<<minuteBits || code < sporadicAt || sporadicAt != 540 {
		t.Errorf("codes from %d to %d", sporadicAt, code)
	}
	if p := defaults(); p.Recurrence.SporadicBelieved >= sporadicCounts || p.Recurrence.SporadicBelieved <= p.Recurrence.SporadicGains*p.Recurrence.SporadicDaily {
		t.Errorf("believed from %d of %d", p.Recurrence.SporadicBelieved, sporadicCounts)
	}
}

// begun is a sporadic one, seen once.
func begun(p *params, size float64) recurrence {
	var r recurrence
	r.setTraits(traits{count: p.Recurrence.SporadicGains})
	r.setSize(size)
	return r
}

// Two of a day count, each day takes three: of days with two the third is the first that may be known.
func TestRecurrence_SporadicDays_CountAndFade(t *testing.T) {
	p := defaults()
	r := begun(p, 20)
	for day := range 10 {
		for range 5 {
			r.comes(p, &look{}, 20)
		}
		if want := min(4+8*(day+1)-3*day, 27); int(r.count()) != want || r.number() != 5 || r.known(p) != (want >= 18) {
			t.Fatalf("day %d: count %d, number %d, want count %d and 5", day, r.count(), r.number(), want)
		}
		if day >= 4 {
			break
		}
		r.endSporadic(p)
	}
	days := 0
	for ; r != 0; days++ {
		if r.known(p) != (days < 4) {
			t.Errorf("after %d days without: known is %v", days, r.known(p))
		}
		size := r.size()
		if r.endSporadic(p); days > 0 && r != 0 && r.size() != size {
			t.Errorf("a day without takes from its size: %v to %v", size, r.size())
		}
	}
	if days != 10 {
		t.Errorf("forgotten after %d days", days)
	}
}

// A day with more than half of what is usual makes that more, one with little less.
func TestRecurrence_SporadicLimit_FollowsUsualDays(t *testing.T) {
	p := defaults()
	r := begun(p, 20)
	for i, c := range []struct{ n, limit int }{{1, 4}, {2, 4}, {3, 8}, {4, 8}, {5, 14}, {7, 14}, {8, 28}, {30, 28}, {4, 28}, {3, 14}, {1, 8}, {0, 8}, {1, 4}, {1, 4}} {
		for range c.n {
			r.comes(p, &look{}, 20)
		}
		if got, want := r.goesOn(p, &look{}), c.n < r.limit(p) || r.limit(p) > sporadicToday; got != want {
			t.Fatalf("day %d of %d: one more is covered: %v, want %v", i, c.n, got, want)
		}
		if r.endSporadic(p); r.limit(p) != c.limit {
			t.Fatalf("day %d of %d: the limit is %d, want %d", i, c.n, r.limit(p), c.limit)
		}
	}
}

func TestRecurrence_SporadicEpisode_CoveredForAsLongAsItTakes(t *testing.T) {
	p := defaults()
	r := begun(p, 20)
	if r.took(p, 40); r.lasts(p) != p.Recurrence.Lasts[2] {
		t.Fatalf("40 minutes before it is known: lasts %d", r.lasts(p))
	}
	at := func(lasted int) *look { return &look{open: true, lasted: lasted} }
	for lasted, want := range map[int]bool{0: true, 45: true, 46: false, -1: false} {
		if got := r.goesOn(p, at(lasted)); got != want {
			t.Errorf("after %d minutes: covered is %v", lasted, got)
		}
	}
	r.setTraits(traits{count: p.Recurrence.SporadicBelieved, span: 0})
	if r.took(p, 200); r.traits().span != 2 {
		t.Errorf("200 minutes once it is known: span %d, want halfway up", r.traits().span)
	}
	if r.took(p, 30); r.traits().span != 2 {
		t.Errorf("30 minutes after that: span %d", r.traits().span)
	}
	if r.took(p, 3); r.traits().span != 1 {
		t.Errorf("3 minutes: span %d, want one less", r.traits().span)
	}
	if r.took(p, 1000); r.traits().span != 1 {
		t.Errorf("1,000 minutes: span %d, want none of it", r.traits().span)
	}
	// Within an episode it counts once, and follows its largest.
	r = begun(p, 20)
	r.comes(p, &look{}, 20)
	r.comes(p, at(3), 30)
	if r.number() != 1 || int(r.count()) != 2*p.Recurrence.SporadicGains || math.Abs(r.size()/30-1) > 0.03 {
		t.Errorf("one episode: number %d, count %d, size %v", r.number(), r.count(), r.size())
	}
}

// What comes at any time is known and not told; scores mean what they say all the same, so
// that it counts among what the day had, as what comes at its hour does not.
func TestSeries_ExcusedAtAnyTime_CountsAsTheMaximumOfTheDay(t *testing.T) {
	const start, days = 1_767_571_200_000, 28
	for name, c := range map[string]struct {
		at       func(r *rand.Rand) int64 // minute of the day
		sporadic bool
	}{
		"any time": {func(r *rand.Rand) int64 { return 30 + r.Int64N(1380) }, true},
		"its hour": {func(*rand.Rand) int64 { return 600 }, false},
	} {
		r := rand.New(rand.NewPCG(1, 20))
		b, err := NewBank(DefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		slot := b.Register(labels.FromStrings(labels.MetricName, "x"))
		s := &b.series.at(int(slot.place()) / chunkSize).series[slot.place()%chunkSize]
		excused := 0
		for day := range int64(days) {
			var spikes [5]int64
			for i := range spikes {
				spikes[i] = c.at(r)
			}
			largest := 0.0
			for minute := range int64(1440) {
				x := 10 + r.NormFloat64()
				for _, at := range spikes {
					if minute >= at && minute < at+5 {
						x = 55
					}
				}
				_, tell := b.Observe(slot, start+(day*1440+minute)*60_000, x)
				if x > 40 && day > 21 && !tell {
					excused++
					largest = max(largest, s.DayMax.value())
				}
			}
			if told := largest > 2; day > 21 && told != c.sporadic {
				t.Errorf("%s, day %d: the largest while excused was %.1f", name, day, largest)
			}
		}
		if excused < 30 {
			t.Errorf("%s: %d samples excused", name, excused)
		}
	}
}
