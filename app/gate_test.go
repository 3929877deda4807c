package app_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// killed returns a house that goes on, later or at once, where this one is killed now.
func (h *house) killed(later bool) *house {
	h.t.Helper()
	next := newHouse(h.t, "")
	next.dir = filepath.Join(h.t.TempDir(), "killed")
	if err := os.CopyFS(next.dir, os.DirFS(h.dir)); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(next.dir, "tsdb", "lock")); err != nil { // of the one that goes on
		h.t.Fatal(err)
	}
	next.now, next.config, next.later = h.now, h.config, later
	return next
}

// checkpointed is a house with a baseline in its checkpoint, and some samples after it.
func checkpointed(t *testing.T) *house {
	h := newHouse(t, "").open()
	h.steady(400, 100)
	if err := h.core.Checkpoint(t.Context(), h.now); err != nil {
		t.Fatal(err)
	}
	h.steady(40, 100)
	return h
}

// What is written while the detector reads what came after its checkpoint is told as if
// it had been up to date: the incident that began before the kill and the samples that
// came while it was behind. Meanwhile it tells nothing and writes no checkpoint, from
// which the next start would miss them.
func TestCore_CatchUpLater_TellsAsIfItHadBeenAtOnce(t *testing.T) {
	origin := checkpointed(t)
	write := func(h *house) {
		for i := range 8 {
			h.now = h.now.Add(15 * time.Second)
			h.write("queue_depth", 0, 400+float64(i))
		}
	}
	write(origin) // not told yet
	at, later := origin.killed(false).open(), origin.killed(true).open()
	write(at)
	write(later)
	for range 2 {
		at.step()
		later.step()
	}
	if !later.core.CatchingUp() || at.core.CatchingUp() {
		t.Fatal("want one that catches up and one that has")
	}
	if got := later.anomalies(); len(got) != 0 {
		t.Errorf("got %d anomalies before it has caught up", len(got))
	}
	before, err := os.Stat(filepath.Join(later.dir, "detector.checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	if err := later.core.Checkpoint(t.Context(), later.now); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(filepath.Join(later.dir, "detector.checkpoint")); err != nil || !os.SameFile(before, after) {
		t.Errorf("a checkpoint was written before it has caught up: %v", err)
	}
	if err := later.core.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, h := range []*house{at, later} {
		write(h)
		h.step()
	}
	got, want := later.anomalies(), at.anomalies()
	if len(want) != 1 || len(got) != 1 {
		t.Fatalf("got %d anomalies, want %d and 1", len(got), len(want))
	}
	got[0].Incident, want[0].Incident = "", ""
	got[0].Worst, want[0].Worst = nil, nil
	if x, y := fmt.Sprintf("%+v", got[0]), fmt.Sprintf("%+v", want[0]); x != y { // some numbers are NaN
		t.Errorf("got  %s\nwant %s", x, y)
	}
	if err := later.core.CatchUp(t.Context()); err != nil {
		t.Errorf("catching up with nothing: %v", err)
	}
}

// Series have gone silent only for who has seen all of them.
func TestCore_CatchingUp_NoSilence(t *testing.T) {
	h := checkpointed(t).killed(true).open()
	h.steady(60, 100) // is stored, and not shown
	if err := h.core.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.step()
	if got := h.anomalies(); len(got) != 0 {
		t.Errorf("got %+v, want nothing of a series that never stopped", got)
	}
}

// Many write while the gate opens: no sample is left out, whichever side of the gate it
// comes by.
func TestCore_CatchUp_UnderLoad_MissesNothing(t *testing.T) {
	origin := checkpointed(t)
	h := origin.killed(true)
	h.open()
	const writers, samples = 4, 300
	var load sync.WaitGroup
	for k := range writers {
		load.Go(func() {
			for i := range samples {
				var b telemetry.Batch
				s := b.Next()
				for _, l := range [][2]string{{"__name__", "loaded"}, {"service", "pay"}, {"k", fmt.Sprint(k)}} {
					s.Labels = append(s.Labels, telemetry.Pair{Name: []byte(l[0]), Value: []byte(l[1])})
				}
				s.Samples = append(s.Samples, telemetry.Sample{T: h.now.UnixMilli() + int64(i)*1000, V: float64(i % 7)})
				if r, err := h.core.Write(t.Context(), &b); err != nil || r.Stored != 1 {
					t.Errorf("got %+v, %v", r, err)
				}
			}
		})
	}
	if err := h.core.CatchUp(t.Context()); err != nil {
		t.Error(err)
	}
	load.Wait()
	for k := range writers {
		bank := h.core.BankForTest()
		slot := bank.Lookup(labels.FromStrings("__name__", "loaded", "k", fmt.Sprint(k), "service", "pay"))
		if got := bank.LateBefore(slot) - 1; got != h.now.UnixMilli()+(samples-1)*1000 {
			t.Errorf("writer %d: newest sample seen %d ms after the first, want the last", k, got-h.now.UnixMilli())
		}
	}
}

// A start that is told to end while the detector catches up ends, and the next one begins
// where this one did.
func TestCore_CatchUp_Ended_BeginsAgain(t *testing.T) {
	h := checkpointed(t)
	h.now = h.now.Add(15 * time.Second)
	h.write("queue_depth", 0, 400)
	h = h.killed(true).open()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.core.CatchUp(ctx); !errors.Is(err, context.Canceled) || !h.core.CatchingUp() {
		t.Errorf("got %v, want the end of the context", err)
	}
	h.close()
	h.later = false
	h.open()
	for range 6 {
		h.now = h.now.Add(15 * time.Second)
		h.write("queue_depth", 0, 400)
	}
	h.step()
	if got := h.anomalies(); len(got) != 1 {
		t.Errorf("got %d anomalies, want 1", len(got))
	}
}

// Where our clock is hours ahead of those of senders, what came after the checkpoint is
// found all the same, whether it is right again at the next start or not.
func TestCore_ClockAhead_CatchesUpWithWhatCameAfterTheCheckpoint(t *testing.T) {
	const ahead = 5 * time.Hour
	h := newHouse(t, "").open()
	h.now = h.now.Add(ahead)
	write := func(v float64) {
		h.now = h.now.Add(15 * time.Second)
		h.write("queue_depth", ahead, v)
	}
	for i := range 400 {
		write(100 + 2*math.Sin(float64(i)*1.7) + math.Cos(float64(i)*0.9))
	}
	if err := h.core.Checkpoint(t.Context(), h.now); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		write(400)
	}
	for _, now := range []time.Time{h.now, h.now.Add(-ahead)} {
		next := h.killed(false)
		next.now = now
		next.open()
		if err := next.core.Consume(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		if got := next.anomalies(); len(got) != 1 {
			t.Errorf("at %v: got %d anomalies, want that of the samples after the checkpoint", now, len(got))
		}
	}
}

// Samples of a cloud come half an hour late, those of everybody else at once: what came
// after the checkpoint is found by when it came and not by its time alone.
func TestCore_SamplesThatComeLate_AreCaughtUpWith(t *testing.T) {
	h := newHouse(t, "").open()
	ago := map[string]time.Duration{"queue_depth": 0, "late_depth": 25 * time.Minute, "later_depth": 50 * time.Minute}
	write := func(n int) {
		for range n {
			h.now = h.now.Add(15 * time.Second)
			for name, ago := range ago {
				h.write(name, ago, 100)
			}
		}
	}
	write(400)
	if err := h.core.Checkpoint(t.Context(), h.now); err != nil {
		t.Fatal(err)
	}
	write(8)
	next := h.killed(false).open()
	for name, ago := range ago {
		bank := next.core.BankForTest()
		slot := bank.Lookup(labels.FromStrings("__name__", name, "service", "pay"))
		if got, want := bank.LateBefore(slot)-1, h.now.Add(-ago).UnixMilli(); got != want {
			t.Errorf("%s: newest sample seen is %d s before the newest one that was stored", name, (want-got)/1000)
		}
	}
}

// A checkpoint of a daemon that had nothing stored, as after a warm start from a server,
// says nothing of the clocks of senders: all that is stored came after it.
func TestCore_CheckpointWithNothingStored_CatchesUpWithAll(t *testing.T) {
	const ahead = 5 * time.Hour
	h := newHouse(t, "").open()
	h.now = h.now.Add(ahead)
	if err := h.core.Checkpoint(t.Context(), h.now); err != nil {
		t.Fatal(err)
	}
	for i := range 408 {
		v := 100 + 2*math.Sin(float64(i)*1.7) + math.Cos(float64(i)*0.9)
		if i >= 400 {
			v = 400
		}
		h.now = h.now.Add(15 * time.Second)
		h.write("queue_depth", ahead, v)
	}
	next := h.killed(false).open()
	if err := next.core.Consume(t.Context(), next.now); err != nil {
		t.Fatal(err)
	}
	if got := next.anomalies(); len(got) != 1 {
		t.Errorf("got %d anomalies, want that of the samples after the checkpoint", len(got))
	}
}

// What a kill left of a checkpoint that was being written, which may be as large as one
// that is whole, goes at the next start; one that was put aside stays.
func TestCore_KilledWhileItWroteACheckpoint_LeavesNothingBehind(t *testing.T) {
	h := checkpointed(t).killed(false)
	for _, name := range []string{"detector.checkpoint.123456789", "detector.checkpoint.damaged"} {
		if err := os.WriteFile(filepath.Join(h.dir, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.open()
	left, err := filepath.Glob(filepath.Join(h.dir, "detector.checkpoint*"))
	if err != nil || len(left) != 2 || left[0] != filepath.Join(h.dir, "detector.checkpoint") || left[1] != left[0]+".damaged" {
		t.Errorf("got %v, %v, want the checkpoint and the one that was put aside", left, err)
	}
}

// The newest sample of a checkpoint is stored, too: read again it is not late, of which a
// start would count two for each series.
func TestCore_CatchUp_CountsNoLateSamples(t *testing.T) {
	h := newHouse(t, "").open()
	h.steady(40, 100)
	if err := h.core.Checkpoint(t.Context(), h.now); err != nil {
		t.Fatal(err)
	}
	next := h.killed(true).open()
	if err := next.core.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if log := next.log.String(); !strings.Contains(log, `msg="detector restored" series=1 samples_after_checkpoint=0 `) {
		t.Errorf("got %s", log)
	}
}

// Of a round of a histogram that a checkpoint has in part, the buckets that it knows are not
// late when the others come.
func TestCore_CatchUpWithinARound_CountsNoLateBuckets(t *testing.T) {
	h := newHouse(t, "").open()
	for i := range 40 {
		h.now = h.now.Add(15 * time.Second)
		for _, le := range []string{"1", "2", "+Inf"} {
			if le == "+Inf" && i == 39 {
				continue
			}
			h.write("took_seconds_bucket", 0, float64(100*i), "le", le)
		}
	}
	if err := h.core.Checkpoint(t.Context(), h.now); err != nil {
		t.Fatal(err)
	}
	h.write("took_seconds_bucket", 0, 3900, "le", "+Inf") // stored and not in the checkpoint
	next := h.killed(true).open()
	if err := next.core.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if log := next.log.String(); !strings.Contains(log, `msg="detector restored" series=2 samples_after_checkpoint=1 `) {
		t.Errorf("got %s", log)
	}
	set, figures := metrics.NewSet(), new(text)
	next.core.BankForTest().Expose(set)
	if set.WritePrometheus(figures); !strings.Contains(figures.String(), `tocsin_detector_histogram_not_judged_total{reason="late"} 0`) {
		t.Errorf("got %s, want no late samples of buckets", figures)
	}
}
