package notify_test

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
)

// TestOutbox_KilledAtAnySend_LosesNothing copies the state folder while a send
// is under way, which is what a kill at that moment leaves, and goes on from
// the copy. Every message must arrive, in order, and only the one that was
// under way may arrive twice.
func TestOutbox_KilledAtAnySend_LosesNothing(t *testing.T) {
	kinds := []incident.EventKind{incident.EventOpened, incident.EventRaised, incident.EventAcked, incident.EventResolved}
	var want []string
	for seq := range kinds {
		for _, id := range []string{"i1", "i2"} {
			want = append(want, id+"/"+strconv.Itoa(seq+1))
		}
	}
	slices.Sort(want)
	for kill := 1; kill <= len(want); kill++ {
		dir, copied := t.TempDir(), filepath.Join(t.TempDir(), "copy")
		a := &fake{name: "a", edits: true}
		var before []string
		a.answer = func(_ context.Context, m notify.Message) error {
			if a.attempts() == kill {
				copyDir(t, dir, copied)
				before = append(a.keys(), m.Key)
			}
			return nil
		}
		b := newBenchIn(t, dir, nil, a)
		for seq, k := range kinds {
			for _, id := range []string{"i1", "i2"} {
				b.enqueue(msg(id, int64(seq+1), k))
			}
		}
		b.deliver(t0)
		after := &fake{name: "a", edits: true}
		b = newBenchIn(t, copied, nil, after)
		b.deliver(t0)

		inDoubt := before[len(before)-1]
		if got := after.keys(); len(got) == 0 || got[0] != inDoubt {
			t.Fatalf("killed at send %d: after the restart got %v, want first %s, which was in doubt", kill, got, inDoubt)
		}
		all := append(before[:len(before)-1], after.keys()...)
		for _, id := range []string{"i1", "i2"} {
			own := slices.DeleteFunc(slices.Clone(all), func(k string) bool { return k[:2] != id })
			if !slices.IsSorted(own) {
				t.Errorf("killed at send %d: order of %s is %v", kill, id, own)
			}
		}
		slices.Sort(all)
		if !slices.Equal(all, want) {
			t.Errorf("killed at send %d: told %v, want %v", kill, all, want)
		}
		for _, g := range after.got {
			if g.kind != incident.EventOpened && g.thread == "" {
				t.Errorf("killed at send %d: the thread of %s is lost", kill, g.key)
			}
		}
	}
}
