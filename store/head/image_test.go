package head

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// copyFolder copies a folder as a kill would leave it, file after file.
func copyFolder(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a temporary one
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o777)
		}
		return copySparse(path, filepath.Join(to, rel))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// copySparse copies what is not zero.
func copySparse(from, to string) error {
	in, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	buf, zeros := make([]byte, 64<<10), make([]byte, 64<<10)
	for at := int64(0); ; {
		n, err := in.ReadAt(buf, at)
		if !bytes.Equal(buf[:n], zeros[:n]) {
			if _, err := out.WriteAt(buf[:n], at); err != nil {
				return err
			}
		} else if n > 0 && filepath.Base(filepath.Dir(from)) == chunksDir && at > 1<<20 {
			return out.Truncate(info.Size())
		}
		at += int64(n)
		if errors.Is(err, io.EOF) {
			return out.Truncate(at)
		}
		if err != nil {
			return err
		}
	}
}

func images1(t testing.TB, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, imagePrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func image1(t testing.TB, h *Head) {
	t.Helper()
	if err := h.Image(); err != nil {
		t.Fatal(err)
	}
}

// imageModel is a head that is written to, and what it must have.
type imageModel struct {
	t    testing.TB
	o    Options
	h    *Head
	r    *rand.Rand
	at   int64
	want map[string][]point
}

func (m *imageModel) write(rounds, series int) {
	for range rounds {
		m.at += 1 + m.r.Int64N(400)
		var tx Transaction
		m.h.Begin()
		for i := range series {
			if m.r.IntN(3) > 0 {
				continue
			}
			id, v := make1(m.t, m.h, i), awkward(m.r, 1)
			tx.Samples = append(tx.Samples, Sample{ID: id, T: m.at, V: v})
			if m.r.IntN(8) == 0 {
				tx.Metadata = append(tx.Metadata, Metadata{id, metadata.Metadata{Type: "gauge", Help: fmt.Sprint("h", m.r.IntN(3))}})
			}
			name := seriesName(i).String()
			m.want[name] = append(m.want[name], point{m.at, v})
		}
		late, err := m.h.Commit(&tx, nil)
		m.h.End()
		if err != nil || len(late) > 0 {
			m.t.Fatal(err, late)
		}
	}
}

// truncate drops what is older than a border that is about due.
func (m *imageModel) truncate() {
	maxt := (m.at - coreRange/2) / coreRange * coreRange
	if err := m.h.Truncate(m.t.Context(), maxt, nil); err != nil {
		m.t.Fatal(err)
	}
	for name, points := range m.want {
		points = slices.DeleteFunc(slices.Clone(points), func(p point) bool { return p.t < maxt })
		if m.want[name] = points; len(points) == 0 {
			delete(m.want, name)
		}
	}
}

// check opens a copy of the folder with and without its images.
func (m *imageModel) check(dir string, damaged int64) {
	m.t.Helper()
	o := m.o
	o.Dir = dir
	o.Overtaken = func(ls labels.Labels, t int64, v float64) { m.t.Errorf("sample of %s at %d is overtaken", ls, t) }
	h := openHead(m.t, o)
	sameContents(m.t, contents(m.t, h, math.MinInt64, math.MaxInt64), m.want)
	if n := h.images.damaged.Load(); n != damaged {
		m.t.Fatalf("%d images were put aside, want %d", n, damaged)
	}
	state := headState(h)
	closeHead(m.t, h)
	o.ReadOnly = true
	h = openHead(m.t, o)
	o.ReadOnly = false
	sameContents(m.t, contents(m.t, h, math.MinInt64, math.MaxInt64), m.want)
	closeHead(m.t, h)
	if err := ForgetImages(dir); err != nil {
		m.t.Fatal(err)
	}
	h = openHead(m.t, o)
	defer closeHead(m.t, h)
	sameContents(m.t, contents(m.t, h, math.MinInt64, math.MaxInt64), m.want)
	if without := headState(h); without != state {
		m.t.Fatalf("with an image\n%s\nwithout\n%s", state, without)
	}
}

// headState says what queries and writers see beside samples.
func headState(h *Head) string {
	var b strings.Builder
	fmt.Fprintln(&b, h.MinTime(), h.MaxTime(), h.MinValid(), h.NumSeries(), h.highest.Load())
	var lines []string
	h.floats.each(func(id ID, newest int64) {
		at, v, ok := h.Newest(id)
		ref := h.floats.ref(id)
		lines = append(lines, fmt.Sprint(h.Labels(id), ref, newest, at, math.Float64bits(v), ok, h.Get(h.Labels(id)) == id, h.log.described.at(ref)))
	})
	slices.Sort(lines)
	return b.String() + strings.Join(lines, "\n") + fmt.Sprint(h.index.names())
}

func newImageModel(t testing.TB, seed uint64) *imageModel {
	o := testOptions(t)
	o.SegmentSize = 32 << 10
	return &imageModel{t: t, o: o, h: openHead(t, o), r: rand.New(rand.NewPCG(seed, 9)), want: map[string][]point{}}
}

func TestImage_AnyHistory_OpensTheSameWithAndWithout(t *testing.T) {
	for seed := range uint64(6) {
		m := newImageModel(t, seed)
		for range 40 {
			switch m.r.IntN(8) {
			case 0, 1, 2:
				m.write(1+m.r.IntN(60), 1+m.r.IntN(600))
			case 3, 4:
				image1(t, m.h)
			case 5:
				m.truncate()
			case 6:
				if m.r.IntN(2) == 0 {
					image1(t, m.h)
				}
				closeHead(t, m.h)
				m.h = openHead(t, m.o)
			case 7:
				dir := filepath.Join(t.TempDir(), "killed")
				copyFolder(t, m.o.Dir, dir)
				m.check(dir, 0)
			}
		}
		sameContents(t, contents(t, m.h, math.MinInt64, math.MaxInt64), m.want)
		closeHead(t, m.h)
		m.check(m.o.Dir, 0)
	}
}

func TestImage_DamagedOrHalf_IsPutAsideAndTheLogRead(t *testing.T) {
	m := newImageModel(t, 77)
	m.write(100, 400)
	image1(t, m.h)
	older, err := os.ReadFile(images1(t, m.o.Dir)[0])
	if err != nil {
		t.Fatal(err)
	}
	olderName := filepath.Base(images1(t, m.o.Dir)[0])
	m.write(50, 400)
	image1(t, m.h)
	m.write(20, 500)
	closeHead(t, m.h)
	found := images1(t, m.o.Dir)
	if len(found) != 1 {
		t.Fatalf("images are %v", found)
	}
	whole, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	for turn := range 40 {
		dir := filepath.Join(t.TempDir(), "damaged")
		copyFolder(t, m.o.Dir, dir)
		b := slices.Clone(whole)
		if turn%4 == 0 {
			b = b[:m.r.IntN(len(b))]
		} else {
			b[m.r.IntN(len(b))] ^= 1 << m.r.IntN(8)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(found[0])), b, 0o640); err != nil {
			t.Fatal(err)
		}
		if turn%2 == 0 { // a kill between the two
			if err := os.WriteFile(filepath.Join(dir, olderName), older, 0o640); err != nil {
				t.Fatal(err)
			}
		}
		m.check(dir, 1)
	}
	m.check(m.o.Dir, 0)
}

// A start from an image would never find damage of the log before it, which keeps the log
// from being cut.
func TestImage_LogDamagedBefore_IsForgotten(t *testing.T) {
	m := newImageModel(t, 5)
	m.write(300, 300)
	image1(t, m.h)
	m.write(50, 300)
	path := filepath.Join(m.o.Dir, walDir, "00000000")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o640); err != nil {
		t.Fatal(err)
	}
	var corrupt *wlog.CorruptionErr
	if err := m.h.Truncate(t.Context(), coreRange, nil); !errors.As(err, &corrupt) {
		t.Fatalf("cut of a damaged log: %v", err)
	}
	if err := m.h.Image(); !errors.Is(err, errDamagedLog) || len(images1(t, m.o.Dir)) > 0 || m.h.images.failed.Load() != 1 {
		t.Fatalf("image after that: %v, %v", err, images1(t, m.o.Dir))
	}
	closeHead(t, m.h)
	if h, err := Open(m.o); !errors.As(err, &corrupt) {
		closeHead(t, h)
		t.Fatalf("opened with %v", err)
	}
}

func TestImage_WhileOthersWrite_NothingIsLost(t *testing.T) {
	o := testOptions(t)
	o.BlockRange = 1 << 40
	h := openHead(t, o)
	const writers, series, rounds = 3, 700, 120
	done := make([]int64, writers) // guarded by mu
	var mu sync.Mutex
	var work, copies sync.WaitGroup
	stop := make(chan struct{})
	for w := range writers {
		work.Go(func() {
			for at := int64(1); at <= rounds; at++ {
				h.Begin()
				var tx []Sample
				for i := range series {
					tx = append(tx, Sample{ID: make1(t, h, w*series+i), T: 100 * at, V: float64(at)})
				}
				late, err := h.Commit(&Transaction{Samples: tx}, nil)
				h.End()
				if err != nil || len(late) > 0 {
					t.Error(err, late)
					return
				}
				mu.Lock()
				done[w] = at
				mu.Unlock()
			}
		})
	}
	copies.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := h.Image(); err != nil {
				t.Error(err)
				return
			}
		}
	})
	opened := 0
	for range 6 {
		mu.Lock()
		least := slices.Clone(done)
		mu.Unlock()
		// The log is copied last, as far as it is whole: what an image refers to was there.
		dir := filepath.Join(t.TempDir(), "killed")
		copyFolder(t, o.Dir, dir)
		c := o
		c.Dir, c.ReadOnly = dir, false
		k, err := Open(c)
		if err != nil {
			continue // a copy that is not of one moment: a torn record, a file that was gone
		}
		opened++
		for w, at := range least {
			for i := range series {
				if at == 0 {
					continue
				}
				id := k.Get(seriesName(w*series + i))
				if newest, _, ok := k.Newest(id); !ok || newest < 100*at {
					t.Errorf("series %d of writer %d ends at %d, want %d at least", i, w, newest, 100*at)
				}
			}
		}
		closeHead(t, k)
	}
	work.Wait()
	close(stop)
	copies.Wait()
	t.Logf("%d of 6 copies could be opened", opened)
	want := contents(t, h, 0, math.MaxInt64)
	if len(want) != writers*series || len(want[seriesName(0).String()]) != rounds {
		t.Fatalf("%d series", len(want))
	}
	closeHead(t, h)
	h = openHead(t, o)
	defer closeHead(t, h)
	if h.images.last < 0 || h.overtaken.Load() > 0 {
		t.Fatalf("image %d, %d overtaken samples", h.images.last, h.overtaken.Load())
	}
	sameContents(t, contents(t, h, 0, math.MaxInt64), want)
}

func TestImage_Exemplars_ComeBack(t *testing.T) {
	o := testOptions(t)
	kept := []exemplar.Exemplar{}
	for i := range 10_000 {
		kept = append(kept, exemplar.Exemplar{Labels: labels.FromStrings("trace_id", fmt.Sprint(i)), Value: float64(i), Ts: int64(i) - 5, HasTs: true})
	}
	name := labels.FromStrings("__name__", "gone")
	o.Exemplars = func(do func(labels.Labels, exemplar.Exemplar) error) error {
		for _, e := range kept {
			if err := do(name, e); err != nil {
				return err
			}
		}
		return nil
	}
	h := openHead(t, o)
	h.Begin()
	id := make1(t, h, 1)
	h.End()
	commit(t, h, Sample{ID: id, T: 1})
	image1(t, h)
	closeHead(t, h)
	var got []exemplar.Exemplar
	o.Exemplar = func(ls labels.Labels, e exemplar.Exemplar) {
		if !labels.Equal(ls, name) {
			t.Fatalf("exemplar of %s", ls)
		}
		got = append(got, e)
	}
	h = openHead(t, o)
	defer closeHead(t, h)
	if !slices.EqualFunc(got, kept, exemplar.Exemplar.Equals) {
		t.Fatalf("%d exemplars, want %d", len(got), len(kept))
	}
}

func TestImage_Series_AreToldAndKeepTheirReferences(t *testing.T) {
	m := newImageModel(t, 3)
	m.write(30, 600)
	image1(t, m.h)
	m.write(1, 900)
	refs := map[string]uint64{}
	m.h.floats.each(func(id ID, _ int64) { refs[m.h.Labels(id).String()] = uint64(m.h.floats.ref(id)) })
	closeHead(t, m.h)
	told := toldSeries{}
	m.o.Lifecycle = told
	m.h = openHead(t, m.o)
	defer closeHead(t, m.h)
	if m.h.images.last < 0 || len(told) != len(refs) || len(refs) != m.h.NumSeries() {
		t.Fatalf("image %d, told of %d series of %d", m.h.images.last, len(told), m.h.NumSeries())
	}
	for name, times := range told {
		if times != 1 || refs[name] == 0 {
			t.Errorf("told %d times of %s with reference %d", times, name, refs[name])
		}
	}
	m.h.floats.each(func(id ID, _ int64) {
		if name := m.h.Labels(id).String(); uint64(m.h.floats.ref(id)) != refs[name] {
			t.Errorf("%s has reference %d, want %d", name, m.h.floats.ref(id), refs[name])
		}
	})
	if m.write(40, 950); m.h.highest.Load() < uint64(len(m.want)) {
		t.Errorf("highest reference %d of %d series", m.h.highest.Load(), len(m.want))
	}
	sameContents(t, contents(t, m.h, math.MinInt64, math.MaxInt64), m.want)
}

type toldSeries map[string]int

func (toldSeries) PreCreation(labels.Labels) error                     { return nil }
func (s toldSeries) PostCreation(ls labels.Labels)                     { s[ls.String()]++ }
func (toldSeries) PostDeletion(map[chunks.HeadSeriesRef]labels.Labels) {}

func TestImage_Behind_IsWhatAStartWouldRead(t *testing.T) {
	m := newImageModel(t, 5)
	if got := m.h.Behind(); got != 0 {
		t.Errorf("nothing written: got %d bytes behind", got)
	}
	for range 10 {
		m.write(60, 600)
	}
	before := m.h.Behind()
	if before < int64(2*m.o.SegmentSize) {
		t.Fatalf("got %d bytes behind, want several segments of %d", before, m.o.SegmentSize)
	}
	image1(t, m.h)
	if got := m.h.Behind(); got >= int64(m.o.SegmentSize) {
		t.Errorf("after an image: got %d bytes behind, want less than a segment", got)
	}
	m.write(60, 600)
	if got := m.h.Behind(); got == 0 || got >= before {
		t.Errorf("after some more: got %d bytes behind, want some, and fewer than %d", got, before)
	}
	closeHead(t, m.h)
}
