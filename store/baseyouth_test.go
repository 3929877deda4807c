package store_test

import (
	"fmt"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"

	"github.com/tocsinhq/tocsin/store"
)

// Native histograms go to the base, whose open chunks are nearly empty at first: what they
// will take counts for new series, less with each minute. The log brings none.
func TestWriter_YoungHistograms_CountWithTheirChunks(t *testing.T) {
	dir, now := t.TempDir(), start
	open := func() *rig {
		return newRig(t, func(o *store.WriterOptions) {
			var err error
			o.DB, err = store.OpenTSDB(store.TSDBOptions{Dir: dir, Config: o.Config, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	r := open()
	toCome := func() int {
		t.Helper()
		n, err := strconv.Atoi(r.counter(t, "tocsin_store_memory_to_come_bytes"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	const each = 600
	show := func(name string) {
		t.Helper()
		app := r.db.AppenderV2(t.Context())
		for i := range each {
			ls := labels.FromStrings("__name__", name, "i", fmt.Sprint(i))
			if _, err := app.Append(0, ls, 0, now.UnixMilli(), 0, tsdbutil.GenerateTestHistogram(int64(i)), nil, storage.AppendV2Options{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	if got := toCome(); got != 0 {
		t.Errorf("empty: %d bytes are to come", got)
	}
	show("a")
	const one = each * 3072
	if got := toCome(); got != one {
		t.Errorf("%d new histograms: %d bytes are to come, want %d", each, got, one)
	}
	now = now.Add(30 * time.Minute)
	show("a") // known
	show("b")
	if got := toCome(); got != one/2+one {
		t.Errorf("half an hour later as many more: %d bytes are to come, want %d", got, one/2+one)
	}
	now = now.Add(30 * time.Minute)
	if got := toCome(); got != one/2 {
		t.Errorf("after an hour: %d bytes are to come, want %d of the later ones", got, one/2)
	}
	now = now.Add(-5 * time.Minute) // set back
	if got := toCome(); got != one/2 {
		t.Errorf("clock set back: %d bytes are to come, want %d", got, one/2)
	}
	now = now.Add(90 * time.Minute)
	if got := toCome(); got != 0 {
		t.Errorf("grown up: %d bytes are to come", got)
	}
	show("c")
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	r = open()
	if got := toCome(); got != 0 {
		t.Errorf("of the log: %d bytes are to come", got)
	}
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
}
