package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/store"
)

func TestOpenState_Twice_KeepsRowsAndMigratesOnce(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "state with space?.db")
	for i := range 2 {
		db, err := store.OpenState(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		var rows int
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM cursors").Scan(&rows); err != nil {
			t.Fatal(err)
		}
		if rows != i {
			t.Errorf("opening %d: got %d rows, want %d", i+1, rows, i)
		}
		if _, err := db.ExecContext(ctx, "INSERT INTO cursors (name, seq) VALUES (?, 1)", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenState_Pragmas_MakeCommitsDurable(t *testing.T) {
	db, err := store.OpenState(context.Background(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := db.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", pragma, got, err, want)
		}
	}
	if _, err := db.Exec("INSERT INTO incident_events (incident, kind, at, actor, text, body) VALUES ('none', '', 0, '', '', '')"); err == nil {
		t.Error("an event of no incident was taken: foreign keys are off")
	}
}

func TestOpenState_Migrations_GoDownAgain(t *testing.T) {
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("migrations: %v, %v", files, err)
	}
	db, err := store.OpenState(context.Background(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, name := range slices.Backward(files) { // the latest first
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, down, ok := strings.Cut(string(b), "-- +goose Down")
		if !ok {
			t.Fatalf("%s: no way down", name)
		}
		if _, err := db.Exec(down); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	var left int
	if err := db.QueryRow("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%'").Scan(&left); err != nil || left != 0 {
		t.Errorf("%d tables left, %v", left, err)
	}
}

func TestOpenState_NotADatabase_SaysWhich(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if db, err := store.OpenState(context.Background(), path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, %v", db, err)
	}
}

func TestOpenTSDB_UnusableSettings_SaysWhich(t *testing.T) {
	c := store.DefaultConfig()
	c.WALCompression = "lzw"
	o := store.TSDBOptions{Dir: t.TempDir(), Config: c, Logger: slog.New(slog.DiscardHandler)}
	if _, err := store.OpenTSDB(o); err == nil || !strings.Contains(err.Error(), `"lzw"`) {
		t.Errorf("got %v", err)
	}
	o.Config.WALCompression = "zstd"
	o.Registerer = prometheus.NewRegistry()
	db, err := store.OpenTSDB(o)
	if err != nil {
		t.Fatal(err)
	}
	o.Registerer = nil
	if _, err := store.OpenTSDB(o); err == nil || !strings.Contains(err.Error(), "lock") {
		t.Errorf("second opening: got %v, want its lock", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func TestConfig_Validate_ReportsEachField(t *testing.T) {
	collect := func(c store.Config) []string {
		var got []string
		c.Validate(func(path, format string, args ...any) { got = append(got, path+": "+fmt.Sprintf(format, args...)) })
		return got
	}
	if got := collect(store.DefaultConfig()); len(got) != 0 {
		t.Errorf("defaults: %v", got)
	}
	bad := store.Config{RetentionSize: -1, MinFreeDisk: -1, MaxExemplars: -1, MaxMetadata: -1, OutOfOrderWindow: yamldoc.Duration(time.Second), Limits: store.Limits{MaxFuture: -1, MaxSeriesPerSource: -1, Memory: 1}}
	var paths []string
	for _, line := range collect(bad) {
		path, msg, _ := strings.Cut(line, ": ")
		paths = append(paths, path)
		if !strings.Contains(msg, "want") || !strings.Contains(msg, "got") {
			t.Errorf("%s: want got and wanted", line)
		}
	}
	want := []string{"retention", "retention_size", "out_of_order_window", "wal_compression", "durability", "max_exemplars", "max_metadata", "min_free_disk",
		"limits.max_series", "limits.max_labels", "limits.max_label_name_bytes", "limits.max_label_value_bytes", "limits.max_series_per_source", "limits.memory", "limits.max_future",
		"query.max_samples", "query.timeout", "query.subquery_step", "query.lookback", "query.max_length", "query.max_concurrent"}
	if !slices.Equal(paths, want) {
		t.Errorf("got  %v\nwant %v", paths, want)
	}
}

func TestConfig_YAML_SetsEveryField(t *testing.T) {
	doc, errs := yamldoc.Parse("storage.yml", []byte(`
retention: 3d
retention_size: 10GiB
out_of_order_window: 1h
wal_compression: zstd
durability: fsync
max_exemplars: 9
start_timestamps: true
max_metadata: 10
min_free_disk: 1MiB
limits: {max_series: 1, max_labels: 2, max_label_name_bytes: 3, max_label_value_bytes: 4, max_future: 5m, max_series_per_source: 9, memory: 1GiB}
query: {max_samples: 6, timeout: 7s, lookback: 8m, subquery_step: 11s, max_length: 9KiB, max_concurrent: 10}
`))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	got := store.DefaultConfig()
	if errs := doc.Decode(&got); len(errs) > 0 {
		t.Fatal(errs)
	}
	want := store.Config{
		Retention: yamldoc.Duration(72 * time.Hour), RetentionSize: 10 << 30, OutOfOrderWindow: yamldoc.Duration(time.Hour), WALCompression: "zstd", Durability: "fsync", MaxExemplars: 9, StartTimestamps: true, MaxMetadata: 10, MinFreeDisk: 1 << 20,
		Limits: store.Limits{MaxSeries: 1, MaxLabels: 2, MaxLabelNameBytes: 3, MaxLabelValueBytes: 4, MaxFuture: yamldoc.Duration(5 * time.Minute), MaxSeriesPerSource: 9, Memory: 1 << 30},
		Query:  store.QueryConfig{MaxSamples: 6, Timeout: yamldoc.Duration(7 * time.Second), Lookback: yamldoc.Duration(8 * time.Minute), SubqueryStep: yamldoc.Duration(11 * time.Second), MaxLength: 9 << 10, MaxConcurrent: 10},
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func newEngine(t testing.TB, c store.QueryConfig, p parser.Parser) *store.QueryEngine {
	e := store.NewQueryEngine(store.QueryEngineOptions{Config: c, Parser: p, Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { e.Close() })
	return e
}

func TestNewQueryEngine_PassesPrometheusOwnSuite(t *testing.T) {
	promqltest.RunBuiltinTests(t, newEngine(t, store.DefaultConfig().Query, parser.NewParser(promqltest.TestParserOpts)))
}

func TestNewQueryEngine_Limits_Hold(t *testing.T) {
	r := newRig(t, nil)
	at := r.now.UnixMilli()
	for i := range int64(20) {
		r.write(t, sinktest.Metric("m", at-i*1000, 1, "i", fmt.Sprint(i)))
	}
	ask := func(c store.QueryConfig, q string) error {
		query, err := newEngine(t, c, nil).NewInstantQuery(context.Background(), r.db, nil, q, r.now)
		if err != nil {
			return err
		}
		defer query.Close()
		res := query.Exec(context.Background())
		if v, err := res.Vector(); err == nil && len(v) == 0 {
			return fmt.Errorf("nothing")
		}
		return res.Err
	}
	c := store.DefaultConfig().Query
	for _, q := range []string{"m", "m @ 1772366400", "m offset -1m offset 1m", "m offset -10s"} {
		if err := ask(c, strings.ReplaceAll(q, " offset 1m", "")); err != nil {
			t.Errorf("%s: %v", q, err)
		}
	}
	if err := ask(c, "limitk(1, m)"); err == nil {
		t.Error("an experimental function is on")
	}
	few := c
	few.MaxSamples = 10
	if err := ask(few, "m"); err == nil || !strings.Contains(err.Error(), "too many samples") {
		t.Errorf("max_samples: got %v", err)
	}
	quick := c
	quick.Timeout = 1
	if err := ask(quick, "m"); err == nil || !strings.Contains(err.Error(), "timed out") {
		t.Errorf("timeout: got %v", err)
	}
	near := c
	near.Lookback = yamldoc.Duration(5 * time.Second)
	if err := ask(near, `m{i="9"}`); err == nil || err.Error() != "nothing" {
		t.Errorf("lookback: got %v, want nothing nine seconds after the sample", err)
	}
	fine := c
	fine.SubqueryStep = yamldoc.Duration(30 * time.Second)
	for _, x := range []struct {
		c    store.QueryConfig
		want string
	}{{c, "10"}, {store.QueryConfig{MaxSamples: 1000, Timeout: c.Timeout}, "10"}, {fine, "20"}} {
		if err := ask(x.c, "count_over_time(vector(1)[10m:]) == "+x.want); err != nil {
			t.Errorf("subquery_step %s: %v, want %s steps in ten minutes", x.c.SubqueryStep, err, x.want)
		}
	}
}

func TestWriter_Run_SyncsTheLogAndEndsWithItsContext(t *testing.T) {
	r := newRig(t, nil)
	r.write(t, sinktest.Metric("m", r.now.UnixMilli(), 1))
	before := goleak.IgnoreCurrent()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 11*time.Minute)
		defer cancel()
		r.now = r.now.Add(5 * time.Hour)
		if err := r.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	goleak.VerifyNone(t, before)
	if got := r.counter(t, "tocsin_store_cache_swept_total"); got != "1" {
		t.Errorf("swept %s, want 1", got)
	}
	if got := r.counter(t, "tocsin_store_sync_errors_total"); got != "0" {
		t.Errorf("got %s errors", got)
	}
	// With the folder of the log gone the sync cannot succeed and says so.
	r.write(t, sinktest.Metric("m", r.now.UnixMilli(), 1))
	wal := filepath.Join(r.db.Dir(), "wal")
	if err := os.Rename(wal, wal+"-away"); err != nil {
		t.Fatal(err)
	}
	if err := r.Sync(); err != nil {
		t.Errorf("a log that is not there is nothing to sync, got %v", err)
	}
	if err := os.Rename(wal+"-away", wal); err != nil {
		t.Fatal(err)
	}
}

// What a repair left that was cut off goes at the next start, whatever signs the name of the
// folder has.
func TestOpenTSDB_LeftOfARepair_IsRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[a-c]*")
	left := filepath.Join(dir, "wbl", "00000003.restored")
	if err := os.MkdirAll(filepath.Dir(left), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, []byte("half"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := openDB(t, dir, store.DefaultConfig()).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there (%v)", err)
	}
}
