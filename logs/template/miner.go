package template

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Miner finds the template of each line. It is safe for concurrent use; lines of
// different services do not wait for each other.
type Miner struct {
	cfg Config

	mu       sync.Mutex // of writers of services
	services atomic.Pointer[map[string]*stream]

	ids   idTable
	live  atomic.Int64 // templates of all services
	count counters
	peeks sync.Pool // of *Match, for Find

	journaled bool // set before the first line
	pendMu    sync.Mutex
	pending   []byte // records for the journal
	lost      bool   // some did not fit or could not be written
}

// counters are what /metrics says of the miner.
type counters struct {
	misses, merges, evicted, other, services atomic.Uint64
}

// New returns a miner that knows nothing. The configuration must be valid.
func New(cfg Config) *Miner {
	m := &Miner{cfg: cfg, ids: newIDTable(4 * cfg.MaxTemplates)}
	m.services.Store(&map[string]*stream{})
	return m
}

// overflow is the service under which lines are mined when there are too many services.
const overflow = "<others>"

func (m *Miner) stream(service string) *stream {
	if s := (*m.services.Load())[service]; s != nil {
		return s
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	known := *m.services.Load()
	if s := known[service]; s != nil {
		return s
	}
	if len(known) >= m.cfg.MaxServices {
		m.count.services.Add(1)
		service = overflow
		if s := known[service]; s != nil {
			return s
		}
	}
	s := newStream(m, strings.Clone(service)) // which may be a piece of a request
	grown := maps.Clone(known)
	grown[s.name] = s
	m.services.Store(&grown)
	return s
}

// streams returns all services in the order of their names.
func (m *Miner) streams() []*stream {
	known := *m.services.Load()
	all := make([]*stream, 0, len(known))
	for _, name := range slices.Sorted(maps.Keys(known)) {
		all = append(all, known[name])
	}
	return all
}

// Mine finds the template of a line of a service, or makes it, and writes what it
// found to out. given is the template that the program itself says, empty if it
// does not. at is the time of the line in nanoseconds. Mine keeps neither slice; a
// line of a known template allocates nothing once out has been in use.
func (m *Miner) Mine(service string, sev telemetry.Severity, given, body []byte, at int64, out *Match) {
	s := m.stream(service)
	out.Vars, out.New, out.Last = out.Vars[:0], false, 0
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines++
	if len(given) > 0 {
		s.mineGiven(sev, given, body, at, out)
		return
	}
	s.mine(sev, body, at, out)
}

// Resolve returns the id under which a template is known now: its own, or that of
// the wider template that it was merged into.
func (m *Miner) Resolve(id uint64) uint64 { return m.ids.resolve(id) }

// Template describes the template with an id; if it was merged into a wider one,
// that. It reports false if the miner does not know the id.
func (m *Miner) Template(id uint64) (Info, bool) {
	t := m.ids.get(m.ids.resolve(id))
	if t == nil {
		return Info{}, false
	}
	t.stream.mu.Lock()
	defer t.stream.mu.Unlock()
	return t.info(), true
}

// Len returns how many templates there are, of all services.
func (m *Miner) Len() int { return int(m.live.Load()) }

// Templates describes the templates of a service, or of all if service is empty, in no order.
func (m *Miner) Templates(service string) []Info {
	var all []Info
	for _, s := range m.streams() {
		if service != "" && s.name != service {
			continue
		}
		s.mu.Lock()
		for _, t := range s.templates {
			all = append(all, t.info())
		}
		s.mu.Unlock()
	}
	return all
}
