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
	maxRecent           = 1000 // ended incidents that may reopen
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

	stands *standing // nil until it is asked for
}

type memory struct {
	Scope       [2]string        `json:"scope"`
	Tracks      map[string]track `json:"tracks,omitempty"` // by key, of strong occurrences
	WeakEvents  int              `json:"weak_events,omitempty"`
	Titled      string           `json:"titled,omitempty"` // key of the occurrence that the title names
	TitledWorst *Reading         `json:"titled_worst,omitempty"`
	DroppedKeys []uint64         `json:"dropped_keys,omitempty"`
	Saved       time.Time        `json:"saved"` // event time of the last write

	LastStrong time.Time `json:"last_strong,omitzero"`
	Severe     time.Time `json:"severe,omitzero"`     // last report as severe as the incident
	Services   []string  `json:"services,omitempty"`  // with strong occurrences
	Signature  []string  `json:"signature,omitempty"` // keys of the latest strong occurrences
	Marks      []uint64  `json:"marks,omitempty"`     // sorted hashes of their labels
	Twin       string    `json:"twin,omitempty"`      // older incident found to be the same in the last look
	TwinAt     time.Time `json:"twin_at,omitzero"`
	Apart      []string  `json:"apart,omitempty"` // incidents that people have split from this or this from
}

// track is the recent history of one strong occurrence.
type track struct {
	Cleared  time.Time `json:"cleared,omitzero"` // zero while it is not clear
	Changed  time.Time `json:"changed,omitzero"` // last change of condition
	Flapping bool      `json:"flapping,omitempty"`
}

func (l *live) scope() scope { return scope{l.Memory.Scope[0], l.Memory.Scope[1]} }

func (l *live) clone() *live {
	c := *l
	c.stands = nil
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
	open       map[string]*live // by id: open, acknowledged and mitigated
	recent     map[string]*live // by id: ended ones that may reopen
	candidates map[scope]*live
	byKey      map[string]string // occurrence -> the open incident that holds it, or did last
	absorbed   map[string]absorbed
	lasting    map[string]string // occurrence that went on when its incident ended -> that one, while it may reopen
	openings   []time.Time       // when the last incidents opened, oldest first
	prints     prints
}

func newState() *state {
	return &state{
		open:       make(map[string]*live),
		recent:     make(map[string]*live),
		candidates: make(map[scope]*live),
		byKey:      make(map[string]string),
		absorbed:   make(map[string]absorbed),
		lasting:    make(map[string]string),
		prints:     newPrints(),
	}
}

// copy returns a state that can be committed to without a change of s: incidents
// and prints are replaced, never altered.
func (s *state) copy() *state {
	return &state{
		open: maps.Clone(s.open), recent: maps.Clone(s.recent), candidates: maps.Clone(s.candidates),
		byKey: maps.Clone(s.byKey), absorbed: maps.Clone(s.absorbed), lasting: maps.Clone(s.lasting), openings: slices.Clone(s.openings),
		prints: s.prints.copy(),
	}
}

// delta is what one step changes.
type delta struct {
	incidents []*live       // as they are after the step
	events    []EventRecord // in order, without sequence numbers
	forget    []string      // ended incidents that can no longer reopen and are not closed
	keys      []keyed       // occurrences that an incident now holds
	absorb    []absorbed
	release   []string
	opening   time.Time // event time of a new incident, if there is one
	linked    []link    // anomalies that now belong to an incident
	prints    map[string]*print
	starts    []start
	urgent    bool   // must be written now, not at the next refresh
	result    string // for the counter
}

// keyed says which incident holds an occurrence.
type keyed struct{ key, incident string }

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

// own notes that an incident holds an occurrence from now on.
func (d *delta) own(l *live, key string) { d.keys = append(d.keys, keyed{key, l.ID}) }

// latest returns an incident as the delta leaves it so far, to be altered: the
// clone in the delta, or a new one.
func (d *delta) latest(l *live) *live {
	for _, x := range d.incidents {
		if x.ID == l.ID {
			return x
		}
	}
	return l.clone()
}

// commit makes a delta part of the state.
func (s *state) commit(d delta, c Config) {
	for _, l := range d.incidents {
		s.place(l)
	}
	for _, k := range d.keys {
		if s.open[k.incident] != nil {
			s.byKey[k.key] = k.incident
		}
	}
	for _, id := range d.forget {
		s.drop(id)
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
	for _, key := range slices.Sorted(maps.Keys(d.prints)) {
		s.prints.put(d.prints[key])
	}
	for _, x := range d.starts {
		s.prints.began(x)
	}
}

// place puts an incident where its state belongs.
func (s *state) place(l *live) {
	l.stands = nil // it may have been asked before the step was over
	if l.State == StateCandidate {
		s.candidates[l.scope()] = l
		return
	}
	if c := s.candidates[l.scope()]; c != nil && c.ID == l.ID {
		delete(s.candidates, l.scope())
	}
	if l.State.Active() {
		s.drop(l.ID)
		s.open[l.ID] = l
		return
	}
	if s.open[l.ID] != nil {
		delete(s.open, l.ID)
		for _, o := range l.Occurrences {
			if s.byKey[o.Key] == l.ID {
				delete(s.byKey, o.Key)
			}
		}
	}
	s.drop(l.ID)
	if l.State.reopens() && !l.NeverOpened {
		s.remember(l)
	}
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
	for _, c := range s.candidates {
		n += len(c.Occurrences)
	}
	return n
}

// byID lists the incidents of a map in the order in which they were opened, so
// that results do not depend on map order.
func byID[K comparable](m map[K]*live) []*live {
	return slices.SortedFunc(maps.Values(m), func(a, b *live) int { return cmp.Compare(a.ID, b.ID) })
}

func isNaN[F ~float64](f F) bool { return math.IsNaN(float64(f)) }
