package infer

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
)

// stateVersion is that of the form in which a state is written.
const stateVersion = 1

// maxState bounds what is read as a state.
const maxState = 256 << 20

type savedState struct {
	Version  int                  `json:"version"`
	Newest   int64                `json:"newest"`
	Lines    []savedLine          `json:"lines"`
	Loads    map[string]*workload `json:"workloads"`
	Restarts []savedRestarts      `json:"restarts"`
	Budget   []savedBudget        `json:"budget"`
	Owners   map[string]string    `json:"owners"`
	Names    map[string]string    `json:"names"`
	Starts   map[uint64]savedRef  `json:"starts"`
}

type savedLine struct {
	Key  lineKey `json:"key"`
	Line *line   `json:"line"`
}

type savedRestarts struct {
	Place    place     `json:"place"`
	Restarts *restarts `json:"restarts"`
}

type savedBudget struct {
	Place place   `json:"place"`
	Begun []int64 `json:"begun"`
}

// savedRef is the last value of a series whose rise is what counts.
type savedRef struct {
	Target target  `json:"t"`
	Last   int64   `json:"at"`
	Value  float64 `json:"v"`
}

// Changed says whether anything has come that Save would lose, and forgets that it was asked.
func (w *Watcher) Changed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.changed
	w.changed = false
	return c
}

// Save writes what a later process needs to go on.
func (w *Watcher) Save(to io.Writer) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := savedState{Version: stateVersion, Newest: w.newest, Loads: w.loads, Owners: w.owners, Names: w.names, Starts: map[uint64]savedRef{}}
	for k, l := range w.lines {
		s.Lines = append(s.Lines, savedLine{k, l})
	}
	for p, r := range w.restarts {
		s.Restarts = append(s.Restarts, savedRestarts{p, r})
	}
	for p, at := range w.budget {
		s.Budget = append(s.Budget, savedBudget{p, at})
	}
	for id, r := range w.refs {
		if r.seen && (r.t.Kind == kindStart || r.t.Kind == kindRestarts) {
			s.Starts[id] = savedRef{r.t, r.last, r.value}
		}
	}
	if err := json.NewEncoder(to).Encode(s); err != nil {
		return fmt.Errorf("write what is known of versions: %w", err)
	}
	return nil
}

// Load reads what Save wrote into a watcher that has seen nothing. On an error the
// watcher is as it was.
func (w *Watcher) Load(from io.Reader) error {
	var s savedState
	if err := json.NewDecoder(io.LimitReader(from, maxState)).Decode(&s); err != nil {
		return fmt.Errorf("read what is known of versions: %w", err)
	}
	if s.Version != stateVersion {
		return fmt.Errorf("read what is known of versions: want form %d, got %d", stateVersion, s.Version)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.newest = s.Newest
	for _, x := range s.Lines {
		l := w.newLine(x.Key)
		carriers := l.carriers
		if x.Line == nil {
			continue
		}
		*l = *x.Line
		l.carriers, l.resumed = carriers, resuming
		if l.Versions == nil {
			l.Versions = map[string]*version{}
		}
		if l.Instances == nil {
			l.Instances = map[uint64]*instance{}
		}
		maps.DeleteFunc(l.Versions, func(_ string, v *version) bool { return v == nil })
		maps.DeleteFunc(l.Instances, func(_ uint64, i *instance) bool { return i == nil })
	}
	for k, o := range s.Loads {
		if o != nil {
			w.loads[k] = o
		}
	}
	for _, x := range s.Restarts {
		if x.Restarts != nil {
			if x.Restarts.Instances == nil {
				x.Restarts.Instances = map[uint64]int{}
			}
			w.restarts[x.Place] = x.Restarts
		}
	}
	for _, x := range s.Budget {
		w.budget[x.Place] = x.Begun
	}
	maps.Copy(w.owners, s.Owners)
	maps.Copy(w.names, s.Names)
	for id, r := range s.Starts {
		w.refs[id] = &ref{t: r.Target, last: r.Last, value: r.Value, seen: true}
	}
	return nil
}
