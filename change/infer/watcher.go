package infer

import (
	"hash/fnv"
	"math"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Report is a change as it is seen now. The id is the same each time the change is
// reported, and Sources has one entry.
type Report struct {
	Change telemetry.Change
}

// Options of a Watcher.
type Options struct {
	Config Config
	// Service and Environment name those of a series; "" if its labels do not.
	Service, Environment func(labels.Labels) string
}

// Watcher follows the few series that tell of changes.
type Watcher struct {
	service, environment func(labels.Labels) string

	mu       sync.Mutex
	cfg      Config
	refs     map[uint64]*ref // by hash of labels
	lines    map[lineKey]*line
	loads    map[string]*workload // by "environment namespace/name"
	restarts map[place]*restarts
	owners   map[string]string // pod -> set of replicas, set -> workload
	names    map[string]string // workload -> service
	budget   map[place][]int64 // when changes began, ms
	newest   int64             // time of the newest sample, ms
	pruned   int64
	changed  bool               // since the last Save
	pending  []telemetry.Change // to be reported by the next Tick
	count    counts
}

// place is where a change happens.
type place struct{ Service, Env string }

// ref is a followed series.
type ref struct {
	t     target
	last  int64   // time of the newest sample, ms
	value float64 // of it
	seen  bool
}

// New returns a watcher that has seen nothing.
func New(o Options) *Watcher {
	return &Watcher{
		cfg: o.Config, service: o.Service, environment: o.Environment,
		refs: map[uint64]*ref{}, lines: map[lineKey]*line{}, loads: map[string]*workload{}, restarts: map[place]*restarts{},
		owners: map[string]string{}, names: map[string]string{}, budget: map[place][]int64{},
	}
}

// Configure takes over settings; what was learnt stays.
func (w *Watcher) Configure(c Config) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cfg = c
}

// maxID is the greatest id: callers may use the bits above it.
const maxID = 1<<61 - 1

// Restarting says whether restarts wait for what explains them.
func (w *Watcher) Restarting() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.restarts) > 0
}

// Register looks at the labels of a series that is new to the caller. If it returns
// true the samples of the series are to be shown to Observe under the id. The same
// labels have the same id.
func (w *Watcher) Register(l labels.Labels) (id uint64, ok bool) {
	t, ok := w.classify(l)
	if !ok {
		return 0, false
	}
	id = l.Hash() & maxID
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.refs[id]; r != nil {
		return id, true
	}
	switch t.Kind {
	case kindOwner:
		return 0, w.own(t)
	case kindName:
		w.note(w.names, t.Workload, t.Part)
		return 0, false
	}
	if len(w.refs) >= w.cfg.MaxSeries {
		w.count.full++
		return 0, false
	}
	if t.Kind == kindVersion && t.Source == SourceVersion && w.carried(t) {
		return 0, false
	}
	w.refs[id] = &ref{t: t}
	return id, true
}

// note keeps a name; names are bounded like series.
func (w *Watcher) note(m map[string]string, key, v string) {
	if _, have := m[key]; !have && len(m) >= w.cfg.MaxSeries {
		w.count.full++
		return
	}
	if m[key] != v {
		m[key], w.changed = v, true
	}
}

// carriers is how many series of an instance are followed for one version: a service
// whose every series has the label is not followed by all of them.
const carriers = 3

func (w *Watcher) carried(t target) bool {
	l := w.lines[t.lineKey()]
	if l == nil {
		l = w.newLine(t.lineKey())
	}
	k := carrierKey{t.Instance, t.Version}
	if l.carriers[k] >= carriers {
		return true
	}
	l.carriers[k]++
	return false
}

// Observe shows a sample of a followed series. It returns false if the series is not
// followed any more: the caller is to register it again.
func (w *Watcher) Observe(id uint64, t int64, v float64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.refs[id]
	if r == nil {
		return false
	}
	if value.IsStaleNaN(v) || math.IsNaN(v) {
		return true
	}
	w.count.samples++
	w.newest = max(w.newest, t)
	before, seen := r.value, r.seen
	if t < r.last {
		return true
	}
	r.last, r.value, r.seen = t, v, true
	switch r.t.Kind {
	case kindVersion:
		w.observeVersion(r.t, t)
	case kindWorkload:
		w.observeWorkload(r.t, t, v)
	case kindStart:
		// Some exporters work it out anew each time, and are wrong by seconds.
		if seen && v > before+5 {
			w.restarted(place{r.t.Service, r.t.Env}, r.t.Instance, t)
		}
	case kindRestarts:
		if seen && v > before {
			w.restarted(place{w.serviceOf(w.workloadOf(r.t.Workload)), r.t.Env}, r.t.Instance, t)
		}
	}
	return true
}

// Tick returns what has become of changes by event time now, in a fixed order.
// deployed says whether somebody told of a deployment of a service that was under way
// at any time between two: restarts are then its doing; it may be nil.
func (w *Watcher) Tick(now time.Time, deployed func(service, env string, from, to time.Time) bool) []Report {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out reports
	w.tickLines(&out)
	w.tickWorkloads(&out)
	w.tickRestarts(&out, now.UnixMilli(), deployed)
	w.prune()
	list := out.sorted()
	w.count.reports += uint64(len(list))
	if len(list) > 0 {
		w.changed = true
	}
	return list
}

// kept is how long a series, an instance or an owner without samples is remembered.
const kept = 24 * time.Hour

// prune forgets what has not been seen for long, once in an hour of samples.
func (w *Watcher) prune() {
	if w.newest-w.pruned < time.Hour.Milliseconds() {
		return
	}
	w.pruned = w.newest
	old := w.newest - kept.Milliseconds()
	for id, r := range w.refs {
		if r.last < old && r.seen {
			delete(w.refs, id)
		}
	}
	for _, l := range w.lines {
		l.prune(old)
	}
	for k, l := range w.lines {
		if l.Last < w.newest-lineKept.Milliseconds() {
			delete(w.lines, k)
		}
	}
	for k, o := range w.loads {
		if o.Last < old {
			delete(w.loads, k)
		}
	}
	for p, at := range w.budget {
		if len(at) == 0 || at[len(at)-1] < old {
			delete(w.budget, p)
		}
	}
	if len(w.owners) > w.cfg.MaxSeries/2 { // those of living pods come again with the next start of a pod
		clear(w.owners)
	}
}

// lineKept is how long versions of a service are remembered that sends nothing.
const lineKept = 14 * 24 * time.Hour

// permit says whether a service may begin one more change now, and notes it.
func (w *Watcher) permit(p place, at int64) bool {
	list := w.budget[p]
	for len(list) > 0 && list[0] <= at-time.Hour.Milliseconds() {
		list = list[1:]
	}
	if len(list) >= w.cfg.MaxPerHour {
		w.budget[p] = list
		w.count.flood++
		return false
	}
	w.budget[p] = append(list, at)
	return true
}

func hashOf(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // it never fails
	return h.Sum64()
}
