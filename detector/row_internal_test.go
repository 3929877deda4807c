package detector

import (
	"math"
	"testing"
	"unsafe"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

func TestSlab_Grow_BlocksAreMostlyWholeHugePages(t *testing.T) {
	for name, size := range map[string]uintptr{"series": unsafe.Sizeof(chunk{}), "pages": unsafe.Sizeof([chunkSize]page{})} {
		// Wherever a block begins, less than one huge page is lost at both ends together.
		block := blockMost * float64(size)
		if whole := block - hugePage; whole < 0.8*block {
			t.Errorf("%s: of a block of %.1f MB only %.1f MB are sure to lie in huge pages, want four fifths", name,
				block/(1<<20), whole/(1<<20))
		}
	}
}

func TestSlab_Grow_ChunksStayWhereTheyAreAndBlocksAreBounded(t *testing.T) {
	var s slab[[4]int32]
	var were []*[4]int32
	grown := 0
	for s.len() < 10*blockMost {
		before := s.len()
		s.grow()
		if grown = s.len() - before; grown < 1 || grown > blockMost || before > 8*blockLeast && grown > before/8 {
			t.Fatalf("%d chunks became %d", before, s.len())
		}
		for i, at := range were {
			if s.at(i) != at {
				t.Fatalf("chunk %d of %d has moved", i, s.len())
			}
		}
		were = were[:0]
		for i := range s.len() {
			were = append(were, s.at(i))
		}
	}
	if grown != blockMost {
		t.Errorf("the last block has %d chunks, want %d", grown, blockMost)
	}
	if s.at(s.len()) != nil {
		t.Error("there is a chunk beyond the end")
	}
}

func TestTail_Below_IsLearnOfAValueBelow(t *testing.T) {
	p := defaults()
	for n := range uint16(p.tailYoung + 5) {
		for _, q := range []float32{0.3, 1.0001, 3, 1e9} {
			a := tail{Q: q, H: 0.2, N: n, K: 3}
			b := a
			a.below(p, p.Tail.Floor)
			if b.learn(p, 0, p.Tail.Floor, p.Tail.Weight); n >= p.tailYoung {
				b.Q = max(q*p.tailFall, p.Tail.Floor) // the same but for rounding
			}
			if a != b {
				t.Fatalf("after %d values at %v: below gives %+v, learn %+v", n, q, a, b)
			}
		}
	}
	full := tail{Q: 3, N: math.MaxUint16}
	if full.below(p, 1); full.N != math.MaxUint16 {
		t.Errorf("the count of values ran over to %d", full.N)
	}
}

func TestClip_AnyNumber_WithinBounds(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, most := range []float64{0, 1, 5e-324, inf} {
		for _, e := range []float64{0, math.Copysign(0, -1), 1, -1, 2, -2, 1e300, -1e300, inf, -inf} {
			if got, want := clip(e, most), min(max(e, -most), most); math.Float64bits(got) != math.Float64bits(want) {
				t.Errorf("clip(%v, %v) is %v, want %v", e, most, got, want)
			}
		}
		if got := clip(nan, most); !math.IsNaN(got) {
			t.Errorf("clip(NaN, %v) is %v", most, got)
		}
	}
	if got := clip(1, nan); !math.IsNaN(got) {
		t.Errorf("clip(1, NaN) is %v", got)
	}
}

func TestService_ShareLike_IsShareAtWhateverChanges(t *testing.T) {
	p := defaults()
	var large, small service
	large.begin(p, 1)
	small.begin(p, 7)
	for range 30 {
		large.join(p, 1_000_000)
	}
	var last owed
	check := func(v *service, at int64, when string) {
		t.Helper()
		if got, want := v.shareLike(p, at, &last), v.shareAt(p, at); got != want {
			t.Errorf("%s: got %v, want %v", when, got, want)
		}
	}
	check(&small, 0, "first of all")
	check(&large, 2_000_000, "another service")
	before := last.share
	check(&large, 2_000_000, "the same again")
	large.charge(p, 2_000_000, 5, 0)
	if check(&large, 2_000_000, "an alarm charged"); last.share == before {
		t.Error("an alarm did not change the share: nothing was tested")
	}
	check(&large, 2_000_000+20*secondsWeek*1000, "weeks later")
	check(&small, 2_000_000+20*secondsWeek*1000, "another service again")
}

// A sample that brings news gives up the lock of its row before it is told, and one
// that is weighed and brings none keeps it.
func TestBank_Next_LockIsHeldUntilThereIsNews(t *testing.T) {
	b, err := NewBank(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	slot := b.Register(labels.FromStrings(labels.MetricName, "m"))
	c := b.series.at(0)
	var held row
	at, told := int64(1_000_000), 0
	feed := func(v float64) {
		at += 15_000
		good := b.next(&held, &telemetry.Observation{Slot: uint64(slot), T: at, V: v}, func(Verdict) {
			if told++; !c.TryLock() {
				t.Fatal("the chunk is locked while news of its series are told")
			}
			c.Unlock()
		})
		if !good {
			t.Fatal("the slot is good no more")
		}
	}
	for i := range 100 { // each is weighed: the series is young
		if feed(100 + float64(i*7%11)); held.series != c {
			t.Fatalf("sample %d, an ordinary one, gave up the lock", i)
		}
	}
	for i := range 500 {
		feed(100 + float64(i*7%11))
	}
	for range 20 {
		feed(900)
	}
	held.leave()
	if told == 0 {
		t.Error("there was no news: nothing was tested")
	}
	if !c.TryLock() {
		t.Fatal("the lock was not given up in the end")
	}
	c.Unlock()
	b.ObserveAll([]telemetry.Observation{{Slot: uint64(slot), T: at + 15_000, V: 900}}, 0, 1, func(Verdict) {})
	if !c.TryLock() {
		t.Error("a batch leaves the chunk locked")
	}
}
