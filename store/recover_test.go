package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// New series that were refused for want of memory are let in once the old ones have ended
// and left the head, without a start.
func TestWriter_SeriesThatEnd_MakeRoomForNewOnes(t *testing.T) {
	const mib, series = 1 << 20, 100
	r := newRig(t, func(o *store.WriterOptions) {
		o.Config.Limits.Memory = 1000 * mib
		o.DB = openDB(t, t.TempDir(), o.Config)
		t.Cleanup(func() { o.DB.Close() })
	})
	r.SetMemory(func() store.MemoryUse {
		live := 400*mib + 5*mib*r.db.NumSeries()
		return store.MemoryUse{Live: live, Taken: live}
	}, func() {})
	show := func(name string) telemetry.WriteResult {
		var e []sinktest.Entry
		for i := range series {
			e = append(e, sinktest.Metric(name, r.now.UnixMilli(), float64(i), "i", fmt.Sprint(i)))
		}
		r.LookAtMemory()
		return r.write(t, e...)
	}
	if res := show("old"); res.Stored != series {
		t.Fatalf("got %+v", res)
	}
	r.now = r.now.Add(time.Minute)
	if res := show("new"); res.Refused[telemetry.ReasonMemoryLimit] != series {
		t.Fatalf("got %+v, want all new series refused", res)
	}
	if res := show("old"); res.Stored != series {
		t.Fatalf("got %+v, want the known series taken", res)
	}
	for range 8 { // one goes on, so that time does
		r.now = r.now.Add(time.Hour)
		r.write(t, sinktest.Metric("old", r.now.UnixMilli(), 1, "i", "0"))
		if err := r.db.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.db.NumSeries(); n != 1 {
		t.Fatalf("%d series are in memory, want the one that goes on", n)
	}
	if res := show("new"); res.Stored != series {
		t.Errorf("got %+v, want the new series taken", res)
	}
	r.now = r.now.Add(time.Minute)
	if res := show("other"); res.Refused[telemetry.ReasonMemoryLimit] == 0 {
		t.Errorf("got %+v, want some refused again", res)
	}
}
