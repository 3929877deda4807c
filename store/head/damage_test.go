package head

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// killedLog is a log of several commits of which the sizes of the file after each are
// known.
type killedLog struct {
	o       Options
	file    []byte
	ends    []int // of commits
	samples []int // in commits up to each
	large   int   // the commit that fills pages
}

const killedSeries = 20

func newKilledLog(t *testing.T) killedLog {
	t.Helper()
	rnd := rand.New(rand.NewPCG(5, 6))
	l := killedLog{o: logOptions(t)}
	j := mustOpen(t, l.o)
	n := 0
	for i := range 50 {
		size := killedSeries
		if i == 40 {
			l.large, size = i, 200*killedSeries
		}
		var tx Transaction
		for k := range size {
			if i == 0 || k%50 == 49 {
				j.created(fakeRefs(0).ref(ID(k%killedSeries+1)), nameOf(k%killedSeries))
			}
			tx.Samples = append(tx.Samples, Sample{ID: ID(k%killedSeries + 1), T: int64(n), V: rnd.NormFloat64()})
			n++
		}
		mustWrite(t, j, fakeRefs(0), &tx)
		_, end, err := j.wl.LastSegmentAndOffset()
		if err != nil {
			t.Fatal(err)
		}
		l.ends, l.samples = append(l.ends, end), append(l.samples, n)
	}
	l.file = readSegment(t, l.o, 0) // as a kill leaves it: not closed
	mustClose(t, j)
	return l
}

func readSegment(t *testing.T, o Options, n int) []byte {
	t.Helper()
	b, err := os.ReadFile(wlog.SegmentName(filepath.Join(o.Dir, walDir), n))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeSegment(t *testing.T, o Options, n int, b []byte) {
	t.Helper()
	dir := filepath.Join(o.Dir, walDir)
	if err := errors.Join(os.MkdirAll(dir, 0o750), os.WriteFile(wlog.SegmentName(dir, n), b, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// acknowledged returns how many samples were committed when the file was so long.
func (l killedLog) acknowledged(size int) int {
	i, ok := slices.BinarySearch(l.ends, size)
	if !ok {
		i--
	}
	if i < 0 {
		return 0
	}
	return l.samples[i]
}

// check replays and wants all samples up to n at least, each series in order.
func check(t *testing.T, what string, o Options, n int) (int, error) {
	t.Helper()
	s := newFakeSink(t)
	_, stats, err := replay(o, s)
	var damage *wlog.CorruptionErr
	if err != nil && (!errors.As(err, &damage) || damage.Segment != 0 || damage.Dir != filepath.Join(o.Dir, walDir)) {
		t.Fatalf("%s: got %v, want damage of segment 0", what, err)
	}
	if stats.Unknown != (unknownReferences{}) {
		t.Fatalf("%s: %+v", what, stats)
	}
	for id, got := range s.found {
		for i, x := range got {
			// The type of a record and how it is packed have no checksum: changed, they
			// make a record of a type unknown to us.
			if want := int64(i*killedSeries + int(id) - 1); x.T != want && stats.Ignored == 0 {
				t.Fatalf("%s: sample %d of series %d is of %d, want %d", what, i, id, x.T, want)
			}
		}
	}
	if s.total() < n {
		t.Fatalf("%s: %d samples, %d were acknowledged; %v", what, s.total(), n, err)
	}
	return s.total(), err
}

func TestReplay_LogCutAtAnyByte_LosesNothingAcknowledged(t *testing.T) {
	l := newKilledLog(t)
	if n, err := check(t, "whole", l.o, l.samples[len(l.samples)-1]); err != nil || n != l.samples[len(l.samples)-1] {
		t.Fatalf("whole log: %d samples, %v", n, err)
	}
	from := l.ends[l.large-2]
	borders := slices.Clone(l.ends)
	for at := 0; at < len(l.file); at += 32 << 10 {
		borders = append(borders, at)
	}
	near := func(size int) bool {
		return slices.ContainsFunc(borders, func(at int) bool { return size > at-20 && size < at+40 })
	}
	o := logOptions(t)
	read := o
	read.ReadOnly = true
	for size := from; size <= len(l.file); size++ {
		if !near(size) && size%61 != 0 {
			continue
		}
		n := l.acknowledged(size)
		writeSegment(t, o, 0, l.file[:size])
		what := fmt.Sprintf("cut at byte %d", size)
		_, err := check(t, what, o, n)
		// A commit may be several records, the last of which is missing as a whole.
		if at := slices.Contains(l.ends, size); at && err != nil {
			t.Fatalf("%s, where a commit ends: %v", what, err)
		}
		if size%8 == 0 {
			if _, err := check(t, what+", read only", read, n); err != nil {
				t.Fatalf("%s, read only: %v", what, err)
			}
			zeros := append(slices.Clone(l.file[:size]), make([]byte, 50_000-size%4096)...)
			writeSegment(t, o, 0, zeros)
			check(t, what+" and zeros instead", o, n)
		}
	}
}

func TestReplay_DamagedByte_DeliversAllBeforeIt(t *testing.T) {
	l := newKilledLog(t)
	rnd := rand.New(rand.NewPCG(7, 8))
	o := logOptions(t)
	tries := 1000
	if testing.Short() {
		tries = 200
	}
	for range tries {
		at := rnd.IntN(len(l.file))
		b := slices.Clone(l.file)
		b[at] ^= 1 << rnd.IntN(8)
		writeSegment(t, o, 0, b)
		n := 0
		if i, _ := slices.BinarySearch(l.ends, at+1); i > 0 {
			n = l.samples[i-1]
		}
		got, err := check(t, fmt.Sprintf("byte %d is wrong", at), o, n)
		if err == nil && got != l.samples[len(l.samples)-1] {
			t.Errorf("byte %d is wrong: %d samples and no error", at, got)
		}
		read := o
		read.ReadOnly = true
		if _, rerr := check(t, "read only", read, n); rerr == nil && err != nil && at < len(l.file)-32<<10 { // a wrong length may lead beyond the end
			t.Errorf("byte %d is wrong, and who reads only is not told: %v", at, err)
		}
	}
}

func TestReplay_DamagedSegment_IsNamed(t *testing.T) {
	o := logOptions(t)
	for i := range 3 {
		j := mustOpen(t, o)
		if i == 0 {
			j.created(1, nameOf(0))
		}
		mustWrite(t, j, fakeRefs(0), &Transaction{Samples: []Sample{{ID: 1, T: int64(i)}}})
		mustClose(t, j)
	}
	b := readSegment(t, o, 1)
	b[20] ^= 1
	writeSegment(t, o, 1, b)
	s := newFakeSink(t)
	_, _, err := replay(o, s)
	var damage *wlog.CorruptionErr
	if !errors.As(err, &damage) || damage.Segment != 1 || damage.Offset == 0 || s.total() != 1 {
		t.Errorf("%d samples, %v; want one, and damage of segment 1", s.total(), err)
	}
	if err := os.Remove(wlog.SegmentName(filepath.Join(o.Dir, walDir), 1)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := replay(o, newFakeSink(t)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a segment is missing: got %v", err)
	}
}
