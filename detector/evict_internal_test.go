package detector

import (
	"math"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

func TestEvict_NamedByItsGroup_NextOfThePlaceIsNotNamed(t *testing.T) {
	b, err := NewBank(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	was, stays := b.Register(labels.FromStrings("__name__", "was")), b.Register(labels.FromStrings("__name__", "stays"))
	g := &b.services.at(0).group
	g.hold(&b.params, was.place(), 1000, 5)
	g.hold(&b.params, stays.place(), 1000, 4)
	g.name(&b.params, 1000)
	b.evict(was.place(), math.MaxInt64, 1)
	b.now.Store(100 * evictPause)
	if next := b.Register(labels.FromStrings("__name__", "next")); next.place() != was.place() {
		t.Fatalf("place %d was not taken again but %d", was.place(), next.place())
	}
	if got := b.describe(0).Guilty; len(got) != 1 || got[0].Labels.Get("__name__") != "stays" || got[0].Share != 1 {
		t.Errorf("got %+v named, want the one that is left", got)
	}
	if n := g.count(&b.params, 1000); n[oddNow] != 1 {
		t.Errorf("%d metrics are odd, want 1", n[oddNow])
	}
}
