package cardinality

import (
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

// Sizes of the sketches, and when names and values of labels are counted on some
// of the series only.
const (
	mostGroups   = 2048
	mostLabels   = 512
	mostPairs    = 2048
	mostServices = 10_000
	wholePerStep = 2000
	sampled      = 16
)

// Options are what a Tracker is made of.
type Options struct {
	// Service returns the service of a series, "" for none.
	Service func(labels.Labels) string
	Now     func() time.Time
	Metrics *metrics.Set
}

// Tracker is told of series and counts them. It is safe for concurrent use. It is
// a SeriesLifecycleCallback of the TSDB.
type Tracker struct {
	service func(labels.Labels) string
	now     func() time.Time
	made    *metrics.Counter
	gone    *metrics.Counter
	unknown *metrics.Counter

	mu       sync.Mutex
	counting bool             // false while a log is replayed
	since    time.Time        // when counting began, by this process or one before
	services map[string]int64 // series in memory
	groups   *sketch          // by service and metric
	labels   *sketch          // by name
	pairs    *sketch          // by name and value
	step     int64            // the present one
	inStep   int64            // series made in it
}

// New returns a tracker that knows nothing. Until Begin is called it counts what is
// in memory only.
func New(o Options) *Tracker {
	return &Tracker{
		service: o.Service, now: o.Now,
		made:     o.Metrics.NewCounter("tocsin_cardinality_series_created_total"),
		gone:     o.Metrics.NewCounter("tocsin_cardinality_series_removed_total"),
		unknown:  o.Metrics.NewCounter(`tocsin_cardinality_uncounted_series_total{reason="too_many_services"}`),
		services: make(map[string]int64),
		groups:   newSketch(mostGroups), labels: newSketch(mostLabels), pairs: newSketch(mostPairs),
	}
}

// Begin says that the log is replayed: what is made from now on is new.
func (t *Tracker) Begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counting = true
	if t.since.IsZero() {
		t.since = t.now()
	}
}

// PreCreation permits every series.
func (t *Tracker) PreCreation(labels.Labels) error { return nil }

// PostCreation counts a series that was made.
func (t *Tracker) PostCreation(l labels.Labels) {
	service := t.service(l)
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.services[service]; !known && len(t.services) >= mostServices {
		t.unknown.Inc()
	} else if known {
		t.services[service]++
	} else {
		t.services[strings.Clone(service)] = 1
	}
	if !t.counting {
		return
	}
	t.made.Inc()
	step := stepOf(now)
	if step > t.step {
		if step/hourSteps > t.step/hourSteps {
			t.trim(step)
		}
		t.step, t.inStep = step, 0
	}
	t.inStep++
	t.groups.made(key{service, l.Get(labels.MetricName)}, t.step, 1)
	weight := int64(1)
	if t.inStep > wholePerStep {
		if t.inStep%sampled != 0 {
			return
		}
		weight = sampled
	}
	l.Range(func(x labels.Label) {
		if x.Name == labels.MetricName {
			return
		}
		t.labels.made(key{A: x.Name}, t.step, weight)
		t.pairs.made(key{x.Name, x.Value}, t.step, weight)
	})
}

// PostDeletion counts series that memory let go, some hours after their last sample.
func (t *Tracker) PostDeletion(gone map[chunks.HeadSeriesRef]labels.Labels) {
	if len(gone) == 0 {
		return
	}
	step := stepOf(t.now())
	for _, l := range gone {
		service := t.service(l)
		k := key{service, l.Get(labels.MetricName)}
		t.mu.Lock()
		switch n := t.services[service]; {
		case n > 1:
			t.services[service] = n - 1
		case n == 1:
			delete(t.services, service)
		}
		if t.counting {
			t.gone.Inc()
			t.groups.gone(k, step)
		}
		t.mu.Unlock()
	}
}

// trim forgets what is older than it is kept. The caller holds the lock.
func (t *Tracker) trim(step int64) {
	for _, s := range []*sketch{t.groups, t.labels, t.pairs} {
		s.trim(step)
	}
}
