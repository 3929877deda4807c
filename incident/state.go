package incident

import (
	"cmp"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"time"
)

// Bounds on memory. What exceeds them is counted, on the incident or in
// tocsin_incident_dropped_total.
const (
	maxOccurrences      = 200  // stored on one incident
	maxWeakEvents       = 20   // timeline rows for evidence that joins one incident
	maxDroppedKeys      = 1000 // told apart when counting what was not stored
	maxOpen             = 1000 // open incidents; further ones are folded into the storm's
	maxRecent           = 1000 // resolved incidents that may reopen
	maxParked           = 2000 // strong anomalies waiting for companions
	maxParkedPerService = 16
	maxAbsorbed         = 2000 // episodes that go on under a resolved incident
	parkedFor           = 5 * time.Minute
	saveEvery           = time.Minute // least time between writes that only refresh values
)

// scope is what one incident is about: a service in an environment. An
// occurrence without a service is a scope by its own name, so that strangers
// are not folded together.
type scope struct {
	service, environment string
}

// stormScope is that of the incident into which a storm is folded. A space
// cannot start the name of a real one.
var stormScope = scope{service: " storm"}

func scopeOf(o Occurrence) scope {
	if o.Service == "" {
		return scope{service: " " + o.Name, environment: o.Environment}
	}
	return scope{service: o.Service, environment: o.Environment}
}

// live is an incident with what the manager must remember of it. Its JSON is
// the incident's with one field more, which is how it is stored.
type live struct {
	Incident
	Memory memory `json:"memory"`
}

type memory struct {
	Scope       [2]string        `json:"scope"`
	Tracks      map[string]track `json:"tracks,omitempty"` // by key, of strong occurrences
	WeakEvents  int              `json:"weak_events,omitempty"`
	Titled      string           `json:"titled,omitempty"` // key of the occurrence that the title names
	TitledWorst *Reading         `json:"titled_worst,omitempty"`
	DroppedKeys []uint64         `json:"dropped_keys,omitempty"`
	Saved       time.Time        `json:"saved"` // event time of the last write
}

// track is the recent history of one strong occurrence. Changes is never
// altered in place, so that clones may share it.
type track struct {
	Cleared  time.Time   `json:"cleared,omitzero"` // zero while it is not clear
	Changes  []time.Time `json:"changes"`          // of condition, oldest first, at most FlapChanges
	Flapping bool        `json:"flapping,omitempty"`
}

func (l *live) scope() scope { return scope{l.Memory.Scope[0], l.Memory.Scope[1]} }

func (l *live) clone() *live {
	c := *l
	c.Occurrences = slices.Clone(l.Occurrences)
	c.Memory.Tracks = maps.Clone(l.Memory.Tracks)
	c.Memory.DroppedKeys = slices.Clone(l.Memory.DroppedKeys)
	return &c
}

// snapshot returns the incident alone, safe to keep: labels and channels of
// occurrences are shared, and never written to after they came in.
func (l *live) snapshot() Incident {
	i := l.Incident
	i.Occurrences = slices.Clone(l.Occurrences)
	return i
}

func (l *live) index(key string) int {
	return slices.IndexFunc(l.Occurrences, func(o Occurrence) bool { return o.Key == key })
}

// drop counts an occurrence that is not stored, once for each key.
func (l *live) drop(key string) {
	h := fnv.New64a()
	h.Write([]byte(key))
	sum := h.Sum64()
	if len(l.Memory.DroppedKeys) >= maxDroppedKeys || slices.Contains(l.Memory.DroppedKeys, sum) {
		return
	}
	l.Memory.DroppedKeys = append(l.Memory.DroppedKeys, sum)
	l.Dropped++
}

// absorbed is an episode that was still going on when a person resolved its
// incident: further reports of it are swallowed until it clears.
type absorbed struct {
	Key      string    `json:"key"`
	Incident string    `json:"incident"`
	Resolved time.Time `json:"resolved"`
}

// state is everything the decisions depend on. apply and tick read it and
// return a delta; only commit writes it, after the delta is durable.
type state struct {
	open     map[scope]*live
	recent   map[scope]*live // the last resolved one of each scope
	parked   map[scope][]Occurrence
	absorbed map[string]absorbed
	openings []time.Time // when the last incidents opened, oldest first
}

func newState() *state {
	return &state{
		open:     make(map[scope]*live),
		recent:   make(map[scope]*live),
		parked:   make(map[scope][]Occurrence),
		absorbed: make(map[string]absorbed),
	}
}

// copy returns a state that can be committed to without a change of s: incidents
// and lists of parked occurrences are replaced, never altered.
func (s *state) copy() *state {
	return &state{
		open: maps.Clone(s.open), recent: maps.Clone(s.recent), parked: maps.Clone(s.parked),
		absorbed: maps.Clone(s.absorbed), openings: slices.Clone(s.openings),
	}
}

// delta is what one step changes.
type delta struct {
	incidents []*live       // as they are after the step
	events    []EventRecord // in order, without sequence numbers
	forget    []scope       // resolved incidents that can no longer reopen
	park      []Occurrence
	unpark    []Occurrence
	absorb    []absorbed
	release   []string
	opening   time.Time // event time of a new incident, if there is one
	linked    []link    // anomalies that now belong to an incident
	urgent    bool      // must be written now, not at the next refresh
	result    string    // for the counter
}

// link says that an anomaly episode belongs to an incident.
type link struct {
	key, incident string
	since         time.Time
}

func (d *delta) link(l *live, o Occurrence) {
	if o.Source == SourceAnomaly {
		d.linked = append(d.linked, link{key: o.Key, incident: l.ID, since: o.Since})
	}
}

// touch notes that an incident, which must be a clone, has changed.
func (d *delta) touch(l *live) {
	if !slices.Contains(d.incidents, l) {
		d.incidents = append(d.incidents, l)
	}
}

// commit makes a delta part of the state.
func (s *state) commit(d delta, c Config) {
	for _, l := range d.incidents {
		sc := l.scope()
		if l.State == StateResolved {
			if o := s.open[sc]; o != nil && o.ID == l.ID {
				delete(s.open, sc)
			}
			s.remember(l)
			continue
		}
		if r := s.recent[sc]; r != nil && r.ID == l.ID {
			delete(s.recent, sc)
		}
		s.open[sc] = l
	}
	for _, sc := range d.forget {
		delete(s.recent, sc)
	}
	for _, o := range d.unpark {
		sc := scopeOf(o)
		s.parked[sc] = slices.DeleteFunc(slices.Clone(s.parked[sc]), func(p Occurrence) bool { return p.Key == o.Key })
		if len(s.parked[sc]) == 0 {
			delete(s.parked, sc)
		}
	}
	for _, o := range d.park {
		s.keepParked(o)
	}
	for _, a := range d.absorb {
		s.absorbed[a.Key] = a
	}
	for _, key := range d.release {
		delete(s.absorbed, key)
	}
	if !d.opening.IsZero() {
		s.openings = append(s.openings, d.opening)
		slices.SortFunc(s.openings, time.Time.Compare)
		if over := len(s.openings) - c.StormIncidents; over > 0 {
			s.openings = slices.Clone(s.openings[over:])
		}
	}
}

// keepParked parks an occurrence, in the place of an earlier report of it if
// there is one.
func (s *state) keepParked(o Occurrence) {
	sc := scopeOf(o)
	p := slices.Clone(s.parked[sc])
	if i := slices.IndexFunc(p, func(x Occurrence) bool { return x.Key == o.Key }); i >= 0 {
		p[i] = o
	} else {
		p = append(p, o)
	}
	s.parked[sc] = p
}

// remember keeps a resolved incident for reopening, the last of its scope; the
// one that ended first gives way when there are too many.
func (s *state) remember(l *live) {
	sc := l.scope()
	if r := s.recent[sc]; r != nil && r.ID != l.ID && r.Opened.After(l.Opened) {
		return
	}
	s.recent[sc] = l
	if len(s.recent) <= maxRecent {
		return
	}
	oldest := sc
	for at, r := range s.recent {
		if r.Resolved.Before(s.recent[oldest].Resolved) {
			oldest = at
		}
	}
	delete(s.recent, oldest)
}

// find returns the open incident that an occurrence belongs to, or nil. One
// side without an environment matches any; the storm's incident keeps those
// scopes that it has taken in.
func (s *state) find(o Occurrence) *live {
	sc := scopeOf(o)
	if l := match(s.open, sc); l != nil {
		return l
	}
	if l := s.open[stormScope]; l != nil && slices.ContainsFunc(l.Occurrences, func(x Occurrence) bool { return scopeOf(x) == sc }) {
		return l
	}
	return nil
}

// match looks for the scope itself, then for the same service where one side
// names no environment; of several the oldest.
func match(in map[scope]*live, sc scope) *live {
	if l := in[sc]; l != nil {
		return l
	}
	if sc.environment != "" {
		return in[scope{service: sc.service}]
	}
	var best *live
	for at, l := range in {
		if at.service == sc.service && (best == nil || l.ID < best.ID) {
			best = l
		}
	}
	return best
}

// storming says whether one more incident at this time is too many.
func (s *state) storming(at time.Time, c Config) bool {
	if len(s.open) >= maxOpen {
		return true
	}
	n := 0
	for _, t := range s.openings {
		if d := at.Sub(t); d > -time.Minute && d < time.Minute {
			n++
		}
	}
	return n >= c.StormIncidents
}

func (s *state) parkedTotal() int {
	n := 0
	for _, p := range s.parked {
		n += len(p)
	}
	return n
}

// byID lists the incidents of a map in the order in which they were opened, so
// that results do not depend on map order.
func byID(m map[scope]*live) []*live {
	return slices.SortedFunc(maps.Values(m), func(a, b *live) int { return cmp.Compare(a.ID, b.ID) })
}

func isNaN[F ~float64](f F) bool { return math.IsNaN(float64(f)) }
