package cardinality

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

const savedVersion = 1

// saved is a tracker on the disk: what a log cannot tell again.
type saved struct {
	Version int       `json:"version"`
	Since   time.Time `json:"since"`
	Groups  []*place  `json:"groups"`
	Labels  []*place  `json:"labels"`
	Pairs   []*place  `json:"pairs"`
}

// Save writes the counts, some hundred bytes for each key.
func (t *Tracker) Save(w io.Writer) error {
	t.mu.Lock()
	out, err := json.Marshal(saved{savedVersion, t.since, t.groups.list(), t.labels.list(), t.pairs.list()})
	t.mu.Unlock()
	if err != nil {
		return err
	}
	_, err = w.Write(out)
	return err
}

// Load takes over what Save wrote, before Begin. After an error the tracker knows
// nothing.
func (t *Tracker) Load(r io.Reader) error {
	var in saved
	if err := json.NewDecoder(r).Decode(&in); err != nil {
		return fmt.Errorf("counts of series: %w", err)
	}
	if in.Version != savedVersion {
		return fmt.Errorf("counts of series: want version %d, got %d", savedVersion, in.Version)
	}
	groups, labels, pairs := newSketch(mostGroups), newSketch(mostLabels), newSketch(mostPairs)
	for _, x := range []struct {
		s  *sketch
		in []*place
	}{{groups, in.Groups}, {labels, in.Labels}, {pairs, in.Pairs}} {
		if err := x.s.load(x.in); err != nil {
			return err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.since, t.groups, t.labels, t.pairs = in.Since, groups, labels, pairs
	return nil
}

func (s *sketch) load(in []*place) error {
	for _, p := range in {
		if p == nil || p.Count < 0 || p.Over < 0 {
			return fmt.Errorf("counts of series: a key without a count")
		}
		if s.places[p.Key] != nil || len(s.places) == s.most {
			return fmt.Errorf("counts of series: %q is there twice, or there are more than %d keys", p.Key, s.most)
		}
		for i := 1; i < len(p.History); i++ {
			if p.History[i].At <= p.History[i-1].At {
				return fmt.Errorf("counts of series: history of %q is not in order", p.Key)
			}
		}
		s.places[p.Key] = p
		s.least.push(p)
	}
	return nil
}
