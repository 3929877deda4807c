package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/metadata"
	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// shelf is a catalogue with its database and clock.
type shelf struct {
	*store.Catalogue
	rig
}

func openState(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := store.OpenState(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func newShelf(t testing.TB, db *sql.DB, most int) *shelf {
	t.Helper()
	c := store.DefaultConfig()
	c.MaxMetadata = most
	s := &shelf{rig: rig{metrics: metrics.NewSet(), now: start}}
	var err error
	s.Catalogue, err = store.NewCatalogue(context.Background(), store.CatalogueOptions{
		State: db, Config: c, Now: func() time.Time { return s.now }, Logger: slog.New(slog.DiscardHandler), Metrics: s.metrics,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// described is a batch of one series with metadata.
func described(name string, t model.MetricType, help, unit string) *telemetry.Batch {
	e := sinktest.Metric(name, 1, 1)
	e.Metadata = telemetry.Metadata{Type: t, Help: []byte(help), Unit: []byte(unit)}
	b, _ := sinktest.Batch(e)
	return b
}

// family is a batch of one metadata entry.
func family(name string, t model.MetricType, help string) *telemetry.Batch {
	return &telemetry.Batch{Metadata: []telemetry.Metadata{{Family: []byte(name), Type: t, Help: []byte(help)}}}
}

func (s *shelf) note(all ...*telemetry.Batch) {
	for _, b := range all {
		s.Note(b, s.now)
	}
}

func (s *shelf) want(t testing.TB, metric string, limit int, want map[string][]metadata.Metadata) {
	t.Helper()
	if d := cmp.Diff(want, s.Metadata(metric, limit)); d != "" {
		t.Errorf("%q at most %d: -want +got\n%s", metric, limit, d)
	}
}

func TestCatalogue_SeriesOfOneFamily_HaveOneDescription(t *testing.T) {
	s := newShelf(t, openState(t, filepath.Join(t.TempDir(), "state.db")), 100)
	s.note(
		described("d_seconds_bucket", model.MetricTypeHistogram, "Duration.", "seconds"),
		described("d_seconds_count", model.MetricTypeHistogram, "Duration.", "seconds"),
		described("d_seconds_sum", model.MetricTypeHistogram, "Duration.", "seconds"),
		described("native_seconds", model.MetricTypeHistogram, "Native.", ""),
		described("q", model.MetricTypeSummary, "Quantiles.", ""), described("q_sum", model.MetricTypeSummary, "Quantiles.", ""),
		described("requests_total", model.MetricTypeCounter, "Requests.", ""),
		described("my_count", model.MetricTypeGauge, "", "apples"),
		described("_sum", model.MetricTypeSummary, "No more than a suffix.", ""),
		family("old", model.MetricTypeGauge, "From 1.0."),
		described("silent", "", "", ""),
		family("", model.MetricTypeGauge, "nobody's"), described("bad\xff", model.MetricTypeGauge, "", ""),
	)
	one := func(t model.MetricType, unit, help string) []metadata.Metadata {
		return []metadata.Metadata{{Type: t, Unit: unit, Help: help}}
	}
	all := map[string][]metadata.Metadata{
		"d_seconds": one(model.MetricTypeHistogram, "seconds", "Duration."), "native_seconds": one(model.MetricTypeHistogram, "", "Native."),
		"q": one(model.MetricTypeSummary, "", "Quantiles."), "requests_total": one(model.MetricTypeCounter, "", "Requests."),
		"my_count": one(model.MetricTypeGauge, "apples", ""), "_sum": one(model.MetricTypeSummary, "", "No more than a suffix."),
		"old": one(model.MetricTypeGauge, "", "From 1.0."),
	}
	s.want(t, "", -1, all)
	s.want(t, "", 0, map[string][]metadata.Metadata{})
	s.want(t, "", 2, map[string][]metadata.Metadata{"_sum": all["_sum"], "d_seconds": all["d_seconds"]})
	s.want(t, "q", -1, map[string][]metadata.Metadata{"q": all["q"]})
	s.want(t, "absent", 5, map[string][]metadata.Metadata{})
	if got := s.counter(t, `tocsin_store_dropped_metadata_total{reason="invalid_name"}`); got != "2" {
		t.Errorf("dropped %s names, want 2", got)
	}
}

func TestCatalogue_SendersDisagree_AllAreKeptAndTheLatestIsFirst(t *testing.T) {
	s := newShelf(t, openState(t, filepath.Join(t.TempDir(), "state.db")), 100)
	for i := range 10 {
		s.note(family("m", model.MetricTypeGauge, fmt.Sprint("wording ", i)))
	}
	if got := s.Metadata("m", -1)["m"]; len(got) != 8 {
		t.Errorf("got %d wordings at once, want the first 8", len(got))
	}
	s.note(family("m", model.MetricTypeGauge, "wording 9"))
	if s.counter(t, `tocsin_store_dropped_metadata_total{reason="too_many_of_one_metric"}`) != "2" || s.counter(t, `tocsin_store_dropped_metadata_total{reason="dropped_before"}`) != "1" {
		t.Error("wordings that are dropped are not counted")
	}
	// Two hours on only the last is still sent; a new one takes the place of an old one.
	s.now = s.now.Add(2 * time.Hour)
	s.note(family("m", model.MetricTypeGauge, "wording 7"))
	s.now = s.now.Add(time.Minute)
	s.note(family("m", model.MetricTypeGauge, "new"))
	if got := s.Metadata("m", -1)["m"]; len(got) != 8 || got[0].Help != "new" || got[1].Help != "wording 7" {
		t.Errorf("got %v", got)
	}
}

func TestCatalogue_LongTexts_AreCut(t *testing.T) {
	s := newShelf(t, openState(t, filepath.Join(t.TempDir(), "state.db")), 100)
	s.note(described("m", model.MetricTypeGauge, strings.Repeat("ä", 4000), strings.Repeat("u", 300)), described("n", model.MetricTypeGauge, "a\xffb", ""))
	got := s.Metadata("m", -1)["m"][0]
	if len(got.Help) > 4<<10 || len(got.Help) < 4090 || !strings.HasSuffix(got.Help, "ä...") || len(got.Unit) != 256 {
		t.Errorf("got %d and %d bytes, ending %q", len(got.Help), len(got.Unit), got.Help[len(got.Help)-8:])
	}
	if got := s.Metadata("n", -1)["n"][0].Help; got != "a\uFFFDb" {
		t.Errorf("got %q", got)
	}
}

func TestCatalogue_Limit_SparesWhatIsThere(t *testing.T) {
	db := openState(t, filepath.Join(t.TempDir(), "state.db"))
	s := newShelf(t, db, 3)
	for i := range 12_000 {
		s.note(family(fmt.Sprint("m", i), model.MetricTypeGauge, ""))
	}
	if got := len(s.Metadata("", -1)); got != 3 {
		t.Errorf("got %d families, want 3", got)
	}
	if got := s.counter(t, "tocsin_store_metadata_entries"); got != "3" {
		t.Errorf("counted %s", got)
	}
	if got := s.counter(t, `tocsin_store_dropped_metadata_total{reason="limit"}`); got != "11997" {
		t.Errorf("dropped %s, want 11997", got)
	}
	if err := s.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	// A lower limit after a restart drops from the database too.
	if s = newShelf(t, db, 2); len(s.Metadata("", -1)) != 2 {
		t.Errorf("got %v", s.Metadata("", -1))
	}
	if err := s.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(newShelf(t, db, 100).Metadata("", -1)); got != 2 {
		t.Errorf("got %d rows, want 2", got)
	}
}

func TestCatalogue_Restart_KeepsWhatWasSaved(t *testing.T) {
	db := openState(t, filepath.Join(t.TempDir(), "state.db"))
	s := newShelf(t, db, 1000)
	for i := range 600 { // more than one transaction
		s.note(family(fmt.Sprint("m", i), model.MetricTypeCounter, "help"))
	}
	want := s.Metadata("", -1)
	if err := s.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = newShelf(t, db, 1000)
	s.want(t, "", -1, want)
	// What is still sent stays; what is not is forgotten with the samples.
	for range 16 {
		s.now = s.now.Add(24 * time.Hour)
		s.note(family("m7", model.MetricTypeCounter, "help"))
		if err := s.Save(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	only := map[string][]metadata.Metadata{"m7": want["m7"]}
	s.want(t, "", -1, only)
	newShelf(t, db, 1000).want(t, "", -1, only)
}

func TestCatalogue_DatabaseAway_TriesAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db := openState(t, path)
	s := newShelf(t, db, 10)
	s.note(family("m", model.MetricTypeCounter, "help"))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Save(ended); err == nil || !strings.Contains(err.Error(), "save metric metadata") {
		t.Errorf("got %v", err)
	}
	if err := s.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(newShelf(t, db, 10).Metadata("", -1)); got != 1 {
		t.Errorf("got %d families after the second try, want 1", got)
	}
	db.Close()
	if _, err := store.NewCatalogue(t.Context(), store.CatalogueOptions{State: db, Config: store.DefaultConfig(), Metrics: metrics.NewSet()}); err == nil || !strings.Contains(err.Error(), "load metric metadata") {
		t.Errorf("got %v", err)
	}
}

func TestCatalogue_Run_SavesAndEndsWithItsContext(t *testing.T) {
	db := openState(t, filepath.Join(t.TempDir(), "state.db"))
	s := newShelf(t, db, 10)
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	s.note(family("m", model.MetricTypeCounter, "help"))
	go func() { done <- s.Run(ctx) }()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before)
	if got := len(newShelf(t, db, 10).Metadata("", -1)); got != 1 {
		t.Errorf("got %d families after the end of Run, want 1", got)
	}
	// While it runs it saves by itself, and says when it cannot.
	db.Close()
	s.note(family("n", model.MetricTypeCounter, "help"))
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		defer cancel()
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	if got := s.counter(t, "tocsin_store_metadata_save_errors_total"); got != "3" {
		t.Errorf("got %s errors, want one for each of two ticks and the end", got)
	}
}

func TestCatalogue_KnownWordings_AllocateNothing(t *testing.T) {
	s := newShelf(t, openState(t, filepath.Join(t.TempDir(), "state.db")), 10)
	b := described("requests_total", model.MetricTypeCounter, "Requests.", "")
	s.note(b)
	if n := testing.AllocsPerRun(50, func() { s.Note(b, s.now) }); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func TestCatalogue_BatchUsedAgain_ChangesNothing(t *testing.T) {
	s := newShelf(t, openState(t, filepath.Join(t.TempDir(), "state.db")), 10)
	help, name := []byte("help"), []byte("name")
	s.note(&telemetry.Batch{Metadata: []telemetry.Metadata{{Family: name, Help: help, Type: model.MetricTypeGauge}}})
	copy(help, "xxxx")
	copy(name, "xxxx")
	s.want(t, "", -1, map[string][]metadata.Metadata{"name": {{Type: model.MetricTypeGauge, Help: "help"}}})
}

func TestWriter_Metadata_GoToTheCatalogue(t *testing.T) {
	s := newShelf(t, openState(t, filepath.Join(t.TempDir(), "state.db")), 100)
	r := newRig(t, func(o *store.WriterOptions) { o.Catalogue = s.Catalogue })
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 20 {
				e := sinktest.Metric(fmt.Sprint("m", i), r.now.UnixMilli()+int64(w), 1)
				e.Metadata = telemetry.Metadata{Type: model.MetricTypeGauge, Help: []byte("help")}
				b, _ := sinktest.Batch(e)
				b.Metadata = append(b.Metadata, telemetry.Metadata{Family: []byte(fmt.Sprint("f", i)), Type: model.MetricTypeGauge})
				if _, err := r.Write(context.Background(), b); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := len(s.Metadata("", -1)); got != 40 {
		t.Errorf("got %d families, want 40", got)
	}
}
