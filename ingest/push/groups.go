package push

import (
	"container/list"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/model/labels"
)

// maxSeries bounds how many pushed series are remembered, so that they can be
// marked as ended. The group that was silent for longest is forgotten first: its
// series then end by themselves, when queries look back no longer.
const maxSeries = 50_000

// groups remembers which series each group has. It is guarded by mu, which is held
// from before a push is stored until its series are noted: pushes of one group come
// one after the other.
type groups struct {
	mu        sync.Mutex
	byKey     map[string]*list.Element // of *group
	recent    *list.List               // the most recent in front
	count     atomic.Int64
	series    atomic.Int64
	max       int64
	dropped   map[string]int64 // when groups ended as a whole, of the last moments, ms
	forgotten *metrics.Counter
}

// group is one grouping key with the series that it has now.
type group struct {
	key    string
	last   int64             // time of the last push, ms
	series map[string]pushed // by the bytes of their labels
}

func newGroups(limit int64, set *metrics.Set) *groups {
	g := &groups{byKey: make(map[string]*list.Element), recent: list.New(), dropped: make(map[string]int64), max: limit, forgotten: set.NewCounter(`tocsin_push_groups_forgotten_total`)}
	// Read without mu, which is held while the store writes.
	set.NewGauge(`tocsin_push_groups`, func() float64 { return float64(g.count.Load()) })
	set.NewGauge(`tocsin_push_series`, func() float64 { return float64(g.series.Load()) })
	return g
}

// get returns a group, nil if it is not known.
func (g *groups) get(key labels.Labels) *group {
	if e := g.byKey[string(key.Bytes(nil))]; e != nil {
		return e.Value.(*group)
	}
	return nil
}

// soon is for how long it is known when a group was dropped, ms.
const soon = 1000

// time returns the time of a push that arrives now: later than the last one of its
// group, of which it may be another value, and than its end, if that was just now.
func (g *groups) time(key labels.Labels, now int64) int64 {
	if have := g.get(key); have != nil {
		return max(now, have.last+1)
	}
	if end, ok := g.dropped[string(key.Bytes(nil))]; ok && end < now+soon {
		return max(now, end+1)
	}
	return now
}

// ended returns the series of a group that a push ends: those that it does not have,
// of all metrics or only of the metrics that it has.
func (g *groups) ended(key labels.Labels, rows []pushed, all bool) []pushed {
	have := g.get(key)
	if have == nil {
		return nil
	}
	families, kept := make(map[string]bool), make(map[string]bool, len(rows))
	for _, r := range rows {
		families[r.family] = true
		kept[string(r.labels.Bytes(nil))] = true
	}
	var out []pushed
	for k, s := range have.series {
		if !kept[k] && (all || families[s.family]) {
			out = append(out, s)
		}
	}
	return out
}

// note remembers what a group has after a push.
func (g *groups) note(key labels.Labels, t int64, rows, ended []pushed) {
	k := string(key.Bytes(nil))
	e := g.byKey[k]
	if e == nil {
		e = g.recent.PushFront(&group{key: k, series: make(map[string]pushed)})
		g.byKey[k] = e
		g.count.Add(1)
	}
	g.recent.MoveToFront(e)
	have := e.Value.(*group)
	have.last = t
	before := len(have.series)
	for _, s := range ended {
		delete(have.series, string(s.labels.Bytes(nil)))
	}
	for _, s := range rows {
		have.series[string(s.labels.Bytes(nil))] = s
	}
	g.series.Add(int64(len(have.series) - before))
	for g.series.Load() > g.max && g.recent.Len() > 0 {
		g.remove(g.recent.Back())
		g.forgotten.Inc()
	}
}

// drop forgets a group, whose series were marked as ended at t.
func (g *groups) drop(key labels.Labels, t int64) {
	maps.DeleteFunc(g.dropped, func(_ string, end int64) bool { return end < t-soon })
	g.dropped[string(key.Bytes(nil))] = t
	if e := g.byKey[string(key.Bytes(nil))]; e != nil {
		g.remove(e)
	}
}

func (g *groups) remove(e *list.Element) {
	have := e.Value.(*group)
	g.series.Add(-int64(len(have.series)))
	g.count.Add(-1)
	delete(g.byKey, have.key)
	g.recent.Remove(e)
}
