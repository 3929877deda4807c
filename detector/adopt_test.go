package detector_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// daysOf is n samples, five minutes apart, of a series with a day.
func daysOf(n int) (times []int64, values []float64) {
	for i := range n {
		times = append(times, int64(i+1)*300_000)
		values = append(values, 100+30*math.Sin(2*math.Pi*float64(i)/288)+3*math.Sin(float64(i)*1.7))
	}
	return times, values
}

func bankWith(t *testing.T, l labels.Labels) (*detector.Bank, detector.Slot) {
	t.Helper()
	b, err := detector.NewBank(detector.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	return b, b.Register(l)
}

// A series that was warmed beside its bank goes on as if it had always been
// there: the scores of what follows are the same to the last bit.
func TestAdopt_Warmed_JudgesAsIfItHadSeenAll(t *testing.T) {
	l := labels.FromStrings("__name__", "queue_depth")
	times, values := daysOf(1500)
	whole, w := bankWith(t, l)
	live, s := bankWith(t, l)
	warm, h := bankWith(t, l)
	for i := range 1200 {
		whole.Observe(w, times[i], values[i])
		warm.Observe(h, times[i], values[i])
		if i >= 1100 { // what came while the history was read
			live.Observe(s, times[i], values[i])
		}
	}
	live.Observe(s, times[1200], values[1200])
	whole.Observe(w, times[1200], values[1200])
	if _, _, done := live.Adopt(s, warm, h); done {
		t.Fatal("a state that misses the newest sample was taken")
	}
	warm.Observe(h, times[1200], values[1200])
	if _, tell, done := live.Adopt(s, warm, h); !done || tell {
		t.Fatalf("got done %v, tell %v; want a quiet success", done, tell)
	}
	for i := 1201; i < 1500; i++ {
		v := values[i]
		if i == 1400 {
			v = 900
		}
		want, _ := whole.Observe(w, times[i], v)
		got, _ := live.Observe(s, times[i], v)
		// The width of the band is also a matter of what the service has spent,
		// and that is not adopted.
		want.Lower, want.Upper = got.Lower, got.Upper
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("sample %d: got %+v, want %+v", i, got, want)
		}
	}
}

func TestAdopt_NothingToGain_LeavesTheStateAlone(t *testing.T) {
	l := labels.FromStrings("__name__", "queue_depth")
	times, values := daysOf(100)
	live, s := bankWith(t, l)
	warm, h := bankWith(t, l)
	for i := range 100 {
		live.Observe(s, times[i], values[i])
	}
	before, _ := live.Last(s)
	if _, tell, done := live.Adopt(s, warm, h); !done || tell {
		t.Errorf("an empty history: got done %v, tell %v", done, tell)
	}
	for i := 50; i < 60; i++ {
		warm.Observe(h, times[i], values[i])
	}
	if _, tell, done := live.Adopt(s, warm, h); !done || tell {
		t.Errorf("a shorter history: got done %v, tell %v", done, tell)
	}
	if after, _ := live.Last(s); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("got %+v, want %+v", after, before)
	}
	if _, _, done := live.Adopt(0, warm, h); !done {
		t.Error("slot 0: want nothing to do")
	}
}

// An episode that the young state had opened is ended, or it would stay open.
func TestAdopt_EpisodeOpen_ItsEndIsTold(t *testing.T) {
	l := labels.FromStrings("__name__", "queue_depth")
	times, values := daysOf(800)
	live, s := bankWith(t, l)
	warm, h := bankWith(t, l)
	opened := false
	for i := range 800 {
		v := values[i]
		if i >= 795 {
			v = 5000
		}
		warm.Observe(h, times[i], values[i])
		if i >= 500 {
			got, tell := live.Observe(s, times[i], v)
			opened = opened || tell && got.Phase == detector.PhaseOpened
		}
	}
	if !opened {
		t.Fatal("the live series has no open episode to begin with")
	}
	lost, tell, done := live.Adopt(s, warm, h)
	if !done || !tell || lost.Phase != detector.PhaseLost || lost.Slot != s || lost.Since != times[795] {
		t.Errorf("got %+v, tell %v, done %v; want the end of the episode", lost, tell, done)
	}
}
