package head

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

// counting is a lifecycle that knows how many series there are.
type counting struct{ made, deleted atomic.Int64 }

func (c *counting) PreCreation(labels.Labels) error { return nil }
func (c *counting) PostCreation(labels.Labels)      { c.made.Add(1) }
func (c *counting) PostDeletion(gone map[chunks.HeadSeriesRef]labels.Labels) {
	for ref, ls := range gone {
		if ref != 0 && ls.Get("__name__") == "m" {
			c.deleted.Add(1)
		}
	}
}

// busy is a head that many write to while it is truncated. Each writer has series of
// its own, some of which end and others begin, and remembers their IDs as a cache does.
type busy struct {
	*Head
	t     *testing.T
	clock atomic.Int64
	late  atomic.Int64

	mu     sync.Mutex
	cached map[int]ID
	names  map[ID]int
	stored map[int][]point // by series
	block  map[string][]point
}

func (b *busy) id(i int) (ID, error) {
	b.mu.Lock()
	id, ok := b.cached[i]
	b.mu.Unlock()
	if ok {
		return id, nil
	}
	id, _, err := b.GetOrCreate(seriesName(i))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cached[i], b.names[id] = id, i
	return id, err
}

func (b *busy) drop(gone []ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range gone {
		if i := b.names[id]; b.cached[i] == id {
			delete(b.cached, i)
		}
		delete(b.names, id)
	}
}

func (b *busy) write(writer, rounds int) {
	r := rand.New(rand.NewPCG(uint64(writer), 9))
	var late []int
	for round := range rounds {
		at := b.clock.Add(100)
		var tx []Sample
		b.Begin()
		for k := range 60 {
			if r.IntN(4) == 0 {
				continue
			}
			i := 1_000_000*writer + k
			if k >= 30 {
				i += 1000 * (round / 60 % 7) // comes back after it was away
			}
			id, err := b.id(i)
			if err != nil {
				b.t.Error(err)
			}
			tx = append(tx, Sample{ID: id, Tag: uint32(i), T: at, V: r.Float64()})
		}
		var err error
		late, err = b.Commit(&Transaction{Samples: tx}, late[:0])
		b.End()
		if err != nil {
			b.t.Error(err)
			return
		}
		b.late.Add(int64(len(late)))
		b.mu.Lock()
		for k, s := range tx {
			if !slices.Contains(late, k) {
				b.stored[int(s.Tag)] = append(b.stored[int(s.Tag)], point{s.T, s.V})
			}
		}
		b.mu.Unlock()
	}
}

// compact does what the store does, with a map in place of blocks.
func (b *busy) compact() bool {
	_, maxt, ok := b.Compactable()
	if !ok {
		return false
	}
	b.Freeze(maxt)
	for name, points := range contents(b.t, b.Head, math.MinInt64, maxt-1) {
		b.block[name] = append(b.block[name], points...)
	}
	if err := b.Truncate(b.t.Context(), maxt, b.drop); err != nil {
		b.t.Error(err)
	}
	return true
}

// check compares blocks and head with what was stored.
func (b *busy) check(h *Head) {
	b.t.Helper()
	got := map[string][]point{}
	for name, points := range b.block {
		got[name] = slices.Clone(points)
	}
	for name, points := range contents(b.t, h, math.MinInt64, math.MaxInt64) {
		got[name] = append(got[name], points...)
	}
	want := map[string][]point{}
	for i, points := range b.stored {
		want[seriesName(i).String()] = points
	}
	sameContents(b.t, got, want)
}

func TestHead_TruncatedWhileBusy_LosesNothing(t *testing.T) {
	o := testOptions(t)
	life := new(counting)
	o.Lifecycle = life
	o.SegmentSize = 64 << 10
	h := openHead(t, o)
	b := &busy{Head: h, t: t, cached: map[int]ID{}, names: map[ID]int{}, stored: map[int][]point{}, block: map[string][]point{}}
	b.clock.Store(-2 * coreRange)
	done := make(chan struct{})
	var writers, others sync.WaitGroup
	for w := range 3 {
		writers.Go(func() { b.write(w, 2000) })
	}
	blocks := 0
	others.Go(func() {
		for {
			if b.compact() {
				blocks++
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	others.Go(func() {
		for {
			for name, points := range contents(t, h, math.MinInt64, math.MaxInt64) {
				if !slices.IsSortedFunc(points, func(a, b point) int { return int(a.t - b.t) }) {
					t.Errorf("samples of %s are in no order", name)
				}
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	writers.Wait()
	close(done)
	others.Wait()
	for b.compact() {
		blocks++
	}
	t.Logf("%d blocks, %d samples late", blocks, b.late.Load())
	if blocks == 0 || life.deleted.Load() == 0 {
		t.Fatalf("%d blocks, %d series dropped: the test tests nothing", blocks, life.deleted.Load())
	}
	if have := life.made.Load() - life.deleted.Load(); have != int64(h.NumSeries()) {
		t.Fatalf("%d series, the lifecycle knows of %d", h.NumSeries(), have)
	}
	b.check(h)
	closeHead(t, h)
	o.Lifecycle = nil
	h = openHead(t, o)
	b.check(h)
	closeHead(t, h)
}

func TestHead_Truncate_GivesMemoryAndFilesBack(t *testing.T) {
	o := testOptions(t)
	h := openHead(t, o)
	defer closeHead(t, h)
	var used int64
	for round := range 20 {
		h.Begin()
		var ids []ID
		for i := range 600 {
			ids = append(ids, make1(t, h, 1000*round+i))
		}
		h.End()
		for step := range int64(200) {
			var tx []Sample
			for _, id := range ids {
				tx = append(tx, Sample{ID: id, T: int64(round)*coreRange + step*(coreRange/200), V: math.Sqrt(float64(step * int64(id)))})
			}
			commit(t, h, tx...)
		}
		h.Freeze(int64(round) * coreRange)
		if err := h.Truncate(t.Context(), int64(round)*coreRange, nil); err != nil {
			t.Fatal(err)
		}
		if h.NumSeries() != 600 {
			t.Fatalf("round %d: %d series, want 600", round, h.NumSeries())
		}
		if h.MinTime() != int64(round)*coreRange {
			t.Fatalf("round %d: oldest sample is at %d", round, h.MinTime())
		}
		if round == 2 {
			used = h.floats.lines.bytes()
		}
	}
	if n := h.floats.lines.bytes(); n > used+used/4 {
		t.Fatalf("lines grew from %d to %d bytes", used, n)
	}
	if n := h.floats.records.bytes(); n > 6*64<<recordPageBits {
		t.Fatalf("records of %d series take %d bytes", h.NumSeries(), n)
	}
	files, err := os.ReadDir(filepath.Join(o.Dir, chunksDir))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) > 2 {
		t.Fatalf("%d chunk files are left, want 2 at most", len(files))
	}
}
