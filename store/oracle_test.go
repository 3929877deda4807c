package store_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// oracle is a store beside a TSDB of Prometheus that is given each sample which the store
// has taken, at the same place of the same labels.
type oracle struct {
	t      *testing.T
	r      *rand.Rand
	rig    *rig
	dir    string
	theirs *tsdb.DB
	series []labels.Labels
	newest map[int]int64 // by series
	at     int64
	count  map[string]int // what came of what was done
	closed []func()
}

const (
	oracleBlock  = 10 * time.Minute
	oracleWindow = 20 * time.Minute
)

func newOracle(t *testing.T, seed uint64) *oracle {
	o := &oracle{
		t: t, r: rand.New(rand.NewPCG(seed, 3)), dir: filepath.Join(t.TempDir(), "0"), newest: map[int]int64{},
		at: start.Add(-24 * time.Hour).UnixMilli(), count: map[string]int{},
	}
	opts := tsdb.DefaultOptions()
	opts.OutOfOrderTimeWindow = (1000 * time.Hour).Milliseconds()
	opts.RetentionDuration = (1000 * time.Hour).Milliseconds()
	var err error
	if o.theirs, err = tsdb.Open(t.TempDir(), promslog.NewNopLogger(), nil, opts, nil); err != nil {
		t.Fatal(err)
	}
	o.theirs.DisableCompactions()
	long := strings.Repeat("lang", 2000)
	for i := range 60 {
		ls := []string{"__name__", []string{"up", "cpu", "mem.load"}[i%3], "i", fmt.Sprint(i)}
		for k, name := range []string{"a", "b", "ü", "z z"} {
			if v := []string{"", "1", "2", "10", "x", "xy", "日本\u2028", " ", long}[(i*7+k*5+i/9)%9]; v != "" {
				ls = append(ls, name, v)
			}
		}
		o.series = append(o.series, labels.FromStrings(ls...))
	}
	o.open()
	t.Cleanup(func() {
		for _, f := range o.closed {
			f()
		}
		o.rig.db.Close()
		o.theirs.Close()
	})
	return o
}

func (o *oracle) open() {
	o.rig = newRig(o.t, func(w *store.WriterOptions) {
		w.Config.OutOfOrderWindow = yamldoc.Duration(oracleWindow)
		db, err := store.OpenTSDB(store.TSDBOptions{Dir: o.dir, Config: w.Config, Logger: w.Logger, Block: oracleBlock})
		if err != nil {
			o.t.Fatal(err)
		}
		w.DB = db
	})
	if err := o.rig.db.View(func(base *tsdb.DB) error { base.DisableCompactions(); return nil }); err != nil {
		o.t.Fatal(err)
	}
	o.rig.now = time.UnixMilli(o.at)
}

// valueAt is what a series has at a time: the same whenever it is sent.
func (o *oracle) valueAt(i int, t int64) float64 {
	h := fnv.New64a()
	fmt.Fprint(h, i, t)
	u := h.Sum64() * 0x9e3779b97f4a7c15
	switch u >> 8 % 16 {
	case 0:
		return math.Copysign(0, -1)
	case 1:
		return math.Inf(1)
	case 2:
		return math.Float64frombits(0x7ff0_0000_0000_0001 | u>>14) // some NaN
	case 3:
		if t-o.newest[i] < 60_000 {
			return math.Float64frombits(value.StaleNaN)
		}
	case 4:
		return math.Float64frombits(u)
	case 5, 6, 7:
		return 1
	}
	return float64(u >> 40 % 1000)
}

func (o *oracle) entry(i int, samples ...telemetry.Sample) sinktest.Entry {
	var e sinktest.Entry
	o.series[i].Range(func(l labels.Label) { e.Labels = append(e.Labels, l.Name, l.Value) })
	e.Samples = samples
	return e
}

type oracleSample struct {
	i int
	telemetry.Sample
}

func (o *oracle) give(all ...oracleSample) {
	o.t.Helper()
	app := o.theirs.Appender(context.Background())
	for _, s := range all {
		if _, err := app.Append(0, o.series[s.i], s.T, s.V); err != nil {
			o.t.Fatalf("the TSDB takes no %v at %d: %v", s.V, s.T, err)
		}
		o.newest[s.i] = max(o.newest[s.i], s.T)
	}
	if err := app.Commit(); err != nil {
		o.t.Fatal(err)
	}
}

// step moves the clock, now and then to a border of blocks or to just beside it.
func (o *oracle) step() {
	width := oracleBlock.Milliseconds()
	switch next := (o.at/width + 1) * width; {
	case next-o.at <= 20_000:
		o.at = next - 1 + o.r.Int64N(3)
	case o.r.IntN(150) == 0:
		o.at += o.r.Int64N(3 * width)
	default:
		o.at += 15_000 + o.r.Int64N(3)*o.r.Int64N(400)
	}
	o.rig.now = time.UnixMilli(o.at)
}

// write sends newer samples of some series: of those of one time of day.
func (o *oracle) write() {
	var entries []sinktest.Entry
	var all []oracleSample
	age := int(o.at / (25 * 60_000) % 6)
	for i := range o.series {
		if i%6 == age && i%2 == 0 || o.r.IntN(4) == 0 {
			continue
		}
		var samples []telemetry.Sample
		for t := o.at - int64(o.r.IntN(3))*o.r.Int64N(4000); t <= o.at; t += 1 + o.r.Int64N(9000) {
			if t <= o.newest[i] || t <= o.at-4000 {
				continue
			}
			s := telemetry.Sample{T: t, V: o.valueAt(i, t)}
			samples = append(samples, s)
			all = append(all, oracleSample{i, s})
		}
		if len(samples) > 0 {
			entries = append(entries, o.entry(i, samples...))
		}
	}
	if len(all) == 0 {
		return
	}
	// A stale marker that would begin a series is passed over.
	for _, s := range all {
		if value.IsStaleNaN(s.V) && o.newest[s.i] < o.at-60_000 {
			return
		}
	}
	if res := o.rig.write(o.t, entries...); res.Stored != len(all) {
		o.t.Fatalf("%d of %d stored: %+v", res.Stored, len(all), res.Rejected)
	}
	o.give(all...)
}

// late sends one sample that is not newer than all of its series.
func (o *oracle) late() {
	i := o.r.IntN(len(o.series))
	newest := o.newest[i]
	if newest == 0 {
		return
	}
	t := newest - o.r.Int64N(oracleWindow.Milliseconds()*11/10)
	switch o.r.IntN(6) {
	case 0:
		t = newest
	case 1:
		t = o.at - oracleWindow.Milliseconds() + int64(o.r.IntN(3)) - 1
	case 2:
		t = t / oracleBlock.Milliseconds() * oracleBlock.Milliseconds()
	}
	if t > newest {
		return
	}
	s := telemetry.Sample{T: t, V: o.valueAt(i, t)}
	// What is in a block by now nobody looks at, as in Prometheus.
	if t == newest && t > o.at-oracleBlock.Milliseconds()/2 && o.r.IntN(2) == 0 {
		s.V = 12345
		if res := o.rig.write(o.t, o.entry(i, s)); res.Stored > 0 {
			o.t.Fatalf("another value at the time of the newest was taken: at %d, series %d, now %d, memory from %d to %d", t, i, o.at, o.rig.db.MinTime(), o.rig.db.MaxTime())
		}
		o.count["conflicts"]++
		return
	}
	if value.IsStaleNaN(s.V) {
		return
	}
	res := o.rig.write(o.t, o.entry(i, s))
	if res.Stored == 0 {
		if top := o.rig.db.MaxTime(); t >= top-oracleWindow.Milliseconds() {
			o.t.Fatalf("a sample %d ms behind the newest of all was refused: %+v", top-t, res.Rejected)
		}
		o.count["refused"]++
		return
	}
	o.count["late"]++
	o.give(oracleSample{i, s})
}

// kill goes on in a copy of the folder as a kill leaves it.
func (o *oracle) kill() {
	old := o.rig.db
	o.closed = append(o.closed, func() { old.Close() })
	from := o.dir
	o.dir = filepath.Join(filepath.Dir(from), fmt.Sprint(len(o.closed)))
	copySparse(o.t, from, o.dir)
	o.open()
}

// What a store is asked after any history of late and repeated samples, series that come
// and go, moves to blocks, images, repairs, restarts and kills is what a TSDB of Prometheus
// answers that was given the same samples.
func TestDB_AnyHistory_AnswersAsPrometheus(t *testing.T) {
	seeds, rounds := []uint64{0, 33}, 400
	if testing.Short() {
		seeds, rounds = []uint64{33}, 200
	}
	for _, seed := range seeds {
		o := newOracle(t, seed)
		for round := range rounds {
			o.step()
			o.write()
			for range o.r.IntN(4) {
				o.late()
			}
			switch o.r.IntN(40) {
			case 0, 1, 2:
				if err := o.rig.db.Compact(context.Background()); err != nil {
					t.Fatal(err)
				}
				o.count["compactions"]++
			case 3:
				if err := o.rig.db.Image(); err != nil {
					t.Fatal(err)
				}
			case 4:
				if o.r.IntN(3) == 0 {
					if err := o.rig.db.Close(); err != nil {
						t.Fatal(err)
					}
					o.open()
				}
			case 5:
				if o.r.IntN(2) == 0 {
					o.kill()
					o.count["kills"]++
				}
			case 6:
				if o.r.IntN(2) == 0 {
					_ = o.rig.FailLog(io.ErrShortWrite)
					if err := o.rig.Reopen(t.Context()); err != nil {
						t.Fatal(err)
					}
					if err := o.rig.db.View(func(base *tsdb.DB) error { base.DisableCompactions(); return nil }); err != nil {
						t.Fatal(err)
					}
				}
			}
			if round%5 == 0 {
				o.compare(round%50 == 0)
			}
		}
		for range 20 {
			o.compare(true)
		}
		t.Log(o.count, len(o.rig.db.Blocks()))
		for _, what := range []string{"late", "conflicts", "refused", "compactions", "answers"} {
			if o.count[what] == 0 {
				t.Errorf("seed %d: no %s", seed, what)
			}
		}
	}
}
