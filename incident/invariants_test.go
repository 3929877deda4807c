package incident

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// world plays random reports against the pure engine and checks what must hold
// after every step.
type world struct {
	t      *testing.T
	e      engine
	s      *state
	log    map[string][]Event
	opened map[string]time.Time // by id: ids never come again
	last   map[string]time.Time // Updated, by id
	seq    int64
}

func newWorld(t *testing.T, topology func(a, b string) float64) *world {
	e := testEngine()
	e.topology = topology
	e.suspect = func(id string) string {
		if id[len(id)-1] < '4' {
			return "change"
		}
		return ""
	}
	return &world{t: t, e: e, s: newState(), log: map[string][]Event{}, opened: map[string]time.Time{}, last: map[string]time.Time{}}
}

func (w *world) take(d delta) {
	w.s.commit(d, w.e.cfg)
	for _, r := range d.events {
		w.seq++
		r.Event.Seq = w.seq
		id := r.Event.Incident
		w.log[id] = append(w.log[id], r.Event)
		if len(w.log[id]) == 1 {
			w.opened[id] = r.Incident.Opened
		}
	}
	for _, l := range d.incidents {
		if l.Updated.Before(w.last[l.ID]) {
			w.t.Fatalf("%s: updated %s after %s", l.ID, l.Updated, w.last[l.ID])
		}
		w.last[l.ID] = l.Updated
		now, err := Replay(w.log[l.ID])
		if err != nil || now != l.State {
			w.t.Fatalf("%s: its log leads to %q (%v), it is %q: %v", l.ID, now, err, l.State, w.log[l.ID])
		}
		if len(l.Occurrences) > maxOccurrences {
			w.t.Fatalf("%s holds %d occurrences", l.ID, len(l.Occurrences))
		}
	}
	w.check()
}

func (w *world) check() {
	holder := map[string]string{}
	for id, l := range w.s.open {
		if id != l.ID || !l.State.Active() {
			w.t.Fatalf("%s is kept as the open incident %s, and is %s", l.ID, id, l.State)
		}
		for _, o := range l.Occurrences {
			if o.Condition == ConditionCleared {
				continue
			}
			if other := holder[o.Key]; other != "" {
				w.t.Fatalf("%s goes on in both %s and %s", o.Key, other, id)
			}
			holder[o.Key] = id
			if w.s.byKey[o.Key] != id {
				w.t.Fatalf("%s goes on in %s, and is looked for in %q", o.Key, id, w.s.byKey[o.Key])
			}
		}
	}
	for key, id := range w.s.byKey {
		if w.s.open[id] == nil {
			w.t.Fatalf("%s is looked for in %s, which is not open", key, id)
		}
	}
	for key, id := range w.s.lasting {
		l := w.s.recent[id]
		if l == nil || l.index(key) < 0 || l.Occurrences[l.index(key)].Condition == ConditionCleared {
			w.t.Fatalf("%s is said to have gone on when %s ended, which is %+v", key, id, l)
		}
	}
	if len(w.s.prints.by) > maxPrints || len(w.s.prints.starts) > maxStarts {
		w.t.Fatalf("%d fingerprints, %d starts", len(w.s.prints.by), len(w.s.prints.starts))
	}
}

// play makes a step of each byte.
func (w *world) play(steps []byte, rnd *rand.Rand) {
	now := noon
	going := map[string]Occurrence{}
	for _, b := range steps {
		now = now.Add(time.Duration(1+rnd.IntN(90)) * time.Second)
		service := fmt.Sprintf("s%d", b>>3&3)
		o := strongAnomaly(fmt.Sprintf("%s-m%d", service, b>>5), service, now)
		switch b & 7 {
		case 0:
			w.take(w.e.tick(w.s, now))
			continue
		case 1:
			now = now.Add(time.Duration(rnd.IntN(600)) * time.Minute)
			w.take(w.e.tick(w.s, now))
			continue
		case 2:
			o.Strong = false
		case 3:
			o.Source, o.Key = SourceAlert, "alert:"+o.Key
		case 4, 5:
			o.Symptom = true
		case 6:
			o.Signal = ""
		case 7:
			w.person(b>>3, now)
			continue
		}
		if old, ok := going[o.Key]; ok {
			o.Since = old.Since
			switch rnd.IntN(4) {
			case 0, 1:
				o.Condition = ConditionCleared
				delete(going, o.Key)
			case 2:
				o.Condition = ConditionHeld
			}
		} else {
			going[o.Key] = o
		}
		o, err := normalise(o)
		if err != nil {
			w.t.Fatal(err)
		}
		w.take(w.e.apply(w.s, o))
	}
}

// person does something to an open incident.
func (w *world) person(what byte, now time.Time) {
	open := byID(w.s.open)
	if len(open) == 0 {
		return
	}
	l := open[int(what)%len(open)].clone()
	at := latest(now, l.Updated)
	var d delta
	switch what % 5 {
	case 0:
		to := []State{StateAcknowledged, StateMitigated}[what/5%2]
		if w.e.move(l, to, Event{At: at, Actor: "ada"}, &d) != nil {
			return
		}
	case 1:
		for _, o := range l.Occurrences {
			if o.Condition != ConditionCleared {
				d.absorb = append(d.absorb, absorbed{Key: o.Key, Incident: l.ID, Resolved: at})
			}
		}
		w.e.must(w.e.move(l, []State{StateResolved, StateClosed, StateFalsePositive}[what/5%3], Event{At: at, Actor: "ada"}, &d))
	case 2, 3:
		other := open[int(what/5)%len(open)]
		if other.ID == l.ID {
			return
		}
		old, young := l, other.clone()
		if young.ID < old.ID {
			old, young = young, old
		}
		w.e.merge(w.s, old, young, merging{at: latest(at, young.Updated), actor: "ada", reason: "one"}, &d)
	case 4:
		i := slices.IndexFunc(l.Occurrences, func(o Occurrence) bool { return o.Strong })
		if i < 0 || len(l.Occurrences) < 3 {
			return
		}
		w.e.split(w.s, l, l.Occurrences[i], merging{at: at, actor: "ada"}, &d)
	}
	w.take(d)
}

func related(a, b string) float64 {
	if a == "s0" || b == "s0" {
		return 0.8
	}
	return 0
}

func TestEngine_Invariants(t *testing.T) {
	kinds := map[EventKind]int{}
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		steps := make([]byte, 600)
		for i := range steps {
			steps[i] = byte(rnd.Uint32())
			if steps[i]&7 == 1 && rnd.IntN(4) > 0 {
				steps[i]++
			}
		}
		w := newWorld(t, related)
		w.play(steps, rnd)
		for _, events := range w.log {
			for _, ev := range events {
				kinds[ev.Kind]++
			}
		}
	}
	for _, k := range []EventKind{EventCandidate, EventOpened, EventAttached, EventCleared, EventHeld, EventAcked, EventMitigated, EventResolved,
		EventReopened, EventClosed, EventMerged, EventFalsePositive, EventExpired, EventSplit, EventLinked, EventNote} {
		if kinds[k] == 0 {
			t.Errorf("no %s event in all of it, so it proves nothing of that", k)
		}
	}
}

func FuzzEngine_Invariants(f *testing.F) {
	f.Add(uint64(1), []byte{4, 12, 20, 7, 0, 36, 1, 3, 11, 15, 23, 31, 44, 52, 60, 0, 1})
	f.Add(uint64(2), []byte{3, 3, 3, 3, 3, 3, 3, 3, 1, 1, 71, 135, 199, 255})
	f.Fuzz(func(t *testing.T, seed uint64, steps []byte) {
		if len(steps) > 2000 {
			steps = steps[:2000]
		}
		newWorld(t, related).play(steps, rand.New(rand.NewPCG(seed, 3)))
	})
}

// BenchmarkEngine_MillionSignals is a million reports of 3,000 series of 300
// services, a second apart, with a tick every quarter of a minute. What the state
// holds must not grow with their number.
func BenchmarkEngine_MillionSignals(b *testing.B) {
	const signals = 1_000_000
	for b.Loop() {
		million(b, signals)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N)/signals, "us/signal")
}

// million plays so many reports and tells what the state holds half way and at the
// end.
func million(b *testing.B, signals int) {
	e, s := testEngine(), newState()
	e.topology = func(a, b string) float64 {
		if a[len(a)-1] == b[len(b)-1] {
			return 0.8
		}
		return 0
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	now := noon
	var half, full uint64
	going := map[string]time.Time{}
	for i := range signals {
		now = now.Add(time.Second)
		n := rnd.IntN(3000)
		o := strongAnomaly(fmt.Sprintf("x%d", n), fmt.Sprintf("s%03d", n%300), now)
		o.Symptom = n%7 == 0
		if since, ok := going[o.Key]; ok && rnd.IntN(2) == 0 {
			o.Condition, o.Since = ConditionCleared, since
			delete(going, o.Key)
		} else if !ok {
			going[o.Key] = now
		} else {
			o.Since = since
		}
		e.step(s, o)
		if i%15 == 0 {
			s.commit(e.tick(s, now), e.cfg)
		}
		if i == signals/2 {
			half = heap()
		}
	}
	full = heap()
	b.ReportMetric(float64(half)/1024, "KiB_half_way")
	b.ReportMetric(float64(full)/1024, "KiB_at_end")
	b.ReportMetric(float64(len(s.open)), "open")
	if len(s.open) > maxOpen+1 || len(s.recent) > maxRecent || len(s.prints.by) > maxPrints {
		b.Fatalf("%d open, %d recent, %d fingerprints", len(s.open), len(s.recent), len(s.prints.by))
	}
}
