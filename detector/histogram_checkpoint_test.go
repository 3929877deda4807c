package detector_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"testing/iotest"

	"github.com/tocsinhq/tocsin/detector"
)

// crowd is histograms of both sorts with traffic from a handful to thousands of
// observations a round, restarts, gaps and rounds that are not whole. What it
// does in a round depends on nothing but the round.
type crowd struct {
	classic []*latency
	natives []*native
	told    []detector.Verdict
}

func newCrowd(b *detector.Bank) *crowd {
	c := new(crowd)
	for i := range 30 {
		c.classic = append(c.classic, newLatency(b, bounds, "i", strconv.Itoa(i)))
		c.natives = append(c.natives, newNative(b, "i", "n"+strconv.Itoa(i)))
	}
	return c
}

func (c *crowd) tell(v detector.Verdict) { c.told = append(c.told, v) }

// play goes through rounds; without a bank only the counts go on.
func (c *crowd) play(b *detector.Bank, from, to int) {
	for j := from; j < to; j++ {
		at := start + int64(j)*15_000
		for i := range c.classic {
			r := rand.New(rand.NewPCG(uint64(i), uint64(j)))
			h, n := c.classic[i], c.natives[i]
			if r.IntN(100) == 0 {
				clear(h.counts)
				clear(n.counts)
			}
			scale := 0.05
			if j%170 > 160 {
				scale = 0.5
			}
			for range r.IntN(4 << (i % 9)) {
				x := scale * math.Exp(0.5*r.NormFloat64())
				h.see(x, bounds)
				n.see(x)
			}
			if b == nil || r.IntN(50) == 0 {
				continue
			}
			order := r.Perm(len(bounds))
			if r.IntN(20) == 0 {
				order = order[:r.IntN(len(order))]
			}
			for _, k := range order {
				v := h.counts[k]
				if r.IntN(2000) == 0 {
					v = stale
				}
				b.Feed(h.slots[k], at, v, c.tell)
			}
			n.bank, n.told = b, nil
			n.scrape(at)
			c.told = append(c.told, n.told...)
		}
	}
}

func TestCheckpoint_Histograms_AsIfNeverStopped(t *testing.T) {
	for _, cut := range []int{1, 157} {
		whole, first, second := newBank(t), newBank(t), newBank(t)
		a := newCrowd(whole)
		a.play(whole, 0, cut)
		newCrowd(first).play(first, 0, cut)
		var file bytes.Buffer
		if err := first.Checkpoint(&file); err != nil {
			t.Fatal(err)
		}
		if err := second.Restore(iotest.OneByteReader(&file)); err != nil {
			t.Fatal(err)
		}
		b := newCrowd(second) // registers again, as a process does that starts
		b.play(nil, 0, cut)
		a.told = nil
		a.play(whole, cut, cut+350)
		b.play(second, cut, cut+350)
		if len(a.told) < 25 || len(a.told) != len(b.told) || whole.Len() != second.Len() {
			t.Fatalf("cut at %d: %d verdicts and %d series without a stop, %d and %d with one", cut, len(a.told), whole.Len(), len(b.told), second.Len())
		}
		for i := range a.told {
			if !same(a.told[i], b.told[i]) {
				t.Fatalf("cut at %d, verdict %d: got %+v, want %+v", cut, i, b.told[i], a.told[i])
			}
		}
	}
}

// Samples that came while the checkpoint was written come again after it.
func TestCheckpoint_RoundsComeAgain_NothingIsJudgedTwice(t *testing.T) {
	whole, first, second := newBank(t), newBank(t), newBank(t)
	a := newCrowd(whole)
	a.play(whole, 0, 300)
	newCrowd(first).play(first, 0, 200)
	var file bytes.Buffer
	if err := first.Checkpoint(&file); err != nil {
		t.Fatal(err)
	}
	if err := second.Restore(&file); err != nil {
		t.Fatal(err)
	}
	b := newCrowd(second)
	b.play(nil, 0, 160)
	b.play(second, 160, 300)
	for slot := detector.Slot(1); int(slot) <= whole.Len(); slot++ {
		want, _ := whole.Last(slot)
		if got, _ := second.Last(slot); !same(got, want) {
			t.Fatalf("%s: got %+v, want %+v", whole.Labels(slot), got, want)
		}
	}
}

func TestRestore_SmallerBank_LeavesOutWhatDoesNotFit(t *testing.T) {
	full := newBank(t)
	newCrowd(full).play(full, 0, 20)
	var file bytes.Buffer
	if err := full.Checkpoint(&file); err != nil {
		t.Fatal(err)
	}
	small := newBank(t, func(c *detector.Config) { c.MaxSeries = 50 })
	if err := small.Restore(&file); err != nil || small.Len() != 50 {
		t.Fatalf("got %v and %d series, want 50", err, small.Len())
	}
	c := newCrowd(small)
	c.play(small, 20, 40) // what is left out feeds nothing
	if got := reasons(small)["refused max_series"]; got < 26 {
		t.Errorf("got %v refused, want 26 histograms at least", got)
	}
}
