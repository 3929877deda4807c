package cardinality

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Hours is how many hours the lists of a Growth have.
const Hours = 24

// Growth says how many series were made and let go of something, by the hours of
// the last day, the oldest first and the last one under way.
type Growth struct {
	Made, Gone []int64
	MadeHour   int64 // in the last sixty minutes
	MadeDay    int64
	GoneDay    int64
	Over       int64 // by which counts may be too low for what was made before the key had its place
}

func (g *Growth) add(p *place, now int64) {
	p.History.hourly(now, g.Made, g.Gone)
	made, _ := p.History.between(now-hourSteps+1, now+1)
	g.MadeHour += made
	made, gone := p.History.between(now-fineSteps+1, now+1)
	g.MadeDay += made
	g.GoneDay += gone
	g.Over += p.Over
}

func newGrowth() *Growth {
	return &Growth{Made: make([]int64, Hours), Gone: make([]int64, Hours)}
}

// Row is one name with its growth. Value is that of a label, for pairs.
type Row struct {
	Name, Value string
	Series      int64 // in memory; of services only
	Growth
}

// By is what series are counted by.
type By string

// What series are counted by.
const (
	ByMetric  By = "metric"
	ByService By = "service"
	ByLabel   By = "label"
	ByPair    By = "pair"
)

// Rows returns the growth by something, the most made within a day first. Services
// are all that have a series in memory or had growth.
func (t *Tracker) Rows(by By) []Row {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := stepOf(t.now())
	rows := map[key]*Row{}
	at := func(k key) *Row {
		r := rows[k]
		if r == nil {
			r = &Row{Name: k.A, Value: k.B, Growth: *newGrowth()}
			rows[k] = r
		}
		return r
	}
	switch by {
	case ByMetric:
		for _, p := range t.groups.places {
			at(key{A: p.Key.B}).add(p, now)
		}
	case ByService:
		for name, n := range t.services {
			at(key{A: name}).Series = n
		}
		for _, p := range t.groups.places {
			at(key{A: p.Key.A}).add(p, now)
		}
	case ByLabel:
		for _, p := range t.labels.places {
			at(p.Key).add(p, now)
		}
	case ByPair:
		for _, p := range t.pairs.places {
			at(p.Key).add(p, now)
		}
	}
	out := make([]Row, 0, len(rows))
	for _, r := range rows {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.MadeDay, a.MadeDay), cmp.Compare(b.Series, a.Series), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
	})
	return out
}

// Total is the growth of all series together, and since when there is one.
func (t *Tracker) Total() (Growth, time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := stepOf(t.now())
	g := newGrowth()
	for _, p := range t.groups.places {
		g.add(p, now)
	}
	g.Over = 0
	return *g, t.since
}

// NewLabel says whether a label was first met at most this long before or after a
// time.
func (t *Tracker) NewLabel(name string, at time.Time, within time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.labels.places[key{A: name}]
	if p == nil || len(p.History) == 0 || p.Over > 0 {
		return false
	}
	first := timeOf(p.History[0].At)
	return first.After(t.since.Add(within)) && first.Sub(at).Abs() <= within
}

// groupsOf returns the histories of the metrics of each service. The caller holds
// the lock, and for as long as it uses them.
func (t *Tracker) groupsOf() map[string]map[string]history {
	out := map[string]map[string]history{}
	for _, p := range t.groups.places {
		if out[p.Key.A] == nil {
			out[p.Key.A] = map[string]history{}
		}
		out[p.Key.A][p.Key.B] = p.History
	}
	return out
}

// sortedServices returns the names in order, so that answers are alike.
func sortedServices(m map[string]map[string]history) []string {
	return slices.Sorted(maps.Keys(m))
}
