package store_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/tsdb/wlog"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/store/head"
)

// tornLog is a data folder as a killed process leaves it: a log of requests of
// twenty series each, of which the later ones also have late samples.
type tornLog struct {
	dir      string
	log      string // where most samples are
	requests int
	samples  int
}

const tornSeries = 20

// newTornLog makes such a folder. With inBase all samples are in the log of the base, as
// they were before there was a head.
func newTornLog(t *testing.T, requests int, inBase bool) tornLog {
	t.Helper()
	l := tornLog{dir: t.TempDir(), log: "head/wal", requests: requests}
	if inBase {
		l.log = "wal"
	}
	r := newRig(t, func(o *store.WriterOptions) {
		o.Config.StartTimestamps = inBase
		o.DB = openDB(t, l.dir, o.Config)
	})
	defer func() {
		if err := r.db.Close(); err != nil {
			t.Error(err)
		}
		forgetImages(t, l.dir)
	}()
	at := r.now.UnixMilli()
	for n := range requests {
		r.now = r.now.Add(time.Second)
		var e []sinktest.Entry
		for i := range tornSeries {
			e = append(e, sinktest.Metric("torn", at+int64(n)*1000, float64(n), "i", strconv.Itoa(i), "text", strings.Repeat("x", 40)))
		}
		if n > 5 && n%3 == 0 {
			e = append(e, sinktest.Metric("torn", at+int64(n-3)*1000+500, 1, "i", "0", "text", strings.Repeat("x", 40)))
		}
		l.samples += r.write(t, e...).Stored
	}
	return l
}

// forgetImages makes the next opening read the whole log, as after a kill that came before
// the first image.
func forgetImages(t *testing.T, dir string) {
	t.Helper()
	if err := head.ForgetImages(filepath.Join(dir, "head")); err != nil {
		t.Fatal(err)
	}
}

// copyTo copies the folder as it is.
func (l tornLog) copyTo(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(l.dir)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// newest returns the newest segment with data of a log.
func newest(t *testing.T, dir, log string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, log, "0*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Backward(found) {
		if info, err := os.Stat(path); err == nil && info.Size() > 0 {
			return path
		}
	}
	t.Fatalf("no segment with data in %s/%s", dir, log)
	return ""
}

func edit(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

// opened is what a store has after it was opened on a damaged log.
type opened struct {
	samples int
	damages []store.Damage
	kept    []string
}

// open opens the store twice: the second time there must be nothing left to repair.
func open(t *testing.T, dir string) opened {
	t.Helper()
	return openTimes(t, dir, 2)
}

func openTimes(t *testing.T, dir string, times int) opened {
	t.Helper()
	var got opened
	for turn := range times {
		r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
		series, _ := read(t, r.db, "torn")
		n := 0
		for _, s := range series {
			n += len(s)
		}
		switch {
		case turn == 0:
			got.samples, got.damages = n, r.db.Damages()
			if len(series) > tornSeries {
				t.Errorf("%d series, want %d", len(series), tornSeries)
			}
			if len(got.damages) > 0 && r.counter(t, `tocsin_store_log_damages_total{kind="damaged"}`) == "0" {
				t.Error("damage is not counted")
			}
		case n != got.samples || len(r.db.Damages()) > 0:
			t.Errorf("opened again: %d samples and damages %v, want %d and none", n, r.db.Damages(), got.samples)
		}
		// It takes samples, and keeps them.
		r.write(t, sinktest.Metric("after", r.now.UnixMilli()+int64(turn), 1))
		if s, _ := read(t, r.db, "after"); len(s["{}"]) != turn+1 {
			t.Errorf("after: got %v", s)
		}
		if err := r.db.Close(); err != nil {
			t.Error(err)
		}
	}
	kept, err := filepath.Glob(filepath.Join(dir, "wal-corrupt", "*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	got.kept = kept
	if left, _ := filepath.Glob(filepath.Join(dir, "wal-[gr]*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return got
}

func TestOpenTSDB_TornLog_CutAtEachByteOfTheLastRecord(t *testing.T) {
	for _, inBase := range []bool{false, true} {
		t.Run(fmt.Sprintf("base=%t", inBase), func(t *testing.T) { cutEachByte(t, newTornLog(t, 12, inBase)) })
	}
}

func cutEachByte(t *testing.T, l tornLog) {
	whole := open(t, l.copyTo(t))
	if whole.samples != l.samples || len(whole.damages) > 0 || len(whole.kept) > 0 {
		t.Fatalf("whole log: got %+v, want %d samples", whole, l.samples)
	}
	path := newest(t, l.dir, l.log)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	records := recordEnds(t, path)
	last := records[len(records)-1]
	end := len(bytes.TrimRight(b, "\x00")) // zeros at the end of a record may be missing
	from := records[len(records)-2]
	step := 1
	if testing.Short() {
		step = 7
	}
	for size := from; size < last; size += step {
		want, kept := l.samples-tornSeries, 1
		switch {
		case size >= end:
			want, kept = l.samples, 0
		case size < from+3: // the header alone, which reads as an empty record
			kept = 0
		}
		dir := l.copyTo(t)
		edit(t, newest(t, dir, l.log), func(b []byte) []byte { return b[:size] })
		times := 1
		if size%16 == 0 {
			times = 2
		}
		got := openTimes(t, dir, times)
		if got.samples != want || len(got.kept) != kept {
			t.Errorf("cut at byte %d of %d to %d: %d samples, %d files kept, want %d, %d", size, from, last, got.samples, len(got.kept), want, kept)
		}
		if len(got.damages) > 0 { // a kill while writing is no damage
			t.Errorf("cut at byte %d: %v", size, got.damages)
		}
	}
}

// recordEnds returns where the records of a segment end.
func recordEnds(t *testing.T, path string) []int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var ends []int
	for r := wlog.NewReader(f); r.Next(); {
		ends = append(ends, int(r.Offset()))
	}
	return ends
}

func TestOpenTSDB_DamagedLog_LosesTheDamagedRecordsOnly(t *testing.T) {
	for _, inBase := range []bool{false, true} {
		t.Run(fmt.Sprintf("base=%t", inBase), func(t *testing.T) { damageLog(t, newTornLog(t, 1500, inBase)) }) // several pages
	}
}

func damageLog(t *testing.T, l tornLog) {
	rnd := rand.New(rand.NewPCG(1, 2))
	late := "wbl"
	if l.log != "wal" {
		late = "wal" // where they are in order, as the base knows no newer ones
	}
	cases := map[string]struct {
		log    string
		change func([]byte) []byte
		most   int // requests lost
		silent bool
	}{
		"last 20 bytes cut":     {l.log, func(b []byte) []byte { b = bytes.TrimRight(b, "\x00"); return b[:len(b)-20] }, 1, true},
		"last 4 KiB zeroed":     {l.log, func(b []byte) []byte { b = bytes.TrimRight(b, "\x00"); clear(b[len(b)-4096:]); return b }, 120, false},
		"one bit at byte 100":   {l.log, func(b []byte) []byte { b[100] ^= 4; return b }, 1600, false}, // the record with all series
		"length at its page":    {l.log, func(b []byte) []byte { b[64<<10+1] ^= 0x40; return b }, 1000, false},
		"a page of noise":       {l.log, func(b []byte) []byte { noise(rnd, b[64<<10:96<<10]); return b }, 1000, false},
		"late samples: one bit": {late, func(b []byte) []byte { b[len(bytes.TrimRight(b, "\x00"))/2] ^= 1; return b }, 1, false},
		"late samples: cut":     {late, func(b []byte) []byte { b = bytes.TrimRight(b, "\x00"); return b[:len(b)/2] }, 260, true},
	}
	for k := range 12 {
		cases["bit flip "+strconv.Itoa(k)] = struct {
			log    string
			change func([]byte) []byte
			most   int
			silent bool
		}{l.log, func(b []byte) []byte {
			n := len(bytes.TrimRight(b, "\x00"))
			at := 4096 + rnd.IntN(n-4096)
			b[at] ^= 1 << rnd.IntN(8)
			return b
		}, 1000, false}
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		c := cases[name]
		t.Run(name, func(t *testing.T) {
			dir := l.copyTo(t)
			edit(t, newest(t, dir, c.log), c.change)
			got := open(t, dir)
			lost := l.samples - got.samples
			t.Logf("%d of %d samples lost; %v", lost, l.samples, got.damages)
			if lost > c.most*tornSeries {
				t.Errorf("%d of %d samples lost, want at most %d", lost, l.samples, c.most*tornSeries)
			}
			if !c.silent && (len(got.damages) == 0 || got.damages[0].Records == 0 || len(got.kept) == 0) {
				t.Errorf("damages %v, kept %v; want it told and kept", got.damages, got.kept)
			}
		})
	}
}

func noise(r *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(r.UintN(256))
	}
}

func TestOpenTSDB_SegmentsMissing_StartsAndTells(t *testing.T) {
	for _, inBase := range []bool{false, true} {
		for _, missing := range []int{0, 1, 2} {
			t.Run(fmt.Sprintf("base=%t/%d", inBase, missing), func(t *testing.T) {
				l := newTornLog(t, 10, inBase)
				for range 3 { // each opening begins a segment
					r := newRig(t, func(o *store.WriterOptions) {
						o.Config.StartTimestamps = inBase
						o.DB = openDB(t, l.dir, o.Config)
					})
					r.now = r.now.Add(20e9)
					r.write(t, sinktest.Metric("torn", r.now.UnixMilli(), 1, "i", "0", "text", strings.Repeat("x", 40)))
					r.db.Close()
				}
				if err := os.Remove(filepath.Join(l.dir, l.log, fmt.Sprintf("%08d", missing))); err != nil {
					t.Fatal(err)
				}
				got := open(t, l.dir)
				if len(got.damages) != 1 || got.damages[0].Missing != 1 {
					t.Errorf("got %v, want one missing segment told", got.damages)
				}
			})
		}
	}
}
