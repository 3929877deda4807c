package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/store"
)

// together is a store that several write to, read from and compact at the same time, and
// what is known of each sample that was offered to it.
type together struct {
	t    *testing.T
	rig  *rig
	dir  string
	now  atomic.Int64 // moved on by who writes
	mu   sync.Mutex
	all  map[sampleKey]*sampleFate
	told [togetherSeries][]int64 // times of what was acknowledged, in that order
	old  []*store.DB

	stored, refused, repeated, rolledBack, answers, moves atomic.Int64
}

const (
	togetherSeries = 12
	togetherWindow = 20 * time.Minute
	// otherValues is of which times a second value is offered too.
	otherValues = 16
)

type sampleKey struct {
	i int
	t int64
}

// sampleFate says which of two values were acknowledged, refused or neither, as by a
// transaction that was rolled back.
type sampleFate struct{ stored, refused, unknown [2]bool }

func newTogether(t *testing.T) *together {
	x := &together{t: t, dir: filepath.Join(t.TempDir(), "0"), all: map[sampleKey]*sampleFate{}}
	x.now.Store(start.Add(-24 * time.Hour).UnixMilli())
	x.open()
	t.Cleanup(func() {
		for _, db := range append(x.old, x.rig.db) {
			db.Close()
		}
	})
	return x
}

func (x *together) open() {
	x.rig = newRig(x.t, func(w *store.WriterOptions) {
		w.Now = func() time.Time { return time.UnixMilli(x.now.Load()) }
		w.Config.OutOfOrderWindow = yamldoc.Duration(togetherWindow)
		db, err := store.OpenTSDB(store.TSDBOptions{Dir: x.dir, Config: w.Config, Logger: w.Logger, Block: oracleBlock})
		if err != nil {
			x.t.Fatal(err)
		}
		w.DB = db
	})
	x.alone()
}

// alone keeps the base from compacting by itself.
func (x *together) alone() {
	if err := x.rig.db.View(func(base *tsdb.DB) error { base.DisableCompactions(); return nil }); err != nil {
		x.t.Error(err)
	}
}

// note says what became of samples.
func (x *together) note(all []offered, mark func(*sampleFate, int)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range all {
		f := x.all[s.sampleKey]
		if f == nil {
			f = new(sampleFate)
			x.all[s.sampleKey] = f
		}
		had := f.stored[0] || f.stored[1]
		mark(f, s.other)
		if !had && (f.stored[0] || f.stored[1]) {
			x.told[s.i] = append(x.told[s.i], s.t)
		}
	}
}

func wasStored(f *sampleFate, v int)  { f.stored[v] = true }
func wasRefused(f *sampleFate, v int) { f.refused[v] = true }
func isUnknown(f *sampleFate, v int)  { f.unknown[v] = true }

// check asks for all from a time on, which has to have what was acknowledged before.
func (x *together) check(mint, maxt int64, sorted bool) (got map[sampleKey]uint64) {
	x.mu.Lock()
	told := x.told
	x.mu.Unlock()
	q, err := x.rig.db.Querier(mint, maxt)
	if err != nil {
		if !errors.Is(err, store.ErrReadOnly) {
			x.t.Error(err)
		}
		return nil
	}
	defer q.Close()
	got = map[sampleKey]uint64{}
	set := q.Select(context.Background(), sorted, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", "together"))
	seen := map[string]bool{}
	for set.Next() {
		ls := set.At().Labels()
		if seen[ls.String()] {
			x.t.Errorf("%s comes twice", ls)
		}
		seen[ls.String()] = true
		var i int
		fmt.Sscan(ls.Get("i"), &i)
		last := int64(math.MinInt64)
		it := set.At().Iterator(nil)
		for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
			k := sampleKey{i, it.AtT()}
			if k.t <= last {
				x.t.Errorf("%s: %d after %d", ls, k.t, last)
			}
			if k.t < mint || k.t > maxt {
				x.t.Errorf("%s: %d is not from %d to %d", ls, k.t, mint, maxt)
			}
			last = k.t
			if vt == chunkenc.ValFloat {
				_, v := it.At()
				got[k] = math.Float64bits(v)
			} else {
				_, h := it.AtHistogram(nil)
				got[k] = h.Count
				if value.IsStaleNaN(h.Sum) {
					got[k] = value.StaleNaN
				}
			}
		}
		if it.Err() != nil {
			x.t.Error(it.Err())
		}
	}
	if set.Err() != nil {
		x.t.Error(set.Err())
		return nil
	}
	x.answers.Add(int64(len(got)))
	for i := range told {
		for _, t := range told[i] {
			if _, ok := got[sampleKey{i, t}]; !ok && t >= mint && t <= maxt {
				x.t.Errorf("sample %d of series %d, %d ms old, was acknowledged and is not from %d to %d; memory from %d to %d", t, i, x.now.Load()-t, mint, maxt, x.rig.db.MinTime(), x.rig.db.MaxTime())
			}
		}
	}
	for k, bits := range got {
		if bits != (offered{k, 0}).bits() && (k.t%otherValues != 0 || bits != (offered{k, 1}).bits()) {
			x.t.Errorf("sample %d of series %d is %x", k.t, k.i, bits)
		}
	}
	return got
}

// checkAll also looks at which of two values there is, when nobody writes.
func (x *together) checkAll() {
	x.t.Helper()
	for k, bits := range x.check(0, math.MaxInt64/2, false) {
		v := 0
		if bits != (offered{k, 0}).bits() {
			v = 1
		}
		if f := x.all[k]; f == nil || !f.stored[v] && !f.unknown[v] {
			x.t.Errorf("sample %d of series %d has value %x, which was never taken: %+v", k.t, k.i, bits, f)
		}
	}
}

// work is what some do at once, for so many steps each.
func (x *together) work(seed uint64, steps int) {
	var writing, beside sync.WaitGroup
	done := make(chan struct{})
	for n := range 5 {
		writing.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(n)))
			var recent []offered
			for range steps {
				for x.rig.Healthy() != nil { // is being opened again
					runtime.Gosched()
				}
				if r.IntN(4) == 0 {
					x.now.Add(r.Int64N(30_000))
				}
				if n < 3 {
					x.write(r, &recent)
				} else {
					x.transaction(r, &recent)
				}
			}
		})
	}
	until := func(n uint64, do func(*rand.Rand)) {
		beside.Go(func() {
			r := rand.New(rand.NewPCG(seed, n))
			for {
				select {
				case <-done:
					return
				default:
					do(r)
				}
			}
		})
	}
	for n := range uint64(2) {
		until(10+n, func(r *rand.Rand) {
			mint := x.now.Load() - r.Int64N(3*oracleBlock.Milliseconds())
			x.check(mint, mint+r.Int64N(2*oracleBlock.Milliseconds()), n == 0)
		})
	}
	until(20, func(r *rand.Rand) {
		var err error
		switch r.IntN(8) {
		case 0:
			err = x.rig.db.Image()
		case 1:
			err = x.rig.db.ImageIfBehind(r.Int64N(1 << 20))
		case 2:
			if r.IntN(4) == 0 {
				_ = x.rig.FailLog(io.ErrShortWrite)
				err = x.rig.Reopen(context.Background())
				x.alone()
			}
		default:
			err = x.rig.db.Compact(context.Background())
			x.moves.Add(1)
		}
		if err != nil && !errors.Is(err, store.ErrReadOnly) {
			x.t.Error(err)
		}
	})
	writing.Wait()
	close(done)
	beside.Wait()
}

// kill goes on in a copy of the folder as a kill leaves it.
func (x *together) kill() {
	x.old = append(x.old, x.rig.db)
	from := x.dir
	x.dir = filepath.Join(filepath.Dir(from), fmt.Sprint(len(x.old)))
	copySparse(x.t, from, x.dir)
	x.open()
}

// Whatever is written, given up, moved to blocks, imaged and repaired at the same time: a query
// has all that was acknowledged before it, in order and once, and so has a store that was
// killed.
func TestDB_AllAtOnce_KeepsWhatItAcknowledged(t *testing.T) {
	seeds := []uint64{1, 2}
	if testing.Short() {
		seeds = seeds[:1]
	}
	for _, seed := range seeds {
		x := newTogether(t)
		for round := range uint64(3) {
			x.work(seed<<8|round, 60)
			x.checkAll()
			if round%2 == 0 {
				x.kill()
			} else {
				if err := x.rig.db.Close(); err != nil {
					t.Fatal(err)
				}
				x.open()
			}
			x.checkAll()
			if t.Failed() {
				t.Fatalf("seed %d, round %d", seed, round)
			}
		}
		for what, n := range map[string]*atomic.Int64{"stored": &x.stored, "repeated": &x.repeated, "rolled back": &x.rolledBack, "answers": &x.answers, "moves": &x.moves} {
			if n.Load() == 0 {
				t.Errorf("seed %d: nothing %s", seed, what)
			}
		}
		t.Logf("%d stored, %d refused, %d repeated, %d rolled back, %d answers, %d moves, %d blocks", x.stored.Load(), x.refused.Load(), x.repeated.Load(), x.rolledBack.Load(), x.answers.Load(), x.moves.Load(), len(x.rig.db.Blocks()))
	}
}
