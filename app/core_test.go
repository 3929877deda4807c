package app_test

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// pager is a channel that remembers the kinds of messages it was sent.
type pager struct {
	mu    sync.Mutex
	kinds []string
}

func (p *pager) Name() string { return "pager" }

func (p *pager) Send(_ context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kinds = append(p.kinds, string(m.Event.Kind))
	return t, nil
}

// count returns how many messages of a kind were sent.
func (p *pager) count(kind string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, k := range p.kinds {
		if k == kind {
			n++
		}
	}
	return n
}

// house is a Core on virtual time, which starts over as often as the test wants.
type house struct {
	t      *testing.T
	dir    string
	now    time.Time
	alerts string
	config config.Config
	core   *app.Core
	log    *text
	pager  *pager

	channel notify.Channel // told in place of pager; nil: pager
	later   bool           // the test calls CatchUp
}

var monday = time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC)

func newHouse(t *testing.T, alerts string) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), now: monday, alerts: alerts, config: config.Default(), log: new(text), pager: new(pager)}
	h.config.Notify.Channels = []notify.ChannelConfig{{Name: "pager", Console: &notify.ConsoleConfig{}}}
	h.config.Rules.AlertFiles = nil
	if alerts != "" {
		path := filepath.Join(h.dir, "alerts.yml")
		if err := os.WriteFile(path, []byte(alerts), 0o600); err != nil {
			t.Fatal(err)
		}
		h.config.Rules.AlertFiles = []string{path}
	}
	return h
}

func (h *house) open() *house {
	h.t.Helper()
	set, err := rules.ReadRuleSet(h.config.Rules, h.dir)
	if err != nil {
		h.t.Fatal(err)
	}
	if h.channel == nil {
		h.channel = h.pager
	}
	h.core, err = app.NewCore(h.t.Context(), app.CoreOptions{
		Config: h.config, RuleSet: set, Dir: h.dir, Channels: []notify.Channel{h.channel},
		ExternalURL: "http://tocsin.test", Now: func() time.Time { return h.now },
		Logger: slog.New(slog.NewTextHandler(h.log, nil)), CatchUpLater: h.later,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if !h.later {
		if err := h.core.Warm(h.t.Context()); err != nil {
			h.t.Fatal(err)
		}
	}
	h.t.Cleanup(func() {
		if h.core != nil {
			h.close()
		}
	})
	return h
}

func (h *house) close() {
	h.t.Helper()
	core := h.core
	h.core = nil
	if err := core.Close(context.Background(), h.now); err != nil {
		h.t.Fatal(err)
	}
}

// write stores one sample of a series of service pay, t from the present time.
func (h *house) write(name string, ago time.Duration, v float64, more ...string) {
	h.t.Helper()
	var b telemetry.Batch
	s := next(&b, labels.FromStrings(append([]string{"__name__", name, "service", "pay"}, more...)...))
	s.Samples = append(s.Samples, telemetry.Sample{T: h.now.Add(-ago).UnixMilli(), V: v})
	res, err := h.core.Write(h.t.Context(), &b)
	if err != nil || res.RefusedTotal() > 0 {
		h.t.Fatalf("write at %s: %+v, %v", h.now, res, err)
	}
}

// steady writes n samples of queue_depth around the level, one every 15 s, and
// steps the core every minute.
func (h *house) steady(n int, level float64) {
	h.t.Helper()
	for i := range n {
		h.now = h.now.Add(15 * time.Second)
		h.write("queue_depth", 0, level+2*math.Sin(float64(i)*1.7)+math.Cos(float64(i)*0.9))
		if i%4 == 3 {
			h.step()
		}
	}
}

func (h *house) step() {
	h.t.Helper()
	if err := h.core.Step(h.t.Context(), h.now); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) anomalies() []incident.Anomaly {
	h.t.Helper()
	list, err := h.core.Anomalies().List(h.t.Context(), incident.AnomalyFilter{Service: "pay", Limit: 100})
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

func TestCore_Restart_RemembersBaselineAndEpisode(t *testing.T) {
	h := newHouse(t, "").open()
	h.steady(400, 100)
	h.close()
	h.open()
	if !strings.Contains(h.log.String(), `msg="detector restored" series=1 samples_after_checkpoint=`) {
		t.Errorf("log:\n%s", h.log)
	}
	h.steady(40, 100)
	if got := h.anomalies(); len(got) != 0 {
		t.Fatalf("ordinary data after a restart: got %d anomalies, want none", len(got))
	}
	h.steady(8, 400) // known to be odd at once, from what was learned before
	first := h.anomalies()
	if len(first) != 1 || !first[0].Ended.IsZero() {
		t.Fatalf("a jump after a restart: got %+v, want one open anomaly", first)
	}
	h.close()
	h.open()
	h.steady(4, 400)
	if again := h.anomalies(); len(again) != 1 || !again[0].Since.Equal(first[0].Since) {
		t.Errorf("the same episode after a restart: got %+v, want no second one", again)
	}
}

func TestCore_DamagedCheckpoint_IsPutAsideAndRelearned(t *testing.T) {
	h := newHouse(t, "").open()
	h.steady(400, 100)
	h.close()
	path := filepath.Join(h.dir, "detector.checkpoint")
	if err := os.WriteFile(path, []byte("not a checkpoint"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.open()
	if body, err := os.ReadFile(path + ".damaged"); err != nil || string(body) != "not a checkpoint" {
		t.Errorf("damaged checkpoint: got %q, %v; want it kept aside", body, err)
	}
	if warnings := strings.Join(h.core.StoreWarnings(), "\n"); !strings.Contains(warnings, "detector checkpoint could not be read") || !strings.Contains(warnings, path+".damaged") {
		t.Errorf("warnings: got %s", warnings)
	}
	if got := h.core.DamagedCheckpointsForTest(); got != 1 {
		t.Errorf("counted %v damaged checkpoints, want 1", got)
	}
	if !strings.Contains(h.log.String(), "learns anew from stored history") || !strings.Contains(h.log.String(), "series=1 failed=0 samples=400") {
		t.Errorf("log:\n%s", h.log)
	}
	h.steady(40, 100)
	if got := h.anomalies(); len(got) != 0 {
		t.Errorf("ordinary data: got %d anomalies", len(got))
	}
	h.steady(8, 400)
	if got := h.anomalies(); len(got) != 1 {
		t.Errorf("a jump: got %d anomalies, want 1 from relearned history", len(got))
	}
}

// An episode that opened just before the end is in the checkpoint; its telling
// must not be lost with the queue.
func TestCore_OpeningStillInTheQueue_IsToldAfterARestart(t *testing.T) {
	h := newHouse(t, "").open()
	h.steady(400, 100)
	for range 6 {
		h.now = h.now.Add(15 * time.Second)
		h.write("queue_depth", 0, 400)
	}
	h.close() // no step since
	h.open()
	h.step()
	if got := h.anomalies(); len(got) != 1 {
		t.Errorf("got %d anomalies, want 1", len(got))
	}
}

func TestCore_CrashBetweenEnqueueAndCursor_NoSecondMessage(t *testing.T) {
	h := newHouse(t, deploymentAlert).open()
	h.steady(8, 100)
	fail := func(version string) {
		t.Helper()
		_, _, err := h.core.RecordChange(t.Context(), telemetry.Change{
			Service: "pay", Kind: telemetry.KindDeployment, VersionTo: version, Status: telemetry.StatusFailed, Started: h.now, Finished: h.now,
		}, h.now)
		if err != nil {
			t.Fatal(err)
		}
		h.step()
	}
	fail("v1")
	if n := h.pager.count("opened"); n != 1 {
		t.Fatalf("got %d messages, want 1", n)
	}
	h.close()
	h.open()
	// What a crash after Enqueue and before SetCursor leaves behind.
	if err := h.core.Incidents().SetCursor(t.Context(), "respond", 0); err != nil {
		t.Fatal(err)
	}
	if n, err := h.core.Respond(t.Context()); err != nil || n == 0 {
		t.Errorf("respond after the crash: %d events, %v; want them worked off again", n, err)
	}
	h.steady(8, 100)
	if n := h.pager.count("opened"); n != 1 {
		t.Errorf("after the crash: got %d messages, want still 1", n)
	}
	if n, err := h.core.Respond(t.Context()); err != nil || n != 0 {
		t.Errorf("respond once more: %d events, %v; want none", n, err)
	}
}

func TestCore_HistoryWrittenLate_IsLoggedAndPagesNobody(t *testing.T) {
	h := newHouse(t, "")
	h.config.Storage.OutOfOrderWindow = h.config.Storage.Retention
	h.open()
	h.now = monday.Add(6 * time.Hour)
	for i := range 800 { // over three hours that ended two hours ago, with a jump
		v := 100 + 2*math.Sin(float64(i)*1.7) + math.Cos(float64(i)*0.9)
		if i > 700 && i < 730 {
			v = 900
		}
		h.write("queue_depth", 2*time.Hour+time.Duration(800-i)*15*time.Second, v)
	}
	h.step()
	if got := h.anomalies(); len(got) == 0 || got[0].Incident != "" {
		t.Errorf("got anomalies %+v, want the jump in the log, without an incident", got)
	}
	list, err := h.core.Incidents().List(t.Context(), incident.Filter{Limit: 10})
	if err != nil || len(list) != 0 || len(h.pager.kinds) != 0 {
		t.Errorf("got %d incidents and messages %v, %v; want none", len(list), h.pager.kinds, err)
	}
}

func TestCore_Prune_RemovesWhatIsOld(t *testing.T) {
	h := newHouse(t, "").open()
	h.steady(400, 100)
	h.steady(8, 400)
	h.steady(20, 100)
	if len(h.anomalies()) == 0 {
		t.Fatal("no anomaly to prune")
	}
	if err := h.core.Prune(t.Context(), h.now.Add(89*24*time.Hour)); err != nil || len(h.anomalies()) == 0 {
		t.Errorf("after 89 days: %v, %d anomalies", err, len(h.anomalies()))
	}
	if err := h.core.Prune(t.Context(), h.now.Add(91*24*time.Hour)); err != nil || len(h.anomalies()) != 0 {
		t.Errorf("after 91 days: %v, %d anomalies, want none", err, len(h.anomalies()))
	}
}

func TestNewCore_WhatCannotBeBuilt_ClosesWhatWasOpened(t *testing.T) {
	h := newHouse(t, "")
	good := h.config
	h.config.Notify.Default = []string{"nowhere"}
	_, err := app.NewCore(t.Context(), app.CoreOptions{
		Config: h.config, Dir: h.dir, Channels: []notify.Channel{h.pager}, Now: func() time.Time { return h.now },
		Logger: slog.New(slog.NewTextHandler(h.log, nil)),
	})
	if err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("got %v", err)
	}
	h.config = good
	h.config.Detector.Budget = math.NaN()
	_, err = app.NewCore(t.Context(), app.CoreOptions{
		Config: h.config, Dir: h.dir, Now: func() time.Time { return h.now }, Logger: slog.New(slog.NewTextHandler(h.log, nil)),
	})
	if err == nil || !strings.Contains(err.Error(), "make detector") {
		t.Errorf("got %v", err)
	}
	h.config = good
	h.open() // the folder is free
}

// A checkpoint of a warm start that was cut off does not count as one.
func TestCore_WarmStartCutOff_BeginsAgain(t *testing.T) {
	h := newHouse(t, "").open()
	h.steady(400, 100)
	if err := h.core.Incidents().SetCursor(t.Context(), "detector_warming", 1); err != nil {
		t.Fatal(err)
	}
	h.close()
	for _, want := range []int{1, 1} { // and once only
		h.open()
		if n := strings.Count(h.log.String(), "has ended\" component=\"warm start\" series=1 failed=0"); n != want {
			t.Errorf("got %d warm starts, want %d, log:\n%s", n, want, h.log)
		}
		h.close()
	}
}

// After a long stop everything can be in blocks and the head empty. What was odd
// in that history is old news.
func TestCore_HistoryInBlocksOnly_IsLearnedAndPagesNobody(t *testing.T) {
	h := newHouse(t, "")
	db, err := store.OpenTSDB(store.TSDBOptions{Dir: filepath.Join(h.dir, "tsdb"), Config: h.config.Storage, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	a := db.AppenderV2(t.Context())
	l := labels.FromStrings("__name__", "queue_depth", "service", "pay")
	for i := range 400 {
		if _, err := a.Append(0, l, 0, h.now.Add(time.Duration(i)*15*time.Second).UnixMilli(), jumping(i), nil, nil, storage.AppendV2Options{}); err != nil {
			t.Fatal(err)
		}
	}
	end := h.now.Add(400 * 15 * time.Second)
	if err := errors.Join(a.Commit(), db.View(func(db *tsdb.DB) error {
		return db.CompactHead(tsdb.NewRangeHead(db.Head(), h.now.UnixMilli(), end.UnixMilli()))
	}), db.Close()); err != nil {
		t.Fatal(err)
	}
	h.now = end
	h.open()
	if !strings.Contains(h.log.String(), "series=1 failed=0 samples=400") {
		t.Errorf("log:\n%s", h.log)
	}
	h.step()
	list, err := h.core.Incidents().List(t.Context(), incident.Filter{Limit: 10})
	if err != nil || len(list) != 0 || len(h.anomalies()) != 0 || len(h.pager.kinds) != 0 {
		t.Errorf("got %d incidents, %d anomalies, messages %v, %v; want none", len(list), len(h.anomalies()), h.pager.kinds, err)
	}
	h.steady(8, 900) // known to be odd at once
	if n := len(h.anomalies()); n != 1 {
		t.Errorf("a jump now: got %d anomalies, want 1", n)
	}
}

// jumping is a wave with a jump of ten samples shortly before its end.
func jumping(i int) float64 {
	if i >= 350 && i < 360 {
		return 900
	}
	return 100 + 2*math.Sin(float64(i))
}
