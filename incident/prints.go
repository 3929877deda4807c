package incident

import (
	"cmp"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"sort"
	"time"
)

// Bounds of what is remembered of fingerprints over incidents.
const (
	maxPrints   = 4096 // the one that was not seen for longest gives way
	maxPartners = 16   // per fingerprint; the rarest gives way
	maxGaps     = 20
	maxMarks    = 16 // labels of a fingerprint
	maxStarts   = 16 // recent starts that a new one is paired with

	remembered  = 30 * 24 * time.Hour // in which counts fall to 37 %
	togetherFor = 2 * time.Minute     // starts so near each other count as together
	leastGaps   = 3                   // below which nothing is said of a fingerprint's gaps

	// ordinary is how many episodes in the time remembered a fingerprint may have
	// and still be worth a whole one: about one a week.
	ordinary = 4
)

// print is what is remembered of one fingerprint (the key of an occurrence) over
// all incidents. A stored one is never altered; deltas carry new ones.
type print struct {
	Key      string             `json:"key"`
	At       time.Time          `json:"at"`                 // last episode or turn, to which counts have decayed
	Since    time.Time          `json:"since,omitzero"`     // of the last episode
	Began    time.Time          `json:"began,omitzero"`     // report by which it was first known
	Episodes float64            `json:"episodes"`           // decayed
	Flap     float64            `json:"flap,omitempty"`     // changes of condition; each counts for half after FlapWindow
	Turns    []time.Time        `json:"turns,omitempty"`    // the last changes, for the wording
	Cleared  time.Time          `json:"cleared,omitzero"`   // when it last cleared; zero while it goes on
	Gaps     []int64            `json:"gaps,omitempty"`     // seconds between an end and the next beginning, where it came back soon
	Partners map[uint64]float64 `json:"partners,omitempty"` // how often others began with it, decayed
	Marks    []uint64           `json:"marks,omitempty"`    // hashes of its labels
	Incident string             `json:"incident,omitempty"` // that it last belonged to
}

// start is the beginning of a strong episode.
type start struct {
	key string
	at  time.Time
}

// prints is what the state knows of fingerprints. marks counts in how many of
// them each label occurs.
type prints struct {
	by     map[string]*print
	marks  map[uint64]int
	starts []start // oldest first
}

func newPrints() prints {
	return prints{by: make(map[string]*print), marks: make(map[uint64]int)}
}

func (p prints) copy() prints {
	return prints{by: maps.Clone(p.by), marks: maps.Clone(p.marks), starts: p.starts}
}

// put stores a print, making room for it if it is new. Looking for what gives way
// costs O(maxPrints), and is done for an eighth of the room at once, so that it is
// rare.
func (p *prints) put(x *print) {
	old := p.by[x.Key]
	if old == nil && len(p.by) >= maxPrints {
		all := slices.SortedFunc(maps.Values(p.by), func(a, b *print) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Key, b.Key))
		})
		for _, g := range all[:maxPrints/8] {
			p.forget(g)
		}
	}
	if old != nil {
		p.forget(old)
	}
	p.by[x.Key] = x
	for _, m := range x.Marks {
		p.marks[m]++
	}
}

func (p *prints) forget(x *print) {
	delete(p.by, x.Key)
	for _, m := range x.Marks {
		if p.marks[m]--; p.marks[m] <= 0 {
			delete(p.marks, m)
		}
	}
}

// idf weighs a label by how rare it is among fingerprints.
func (p prints) idf(mark uint64) float64 {
	return math.Log(1 + float64(len(p.by)+1)/float64(p.marks[mark]+1))
}

// began notes the start of an episode for the pairing of later ones.
func (p *prints) began(s start) {
	kept := make([]start, 0, maxStarts)
	for _, x := range p.starts {
		if s.at.Sub(x.at) <= togetherFor && x.key != s.key {
			kept = append(kept, x)
		}
	}
	p.starts = append(kept[max(0, len(kept)-maxStarts+1):], s)
}

// print returns a print that the delta may alter: the one it has already, or a
// copy of the state's, or a new one.
func (d *delta) print(s *state, o Occurrence) *print {
	if p := d.prints[o.Key]; p != nil {
		return p
	}
	p := &print{Key: o.Key, At: o.At, Marks: marksOf(o)}
	if old := s.prints.by[o.Key]; old != nil {
		c := *old
		c.Gaps, c.Partners = slices.Clone(old.Gaps), maps.Clone(old.Partners)
		p = &c
	}
	if d.prints == nil {
		d.prints = make(map[string]*print)
	}
	d.prints[o.Key] = p
	return p
}

// fade brings the counts to a later time.
func (p *print) fade(at time.Time, halfLife time.Duration) {
	dt := at.Sub(p.At)
	if dt <= 0 {
		return
	}
	f := math.Exp(-float64(dt) / float64(remembered))
	p.Episodes *= f
	for k, n := range p.Partners {
		if n *= f; n < 0.05 {
			delete(p.Partners, k)
		} else {
			p.Partners[k] = n
		}
	}
	p.Flap *= math.Exp2(-float64(dt) / float64(halfLife))
	p.At = at
}

// began notes that a strong episode began: how long after the last one ended, and
// what else began with it.
func (e engine) began(s *state, o Occurrence, d *delta) {
	p := d.print(s, o)
	if p.Since.Equal(o.Since) && !o.Since.IsZero() {
		return // of a candidate that has become an incident
	}
	p.fade(o.At, time.Duration(e.cfg.FlapWindow))
	p.Since, p.Began = o.Since, o.At
	p.Episodes++
	if gap := o.At.Sub(p.Cleared); !p.Cleared.IsZero() && gap > 0 && gap <= time.Duration(e.cfg.ReopenWindow) {
		p.Gaps = append(p.Gaps, int64(gap/time.Second))
		p.Gaps = p.Gaps[max(0, len(p.Gaps)-maxGaps):]
	}
	p.Cleared = time.Time{}
	for _, x := range s.prints.starts {
		if x.key == o.Key || o.At.Sub(x.at).Abs() > togetherFor {
			continue
		}
		q := d.print(s, Occurrence{Key: x.key, At: x.at})
		q.fade(o.At, time.Duration(e.cfg.FlapWindow))
		p.pair(x.key)
		q.pair(o.Key)
	}
	d.starts = append(d.starts, start{o.Key, o.At})
}

// pair counts a partner; the rarest gives way.
func (p *print) pair(key string) {
	if p.Partners == nil {
		p.Partners = make(map[uint64]float64)
	}
	h := hashOf(key)
	p.Partners[h]++
	if len(p.Partners) <= maxPartners {
		return
	}
	least := h
	for k, n := range p.Partners {
		if k != h && (least == h || n < p.Partners[least] || n == p.Partners[least] && k < least) {
			least = k
		}
	}
	delete(p.Partners, least)
}

// together returns the chance that both of two fingerprints begin when either
// does, drawn towards 0 while little is known: n(both)/(n(either)+2).
func together(a, b *print) float64 {
	if a == nil || b == nil {
		return 0
	}
	both := min(a.Partners[hashOf(b.Key)], b.Partners[hashOf(a.Key)])
	either := a.Episodes + b.Episodes - both
	if both <= 0 || either <= 0 {
		return 0
	}
	return min(both/(either+2), 1)
}

// novelty says how much one more episode of a fingerprint tells: 1 while it is as
// rare as one a week, and falling with the logarithm of its frequency.
func (p *print) novelty() float64 {
	if p == nil || p.Episodes <= ordinary {
		return 1
	}
	return math.Log(1+ordinary) / math.Log(1+p.Episodes)
}

// quality weighs a strong anomaly among those that open an incident together:
// 1 for one that is just strong and not frequent, more the rarer its values are
// (the logarithm of the score's tail), at most 1.5.
func (e engine) quality(s *state, o Occurrence) float64 {
	bar := e.cfg.StrongScore
	if o.Signal == "" {
		bar = e.cfg.RawStrongScore
	}
	tail := func(score float64) float64 { return math.Log1p(-math.Log10(max(1-score, 1e-12))) }
	loud := 1.0
	if !isNaN(o.Score) && tail(bar) > 0 {
		loud = min(max(tail(float64(o.Score))/tail(bar), 1), 1.5)
	}
	return loud * s.prints.by[o.Key].novelty()
}

// usualGap is the 90th percentile of the times after which a fingerprint came
// back, 0 while too few are known.
func (p *print) usualGap() time.Duration {
	if p == nil || len(p.Gaps) < leastGaps {
		return 0
	}
	g := slices.Clone(p.Gaps)
	slices.Sort(g)
	return time.Duration(g[min(len(g)-1, len(g)*9/10)]) * time.Second
}

// marksOf returns the hashes of what an occurrence is about: its name, signal,
// service and labels, sorted, without what only describes how bad it is.
func marksOf(o Occurrence) []uint64 {
	if o.Name == "" {
		return nil
	}
	out := []uint64{hashOf("name=" + o.Name), hashOf("service=" + o.Service)}
	if o.Signal != "" && o.Signal != o.Name {
		out = append(out, hashOf("signal="+o.Signal))
	}
	names := make([]string, 0, len(o.Labels))
	for n := range o.Labels {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		v := o.Labels[n]
		if len(out) >= maxMarks {
			break
		}
		if n == "severity" || n == "service" || n == "alertname" || v == "" || len(v) > 128 {
			continue
		}
		out = append(out, hashOf(n+"="+v))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func hashOf(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}
