package store_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// folderOfBefore makes a data folder as it was before there was a head: all samples in
// the log of the embedded TSDB. Its series are m{i="0"} to m{i="4"}.
func folderOfBefore(t *testing.T, at int64) string {
	t.Helper()
	dir := t.TempDir()
	o := tsdb.DefaultOptions()
	o.EnableExemplarStorage, o.MaxExemplars = true, 100
	o.OutOfOrderTimeWindow = 1_800_000
	db, err := tsdb.Open(dir, slog.New(slog.DiscardHandler), nil, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := db.AppenderV2(t.Context())
	for n := range int64(300) {
		for i := range 5 {
			opts := storage.AppendV2Options{}
			if n == 299 {
				opts.Exemplars = []exemplar.Exemplar{{Labels: labels.FromStrings("trace_id", fmt.Sprint(i)), Value: float64(i), Ts: at, HasTs: true}}
			}
			if _, err := a.Append(0, labels.FromStrings("__name__", "m", "i", fmt.Sprint(i)), 0, at-(299-n)*15_000, float64(n), nil, nil, opts); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := a.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOpenTSDB_FolderOfBefore_GoesOnWithoutGapOrDouble(t *testing.T) {
	at := start.UnixMilli()
	dir := folderOfBefore(t, at)
	most := 6
	open := func(now time.Time) *rig {
		r := newRig(t, func(o *store.WriterOptions) {
			o.Config.Limits.MaxSeries = most
			o.DB = openDB(t, dir, o.Config)
		})
		r.now = now
		return r
	}
	r := open(start)
	if got := readExemplars(t, r.db, "m"); len(got) != 5 {
		t.Errorf("exemplars %v, want those of the old log", got)
	}
	put := func(i string, t64 int64, v float64) telemetry.WriteResult {
		return r.write(t, sinktest.Metric("m", t64, v, "i", i))
	}
	// A sender repeats what it sent before the update, corrects it, and goes on.
	if res := put("0", at, 299); res.Stored != 1 {
		t.Errorf("repeated: got %+v", res)
	}
	if res := put("1", at, 298); res.Refused[telemetry.ReasonDuplicateTime] != 1 {
		t.Errorf("another value: got %+v", res)
	}
	if res := put("2", at-7_000, 1); res.Stored != 1 {
		t.Errorf("late: got %+v", res)
	}
	for i := range 5 {
		if res := put(fmt.Sprint(i), at+15_000, 300); res.Stored != 1 {
			t.Errorf("next: got %+v", res)
		}
	}
	if res := put("new", at+15_000, 1); res.Stored != 1 || r.db.NumSeries() != 6 {
		t.Errorf("a sixth series: got %+v, %d series", res, r.db.NumSeries())
	}
	want := map[string]int{`{i="0"}`: 301, `{i="1"}`: 301, `{i="2"}`: 302, `{i="3"}`: 301, `{i="4"}`: 301, `{i="new"}`: 1}
	check := func(when string) {
		t.Helper()
		got, _ := read(t, r.db, "m")
		for ls, n := range want {
			s := got[ls]
			if len(s) != n {
				t.Errorf("%s: %s has %d samples, want %d", when, ls, len(s), n)
			}
			for i := 1; i < len(s); i++ {
				if s[i].T <= s[i-1].T {
					t.Errorf("%s: %s has %v after %v", when, ls, s[i], s[i-1])
				}
			}
		}
	}
	if res := put("other", at+15_000, 1); res.Refused[telemetry.ReasonSeriesLimit] != 1 {
		t.Errorf("a seventh series: got %+v", res)
	}
	check("after the update")
	most = 7
	for turn := range 2 {
		if err := r.db.Close(); err != nil {
			t.Fatal(err)
		}
		r = open(start.Add(6 * time.Hour))
		check("opened again")
		r.write(t, sinktest.Metric("tick", r.now.UnixMilli(), 1))
		if err := r.db.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		check("in blocks")
		if n := r.db.NumSeries(); turn == 0 && n != 1 || len(r.db.Blocks()) == 0 {
			t.Errorf("turn %d: %d series in memory and %d blocks, want tick alone", turn, n, len(r.db.Blocks()))
		}
	}
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
}
