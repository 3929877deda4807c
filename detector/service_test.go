package detector_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

func of(service, name string) labels.Labels {
	return labels.FromStrings("__name__", name, "service", service)
}

func byService(l labels.Labels) string { return l.Get("service") }

// serviceBank is a bank that knows services and keeps what it tells of groups.
func serviceBank(t testing.TB, told *[]detector.Verdict, change ...func(*detector.Config)) *detector.Bank {
	t.Helper()
	c := detector.DefaultConfig()
	for _, f := range change {
		f(&c)
	}
	b, err := detector.NewBank(c, detector.WithServices(byService), detector.WithGroups(func(v detector.Verdict) {
		if told != nil {
			*told = append(*told, v)
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// machine feeds n metrics of a service minute by minute, each moved by shift.
func machine(b *detector.Bank, service string, n, from, to int, shift func(metric, i int) float64) (opened int) {
	slots := make([]detector.Slot, n)
	for j := range slots {
		slots[j] = b.Register(of(service, fmt.Sprint("m", j)))
	}
	for i := from; i < to; i++ {
		for j, slot := range slots {
			r := rand.New(rand.NewPCG(uint64(j), uint64(i)))
			v, tell := b.Observe(slot, start+int64(i)*60_000+int64(j)*500, 100+r.NormFloat64()+shift(j, i))
			if tell && v.Phase == detector.PhaseOpened {
				opened++
			}
		}
	}
	return opened
}

func quiet(int, int) float64 { return 0 }

// minute returns event time at minute i.
func minute(i int) int64 { return start + int64(i)*60_000 }

// lone feeds one series that leaves its band at each of the minutes, by the given
// share of the band's half width, and returns how often an episode opened.
func lone(b *detector.Bank, l labels.Labels, to int, by float64, minutes ...int) (opened int) {
	slot := b.Register(l)
	for i := range to {
		x := 100 + rand.New(rand.NewPCG(8, uint64(i))).NormFloat64()
		if v, ok := b.Last(slot); ok && slices.Contains(minutes, i) {
			x = v.Upper + by*(v.Upper-v.Expected)
		}
		if v, tell := b.Observe(slot, minute(i), x); tell && v.Phase == detector.PhaseOpened {
			opened++
		}
	}
	return opened
}

func service(t *testing.T, b *detector.Bank, name string, i int) detector.Service {
	t.Helper()
	s, ok := b.Service(name, minute(i))
	if !ok {
		t.Fatalf("service %q is not known", name)
	}
	return s
}

func TestServices_SeriesAndBudgets_ByName(t *testing.T) {
	b := serviceBank(t, nil, func(c *detector.Config) {
		c.Budgets = []detector.ServiceBudget{{Service: "pay-*", Budget: 5}, {Service: "pay-b", Budget: 9}}
	})
	for _, l := range []labels.Labels{of("web", "a"), of("web", "b"), of("pay-b", "a"), gauge("lone")} {
		b.Register(l)
	}
	got := ""
	for _, s := range b.Services(start) {
		got += fmt.Sprintf("%q %d %v; ", s.Name, s.Series, s.Budget)
	}
	if want := `"" 1 1; "pay-b" 1 5; "web" 2 1; `; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, ok := b.Service("nobody", start); ok {
		t.Error("a service without series is known")
	}
}

func TestCharge_DoubtfulAlarms_FoldedChargedAndRefunded(t *testing.T) {
	// Just beyond the threshold, so that it is doubtful; within half an hour; far later.
	b := serviceBank(t, nil)
	if opened := lone(b, of("web", "m0"), 4000, 0.15, 2000, 2020, 3000); opened != 3 {
		t.Fatalf("got %d openings, want 3", opened)
	}
	s := service(t, b, "web", 4000)
	if s.Spent7 != 2 || s.Alarms7 != 2 || s.Spent28 != 2 {
		t.Errorf("got %d charged and %d in all of 7 days, want 2: the second opening is of the first alarm", s.Spent7, s.Alarms7)
	}
	if !(s.Offset > 0.2) {
		t.Errorf("two alarms in two days: got offset %v, want it raised", s.Offset)
	}
	if len(s.Most) != 1 || s.Most[0].Alarms != 2 || s.Most[0].Labels.Get("__name__") != "m0" {
		t.Errorf("most spending: got %+v, want m0 with both", s.Most)
	}
	if b.Refund("web", minute(500)) || b.Refund("nobody", minute(2000)) {
		t.Error("gave back what nobody was charged for")
	}
	if !b.Refund("web", minute(2020)) || b.Refund("web", minute(2000)) {
		t.Error("want the first alarm given back once, by any of its openings")
	}
	after := service(t, b, "web", 4000)
	if after.Spent7 != 1 || after.Alarms7 != 2 || !(after.Offset < s.Offset-0.15) {
		t.Errorf("after the refund: got %d charged, %d in all, offset %v (was %v)", after.Spent7, after.Alarms7, after.Offset, s.Offset)
	}
	later := service(t, b, "web", 4000+7*1440)
	if later.Spent7 != 0 || later.Spent28 != 1 || !(later.Offset < after.Offset) {
		t.Errorf("a week later: got %d and %d charged, offset %v", later.Spent7, later.Spent28, later.Offset)
	}
}

func TestCharge_FarBeyondTheThreshold_IsNoFalseAlarm(t *testing.T) {
	b := serviceBank(t, nil)
	lone(b, of("web", "m0"), 3000, 100, 2000)
	if s := service(t, b, "web", 3000); s.Spent7 != 0 || s.Alarms7 != 1 || s.Offset > 0 {
		t.Errorf("got %d charged of %d, offset %v; want an alarm that costs nothing", s.Spent7, s.Alarms7, s.Offset)
	}
}

// An alarm that opens just beyond the threshold and is far beyond it a minute later was
// no chance.
func TestCharge_DoubtfulThatGrows_IsGivenBack(t *testing.T) {
	for _, grows := range []bool{false, true} {
		b := serviceBank(t, nil)
		slot := b.Register(of("web", "m0"))
		opened := 0
		for i := range 3000 {
			x := 100 + rand.New(rand.NewPCG(8, uint64(i))).NormFloat64()
			if v, ok := b.Last(slot); ok && i == 2000 {
				x = v.Upper + 0.15*(v.Upper-v.Expected)
			} else if ok && i == 2001 && grows {
				x = 1000
			}
			if v, tell := b.Observe(slot, minute(i), x); tell && v.Phase == detector.PhaseOpened {
				opened++
			}
		}
		want := 1
		if grows {
			want = 0
		}
		if s := service(t, b, "web", 3000); s.Spent7 != want || s.Alarms7 != 1 || opened != 1 {
			t.Errorf("grows %v: got %d charged of %d alarms, %d openings; want %d of 1", grows, s.Spent7, s.Alarms7, opened, want)
		}
	}
}

func TestShare_ManySeries_NeedMoreThanOne(t *testing.T) {
	b := serviceBank(t, nil)
	machine(b, "one", 1, 0, 1000, quiet)
	machine(b, "many", 40, 0, 1000, quiet)
	one, many := service(t, b, "one", 1000), service(t, b, "many", 1000)
	if many.Able < 35 || one.Able != 1 {
		t.Fatalf("got %d and %d able series", one.Able, many.Able)
	}
	if d := many.Share - one.Share; d < 0.8 || d > 1.6 {
		t.Errorf("forty series owe %v powers of ten more than one, want about 1.3", d)
	}
}

func TestReplayShare_LargerShare_WiderBandSameScore(t *testing.T) {
	samples := feed(1000, 60, func(i int) float64 { return 100 + rand.New(rand.NewPCG(3, uint64(i))).NormFloat64() })
	last := func(share float64) (out detector.Verdict) {
		detector.ReplayShare(detector.DefaultConfig(), share, gauge("x"), samples, func(v detector.Verdict) { out = v })
		return out
	}
	alone, among := last(0), last(2)
	if among.Upper-among.Lower < 1.5*(alone.Upper-alone.Lower) || among.Score != alone.Score {
		t.Errorf("alone %+v, among many %+v", alone, among)
	}
}

// History comes series by series, and what one series shows alone says nothing of
// what is usual among twelve.
func TestGroup_HistoryOneSeriesAfterAnother_NotOddTogetherThenNorAfter(t *testing.T) {
	var told []detector.Verdict
	b := serviceBank(t, &told)
	for seed := range uint64(6) {
		name := fmt.Sprint("web", seed)
		slots := make([]detector.Slot, 12)
		r := rand.New(rand.NewPCG(seed, 5))
		for j := range slots {
			slots[j] = b.Register(of(name, fmt.Sprint("m", j)))
			for i := range 3000 {
				b.Observe(slots[j], minute(i), 100+r.NormFloat64())
			}
		}
		for i := 3000; i < 4000; i++ {
			for j, slot := range slots {
				b.Observe(slot, minute(i)+int64(j), 100+r.NormFloat64())
			}
		}
	}
	opened := 0
	for _, v := range told {
		if v.Phase == detector.PhaseOpened {
			opened++
		}
	}
	if opened > 1 {
		t.Errorf("six ordinary services in sixteen hours: got %d groups, first %+v", opened, told[0])
	}
}

func TestGroup_ManyMetricsSlightlyOdd_AlarmsThoughNoneAloneDoes(t *testing.T) {
	var told []detector.Verdict
	b := serviceBank(t, &told)
	slightly := func(metric, i int) float64 {
		if i >= 3000 && i < 3020 && metric >= 5 {
			return 4.3
		}
		return 0
	}
	machine(b, "web", 12, 0, 3000, slightly)
	before := len(told)
	alone := machine(b, "web", 12, 3000, 3002, slightly)
	if len(told) == before {
		t.Fatalf("no verdict on the group; %d series alarmed alone", alone)
	}
	v := told[before]
	if v.Kind != detector.KindGroup || v.Phase != detector.PhaseOpened || v.Slot != 0 || v.Group.Service != "web" || v.Time < minute(3000) {
		t.Errorf("got %+v of %+v", v, v.Group)
	}
	if !(v.Value > v.Upper) || v.Score < 0.9 {
		t.Errorf("got evidence %v with bound %v and score %v", v.Value, v.Upper, v.Score)
	}
	if alone != 0 {
		t.Errorf("%d series alarmed alone: the test shows nothing", alone)
	}
	total := 0.0
	for i, g := range v.Group.Guilty {
		total += g.Share
		if g.Labels.Get("__name__") < "m" || i > 0 && g.Rarity > v.Group.Guilty[i-1].Rarity {
			t.Errorf("guilty %d: %+v", i, g)
		}
	}
	if n := len(v.Group.Guilty); n < 2 || n > 5 || total > 1.0001 {
		t.Errorf("got %d guilty with %v of the evidence", n, total)
	}
	machine(b, "web", 12, 3002, 3200, slightly)
	last := told[len(told)-1]
	if last.Phase != detector.PhaseClosed || last.Since != v.Since {
		t.Errorf("got last %+v, want the same episode closed", last)
	}
}

func TestCheckpoint_ServicesAndGroups_AsIfNeverStopped(t *testing.T) {
	shift := func(metric, i int) float64 {
		if i%2000 > 1994 && metric < 8 {
			return 5.5
		}
		return 0
	}
	var wantTold, gotTold []detector.Verdict
	whole, first, second := serviceBank(t, &wantTold), serviceBank(t, nil), serviceBank(t, &gotTold)
	machine(whole, "web", 10, 0, 3500, shift)
	machine(first, "web", 10, 0, 3500, shift)
	var file bytes.Buffer
	if err := first.Checkpoint(&file); err != nil {
		t.Fatal(err)
	}
	if err := second.Restore(&file); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{3500, 3500 + 2*1440} { // what time takes follows from the alarms before
		if a, b := fmt.Sprint(first.Services(minute(at))), fmt.Sprint(second.Services(minute(at))); a != b {
			t.Fatalf("restored, minute %d: %s, want %s", at, b, a)
		}
	}
	wantTold = nil
	a, c := machine(whole, "web", 10, 3500, 8000, shift), machine(second, "web", 10, 3500, 8000, shift)
	if a != c || len(wantTold) != len(gotTold) || a+len(wantTold) == 0 {
		t.Fatalf("got %d openings and %d group verdicts, want %d and %d", c, len(gotTold), a, len(wantTold))
	}
	for i := range wantTold {
		if fmt.Sprint(wantTold[i].Group) != fmt.Sprint(gotTold[i].Group) || wantTold[i].Time != gotTold[i].Time || wantTold[i].Score != gotTold[i].Score {
			t.Errorf("group verdict %d: got %+v, want %+v", i, gotTold[i], wantTold[i])
		}
	}
	if a, b := fmt.Sprint(whole.Services(minute(8000))), fmt.Sprint(second.Services(minute(8000))); a != b {
		t.Errorf("went on to %s, want %s", b, a)
	}
}

func TestGroup_Sweep_ClosesWhatHasGoneQuiet(t *testing.T) {
	var told []detector.Verdict
	b := serviceBank(t, &told)
	all := func(_, i int) float64 {
		if i >= 3000 {
			return 8
		}
		return 0
	}
	machine(b, "web", 8, 0, 3003, all)
	open := service(t, b, "web", 3003).Open
	for i := range 30 {
		b.Sweep(minute(3003+i), func(detector.Verdict) {})
	}
	if !open || service(t, b, "web", 3033).Open {
		t.Errorf("open %v before and %v after half an hour without a sample", open, service(t, b, "web", 3033).Open)
	}
	if last := told[len(told)-1]; last.Phase != detector.PhaseClosed || time.Duration(last.Time-minute(3003))*time.Millisecond > 20*time.Minute {
		t.Errorf("got last %+v", last)
	}
}
