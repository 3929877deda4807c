package detector

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

// spendthrift returns a bank of one service with an alarm three weeks before its newest
// sample, which lies at the time returned.
func spendthrift(t *testing.T) (*Bank, int64) {
	t.Helper()
	b, err := NewBank(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	const from = int64(1_700_000_000_000)
	slot, last := b.Register(labels.FromStrings("__name__", "m")), from+3*weekMS
	b.Observe(slot, from, 1)
	b.Observe(slot, last, 1)
	v := b.services.at(0)
	v.join(&b.params, from)
	v.charge(&b.params, from, 5, 0)
	return b, last
}

func checkpointed(t *testing.T, b *Bank) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := b.Checkpoint(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func restoredWith(t *testing.T, file []byte, budget float64) *Bank {
	t.Helper()
	c := DefaultConfig()
	c.Budget = budget
	b, err := NewBank(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Restore(bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	return b
}

// What time has taken from the offsets before a restart it took by the budget of that
// time, whatever the budget is now.
func TestRestore_AnotherBudget_ActsFromTheNewestSampleOn(t *testing.T) {
	for _, budget := range []float64{0.2, 1, 20} {
		b, last := spendthrift(t)
		series, group := b.services.at(0).offsets(&b.params, last)
		after := restoredWith(t, checkpointed(t, b), budget)
		v := after.services.at(0)
		gotSeries, gotGroup := v.offsets(&after.params, last)
		if math.Abs(gotSeries-series) > 1e-6 || math.Abs(gotGroup-group) > 1e-6 {
			t.Errorf("budget %v: got offsets %v and %v after the restart, want %v and %v", budget, gotSeries, gotGroup, series, group)
		}
		later, _ := v.offsets(&after.params, last+weekMS/20)
		if want := series - float64(v.fall(&after.params))*secondsWeek/20; math.Abs(later-want) > 1e-4 {
			t.Errorf("budget %v: a twentieth of a week later got offset %v, want %v by the budget of now", budget, later, want)
		}
		if again, _ := restoredWith(t, checkpointed(t, after), budget).services.at(0).offsets(&after.params, last+weekMS/20); again != later {
			t.Errorf("budget %v: a restart that changes nothing makes %v of %v", budget, again, later)
		}
	}
}

// A checkpoint of version 10 has all but the budgets.
func TestRestore_Version10_IsRead(t *testing.T) {
	b, last := spendthrift(t)
	all := blocksOf(t, checkpointed(t, b))
	services := &all[len(all)-1]
	budget := math.Float32frombits(binary.LittleEndian.Uint32(services.body[len(services.body)-4:]))
	services.body = services.body[:len(services.body)-4]
	series, _ := b.services.at(0).offsets(&b.params, last)
	after := restoredWith(t, checkpointOfVersion(10, 1, all...), 1)
	if got, _ := after.services.at(0).offsets(&after.params, last); got != series || budget != 1 || after.Len() != 1 {
		t.Errorf("got offset %v, budget %v and %d series, want %v, 1 and 1", got, budget, after.Len(), series)
	}
	services.body = append(services.body, 0, 0, 0, 0)
	if err := b.Restore(bytes.NewReader(checkpointOf(1, all...))); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("a budget of 0: got %v", err)
	}
}
