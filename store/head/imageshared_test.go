package head

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// listing tells files by name, length and time of change.
func listing(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			out[path] = info.Size() ^ info.ModTime().UnixNano()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What the image has is not in the log any more here, and what came after makes chunks
// full.
func TestOpen_ReadOnly_TakesTheImageAndChangesNothing(t *testing.T) {
	o := testOptions(t)
	h := openHead(t, o)
	h.Begin()
	id := make1(t, h, 1)
	h.End()
	const before, after = 500, 400
	for at := range int64(before) {
		commit(t, h, Sample{ID: id, T: at, V: float64(at)})
	}
	image1(t, h)
	for at := range int64(after) {
		commit(t, h, Sample{ID: id, T: before + at, V: float64(at)})
	}
	closeHead(t, h)
	first := filepath.Join(o.Dir, walDir, "00000000")
	if err := os.WriteFile(first, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	was := listing(t, o.Dir)
	o.ReadOnly = true
	h = openHead(t, o)
	got := contents(t, h, math.MinInt64, math.MaxInt64)[seriesName(1).String()]
	if len(got) != before+after || got[len(got)-1].t != before+after-1 {
		t.Errorf("%d samples, want %d", len(got), before+after)
	}
	closeHead(t, h)
	now := listing(t, o.Dir)
	if len(now) != len(was) {
		t.Errorf("files were %v and are %v", was, now)
	}
	for path, x := range was {
		if now[path] != x {
			t.Errorf("%s has changed", path)
		}
	}
}

func TestOpen_ReadOnly_DamagedImage_ReadsTheLogAndLeavesIt(t *testing.T) {
	o := testOptions(t)
	h := openHead(t, o)
	h.Begin()
	id := make1(t, h, 1)
	h.End()
	for at := range int64(300) {
		commit(t, h, Sample{ID: id, T: at, V: 1})
	}
	image1(t, h)
	closeHead(t, h)
	path := images1(t, o.Dir)[0]
	for _, damage := range []func() error{
		func() error { return os.Truncate(path, 100) },
		func() error { return os.RemoveAll(filepath.Join(o.Dir, chunksDir)) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		o.ReadOnly = true
		h = openHead(t, o)
		if got := contents(t, h, math.MinInt64, math.MaxInt64)[seriesName(1).String()]; len(got) != 300 {
			t.Errorf("%d samples, want 300", len(got))
		}
		closeHead(t, h)
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		o.ReadOnly = false
		h = openHead(t, o) // which makes a good one at its end
		image1(t, h)
		closeHead(t, h)
		if found := images1(t, o.Dir); len(found) == 1 {
			path = found[0]
		}
	}
}

// A writer that truncates, takes images and begins again with and without them, and a
// reader beside it.
func TestOpen_ReadOnly_BesideAWriter_MissesNothing(t *testing.T) {
	o := testOptions(t)
	o.SegmentSize = 64 << 10
	const series, step = 40, 100
	var stop atomic.Bool
	var stored, turns atomic.Int64 // newest time that was committed
	stored.Store(-1)
	written := make(chan error, 1)
	go func() {
		written <- func() error {
			h, err := Open(o)
			for at := int64(0); err == nil && !stop.Load(); at += step {
				var tx Transaction
				h.Begin()
				for i := range series {
					id, _, cerr := h.GetOrCreate(seriesName(i))
					err = errors.Join(err, cerr)
					tx.Samples = append(tx.Samples, Sample{ID: id, T: at, V: float64(i)})
				}
				_, cerr := h.Commit(&tx, nil)
				h.End()
				stored.Store(at)
				if err = errors.Join(err, cerr); err != nil {
					break
				}
				switch n := at / step; {
				case n%600 == 599:
					err = h.Truncate(t.Context(), (at-coreRange/2)/coreRange*coreRange, nil)
				case n%250 == 249:
					err = h.Image()
				case n%1700 == 1699:
					if err = h.Close(); err == nil && turns.Load()%2 == 0 {
						err = ForgetImages(o.Dir)
					}
					if err == nil {
						h, err = Open(o)
					}
					turns.Add(1)
				}
			}
			return errors.Join(err, h.Close())
		}()
	}()
	reader := o
	reader.ReadOnly = true
	images := 0
	for n := 0; n < 60 || turns.Load() < 2; n++ {
		select {
		case err := <-written:
			t.Fatalf("the writer has ended: %v", err)
		default:
		}
		least := stored.Load()
		if least < 0 {
			continue
		}
		h := openHead(t, reader)
		if h.images.bytes.Load() > 0 {
			images++
		}
		got := contents(t, h, math.MinInt64, math.MaxInt64)
		from, err := readTruncated(o.Dir) // what was dropped since the head was opened may be missing
		if err != nil {
			t.Fatal(err)
		}
		from = max(0, from)
		for i := range series {
			points := got[seriesName(i).String()]
			if len(points) == 0 || points[0].t > from || points[len(points)-1].t < least {
				t.Fatalf("series %d has %d samples, want from %d to %d at least", i, len(points), from, least)
			}
			for k, p := range points {
				if k > 0 && p.t != points[k-1].t+step || p.v != float64(i) {
					t.Fatalf("series %d has %v at %d after %d", i, p.v, p.t, points[max(0, k-1)].t)
				}
			}
		}
		closeHead(t, h)
	}
	stop.Store(true)
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if images == 0 {
		t.Error("no image was ever used")
	}
	t.Logf("an image was used %d times; %d starts", images, turns.Load())
}
