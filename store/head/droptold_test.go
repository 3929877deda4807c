package head

import (
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

// deletions is a lifecycle that remembers which series have gone.
type deletions struct {
	gone map[string]int
}

func (*deletions) PreCreation(labels.Labels) error { return nil }
func (*deletions) PostCreation(labels.Labels)      {}
func (d *deletions) PostDeletion(gone map[chunks.HeadSeriesRef]labels.Labels) {
	for _, ls := range gone {
		d.gone[ls.String()]++
	}
}

// Whoever counts series by labels is told the labels of those that are dropped, also when
// the same labels come again at once.
func TestHead_DroppedSeriesMadeAgainAtOnce_AreToldWithTheirLabels(t *testing.T) {
	const n = 60_000
	d := &deletions{gone: map[string]int{}}
	o := testOptions(t)
	o.Lifecycle = d
	h := openHead(t, o)
	defer closeHead(t, h)
	h.Begin()
	var tx Transaction
	for i := range n {
		tx.Samples = append(tx.Samples, Sample{ID: make1(t, h, i), T: 1000, V: 1})
	}
	if _, err := h.Commit(&tx, nil); err != nil {
		t.Fatal(err)
	}
	h.End()
	again := make(chan error)
	err := h.Truncate(t.Context(), coreRange, func([]ID) {
		go func() {
			h.Begin() // waits for the drop
			defer h.End()
			for i := range 2000 {
				if _, _, err := h.GetOrCreate(seriesName(n - 1 - i)); err != nil {
					again <- err
					return
				}
			}
			again <- nil
		}()
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-again; err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if d.gone[seriesName(i).String()] != 1 {
			t.Fatalf("series %d was told %d times that it has gone, and labels of none %d times", i, d.gone[seriesName(i).String()], d.gone["{}"])
		}
	}
}
