package watch

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsinhq/tocsin/logs/template"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Texts is what a Watcher asks of the miner; *template.Miner is one.
type Texts interface {
	Template(id uint64) (template.Info, bool)
	Resolve(id uint64) uint64
}

// Watcher counts lines and judges the counts. It is safe for concurrent use.
type Watcher struct {
	cfg   Config
	texts Texts

	mu       sync.RWMutex
	services map[string]*service
	stepMu   sync.Mutex // one Step at a time

	now                      atomic.Int64 // of the last Step, in nanoseconds
	lines, late, far, folded atomic.Uint64
	findings                 [Closed + 1]atomic.Uint64
}

// New returns a watcher that knows nothing. It fails if the configuration cannot work.
func New(cfg Config, texts Texts) (*Watcher, error) {
	if err := cfg.valid(); err != nil {
		return nil, err
	}
	return &Watcher{cfg: cfg, texts: texts, services: map[string]*service{}}, nil
}

const (
	// maxServices bounds the services that are watched one by one.
	maxServices = 2000
	// ring is how many minutes are open for late lines.
	ring = 16
	// ahead is how far the time of a line may be after that of the last Step.
	ahead = 5 * time.Minute
	// exampleBytes are kept of a line.
	exampleBytes = 300
)

// service is the lines of one service.
type service struct {
	mu       sync.Mutex
	name     string
	since    int64 // first minute
	open     int64 // first minute that is not judged
	patterns map[uint64]*pattern
	places   []string // environments, see ballot

	fresh   float64 // new patterns in a minute, on average
	episode episode
	mix     mix
	hidden  [7]uint64 // lines of patterns without a series, by level
	shown   int
	events  []Fresh
}

// pattern is one template of a service.
type pattern struct {
	id      uint64
	level   telemetry.Severity
	counts  [ring]uint32
	ballots [ring]ballot
	usual   uint8  // place of the lines of its last minute
	total   uint64 // lines, from when it was shown if it is
	made    int64  // the minute in which its template was made, 0 if before it was watched
	told    int64  // the minute in which it was told as toldAs, 0 if it was not
	toldAs  Kind
	back    int64 // when it was last seen before it returned, in nanoseconds

	minutes        uint32
	mean, variance float64
	zeros          uint32 // minutes without a line
	run, longest   uint32 // minutes without a line in a row: now, and at most
	loud           uint32 // minutes in a row in which it was odd
	odd            uint8  // of the last minutes, a bit each
	seen           int64  // minute of the last line
	shown          bool
	example        []byte
	values         []*values
}

func (w *Watcher) service(name string) *service {
	w.mu.RLock()
	s := w.services[name]
	w.mu.RUnlock()
	if s != nil {
		return s
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if s = w.services[name]; s != nil {
		return s
	}
	if len(w.services) >= maxServices {
		w.folded.Add(1)
		return nil
	}
	s = &service{name: strings.Clone(name), patterns: map[uint64]*pattern{}}
	w.services[s.name] = s
	return s
}

// Observe counts a line. m is what the miner said of it, at its time in nanoseconds. It
// keeps none of its arguments. environment is where it runs, empty if nobody says. A line whose minute was judged already, or whose time is
// far after the last Step, is counted as such and otherwise passed over.
func (w *Watcher) Observe(name string, environment []byte, sev telemetry.Severity, m *template.Match, at int64, body []byte) {
	s := w.service(name)
	if s == nil {
		return
	}
	minute := at / int64(time.Minute)
	if now := w.now.Load(); now > 0 && at > now+int64(ahead) {
		w.far.Add(1)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.open == 0:
		s.since, s.open = minute, minute
	case minute < s.open:
		w.late.Add(1)
		return
	case minute >= s.open+ring:
		// Nothing came for long, and Step was not called meanwhile.
		w.far.Add(1)
		return
	}
	w.lines.Add(1)
	p := s.patterns[m.ID]
	if p == nil {
		p = &pattern{id: m.ID, level: sev.Level()}
		s.patterns[m.ID] = p
		if m.New {
			p.made = minute
		}
	}
	if !m.New && m.Last > 0 && at-m.Last > int64(w.cfg.RareAfter) {
		p.back = m.Last
	}
	p.level = max(p.level, sev.Level())
	n := &p.counts[minute%ring]
	if *n == 0 {
		p.example = append(p.example[:0], body[:min(len(body), exampleBytes)]...)
	}
	*n++
	p.ballots[minute%ring].add(s.place(environment))
	p.seen = max(p.seen, minute)
	if p.shown && len(m.Vars) > 0 {
		p.collect(m.Vars, body)
	}
}

// Step judges all minutes that ended by now less the grace and returns what is to be
// told. now must not go back.
func (w *Watcher) Step(now time.Time) []Finding {
	w.stepMu.Lock()
	defer w.stepMu.Unlock()
	w.now.Store(now.UnixNano())
	until := now.Add(-time.Duration(w.cfg.Grace)).UnixNano() / int64(time.Minute) // the first minute that is not over
	var out []Finding
	for _, s := range w.all() {
		s.mu.Lock()
		if s.open > 0 && until-s.open > 24*60 {
			s.open = until - 24*60 // what was a gap of days is not judged minute by minute
		}
		for s.open > 0 && s.open < until {
			if f := w.closeMinute(s, s.open); f != nil {
				w.findings[f.Phase].Add(1)
				out = append(out, *f)
			}
			s.open++
		}
		s.mu.Unlock()
	}
	return out
}

// all returns the services by name.
func (w *Watcher) all() []*service {
	w.mu.RLock()
	out := make([]*service, 0, len(w.services))
	for _, s := range w.services {
		out = append(out, s)
	}
	w.mu.RUnlock()
	slices.SortFunc(out, func(a, b *service) int { return strings.Compare(a.name, b.name) })
	return out
}
