package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

func (r *rig) from(t *testing.T, source string, e ...sinktest.Entry) telemetry.WriteResult {
	t.Helper()
	b, _ := sinktest.Batch(e...)
	b.Source = source
	res, err := r.Write(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func many(at int64, from, to int) []sinktest.Entry {
	var e []sinktest.Entry
	for i := from; i < to; i++ {
		e = append(e, sinktest.Metric("many", at, 1, "i", fmt.Sprint(i)))
	}
	return e
}

func TestWriter_SeriesOfOneSource_AreLimitedAndForgotten(t *testing.T) {
	r := newRig(t, func(o *store.WriterOptions) { o.Config.Limits.MaxSeriesPerSource = 10 })
	at := r.now.UnixMilli()
	if res := r.from(t, "a", many(at, 0, 10)...); res.Stored != 10 {
		t.Fatalf("got %+v", res)
	}
	res := r.from(t, "a", many(at+1, 0, 12)...)
	if res.Stored != 10 || res.Refused[telemetry.ReasonSourceLimit] != 2 || !strings.Contains(res.Rejected[0].Message, `source "a" has 10 series, want at most 10`) {
		t.Errorf("got %+v, want the ten that exist stored and two refused", res)
	}
	if res.OverLimit() {
		t.Error("a batch of which something was stored is taken for one that may be sent again")
	}
	if res := r.from(t, "a", many(at, 20, 22)...); !res.OverLimit() {
		t.Errorf("got %+v, want it over the limit and nothing else", res)
	}
	if res := r.from(t, "b", many(at, 10, 20)...); res.Stored != 10 {
		t.Errorf("another source: got %+v", res)
	}
	if res := r.from(t, "b", many(at+1, 0, 10)...); res.Stored != 10 {
		t.Errorf("series of another source: got %+v, want them stored", res)
	}
	if got := r.counter(t, "tocsin_store_sources"); got != "2" {
		t.Errorf("%s sources, want 2", got)
	}
	// Opened again, they are counted anew as their samples come.
	if err := r.FailLog(errors.New("no space")); err == nil {
		t.Fatal("no error")
	}
	if err := r.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if res := r.from(t, "a", many(at+2, 0, 12)...); res.Stored != 12 { // two are of b and not counted for it yet
		t.Errorf("opened again: got %+v", res)
	}
	if res := r.from(t, "a", many(at+3, 20, 23)...); !res.OverLimit() {
		t.Errorf("opened again: got %+v, want it over the limit", res)
	}
	// Eight hours on the head drops them, and there is room for others.
	r.now = r.now.Add(8 * time.Hour)
	r.from(t, "c", sinktest.Metric("tick", r.now.UnixMilli(), 1))
	if err := r.db.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	if res := r.from(t, "a", many(r.now.UnixMilli(), 30, 40)...); res.Stored != 10 {
		t.Errorf("after they were forgotten: got %+v", res)
	}
}

func TestWriter_MemoryInUse_RefusesNewSeriesThenAll(t *testing.T) {
	const mib = 1 << 20
	r := newRig(t, func(o *store.WriterOptions) { o.Config.Limits.Memory = 1000 * mib })
	at := r.now.UnixMilli()
	use := store.MemoryUse{Live: 100 * mib, Taken: 900 * mib} // much garbage
	collected := 0
	r.SetMemory(func() store.MemoryUse { return use }, func() { collected++; use.Taken = use.Live })
	r.LookAtMemory()
	if res := r.from(t, "", many(at, 0, 5)...); res.Stored != 5 || collected != 1 {
		t.Errorf("garbage: got %+v after %d collections, want all stored after one", res, collected)
	}
	use = store.MemoryUse{Live: 860 * mib, Taken: 900 * mib}
	r.LookAtMemory()
	res := r.from(t, "", many(at+1, 0, 7)...)
	if res.Stored != 5 || res.Refused[telemetry.ReasonMemoryLimit] != 2 || !strings.Contains(res.Rejected[0].Message, "860 MiB of memory are in use, no series is made above 850 MiB of the limit of 1000 MiB") {
		t.Errorf("got %+v, want known series stored and new ones refused", res)
	}
	if err := r.Healthy(); err != nil {
		t.Errorf("Healthy: %v", err)
	}
	use.Live = 960 * mib
	r.LookAtMemory()
	if err := r.try(many(at+2, 0, 5)...); !errors.Is(err, store.ErrReadOnly) || !strings.Contains(err.Error(), "960 MiB") {
		t.Errorf("got %v, want all put off", err)
	}
	use.Live = 500 * mib
	r.LookAtMemory()
	if res := r.from(t, "", many(at+3, 0, 7)...); res.Stored != 7 {
		t.Errorf("with memory again: got %+v", res)
	}
	// A flood of new series is noticed without waiting for the next look.
	use = store.MemoryUse{Live: 990 * mib, Taken: 990 * mib}
	if res := r.from(t, "", many(at+4, 100, 5000)...); res.Stored > 2200 || res.Refused[telemetry.ReasonMemoryLimit] < 2700 {
		t.Errorf("a flood: %d stored, refused %v", res.Stored, res.Refused)
	}
}

// A burst of new series must not fill memory by growing up.
func TestWriter_MemoryToCome_RefusesNewSeries(t *testing.T) {
	const mib = 1 << 20
	toCome := int64(0)
	r := newRig(t, func(o *store.WriterOptions) {
		o.Config.Limits.Memory = 1000 * mib
		o.ToCome = func() int64 { return toCome }
	})
	at := r.now.UnixMilli()
	collected := 0
	use := store.MemoryUse{Live: 400 * mib, Taken: 440 * mib}
	r.SetMemory(func() store.MemoryUse { return use }, func() { collected++ })
	r.LookAtMemory()
	if res := r.from(t, "", many(at, 0, 5)...); res.Stored != 5 {
		t.Fatalf("got %+v", res)
	}
	toCome = 460 * mib
	r.LookAtMemory()
	res := r.from(t, "", many(at+1, 0, 7)...)
	if res.Stored != 5 || res.Refused[telemetry.ReasonMemoryLimit] != 2 || !strings.Contains(res.Rejected[0].Message, "400 MiB of memory are in use and young series will take 460 MiB more, no series is made above 850 MiB") {
		t.Errorf("got %+v, want known series stored and new ones refused", res)
	}
	if err := r.Healthy(); err != nil {
		t.Errorf("known series are put off for what is to come: %v", err)
	}
	if got := r.counter(t, "tocsin_store_memory_to_come_bytes"); got != fmt.Sprint(460*mib) {
		t.Errorf("got %s bytes to come in the metrics", got)
	}
	toCome, use.Taken = 400*mib, 540*mib
	r.LookAtMemory()
	if res := r.from(t, "", many(at+2, 0, 7)...); res.Stored != 7 || collected != 1 {
		t.Errorf("grown up: got %+v after %d collections, want all stored after one, as 140 MiB may be garbage", res, collected)
	}
}

func TestWriter_NoMemoryLimit_RefusesNothing(t *testing.T) {
	r := newRig(t, nil)
	r.SetMemory(func() store.MemoryUse { return store.MemoryUse{Live: 1 << 60, Taken: 1 << 60} }, func() { t.Error("collected") })
	r.LookAtMemory()
	if res := r.from(t, "", many(r.now.UnixMilli(), 0, 5)...); res.Stored != 5 {
		t.Errorf("got %+v", res)
	}
}
