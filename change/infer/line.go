package infer

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// lineKey is a part of a service whose versions follow one another.
type lineKey struct {
	place
	Source, Part string
}

func (t target) lineKey() lineKey { return lineKey{place{t.Service, t.Env}, t.Source, t.Part} }

// line is the versions of a part of a service. Times are ms of samples.
type line struct {
	Born      int64                `json:"born"` // first sample
	Last      int64                `json:"last"` // newest sample
	Versions  map[string]*version  `json:"versions"`
	Instances map[uint64]*instance `json:"instances"`
	Under     *underway            `json:"under,omitempty"`
	Ended     int64                `json:"ended,omitempty"` // the last change

	resumed  int64 // first sample since the state was read; 0 if it was not read
	carriers map[carrierKey]int
}

type carrierKey struct {
	instance uint64
	version  string
}

type version struct {
	First  int64  `json:"first"` // since when it has been seen without being gone
	Last   int64  `json:"last"`
	Detail string `json:"detail,omitempty"`
}

type instance struct {
	Version string `json:"v"`
	Since   int64  `json:"since"` // it runs this version
	Last    int64  `json:"last"`
}

// underway is a change that has begun.
type underway struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Started int64  `json:"started"`
	Told    bool   `json:"told"` // false: the service had begun too many
	New     bool   `json:"new"`  // not yet reported
}

// The most instances and versions of one line that are remembered; the ones not seen
// for longest go.
const (
	maxInstances = 1000
	maxVersions  = 32
)

func (w *Watcher) newLine(k lineKey) *line {
	l := &line{Versions: map[string]*version{}, Instances: map[uint64]*instance{}, carriers: map[carrierKey]int{}}
	w.lines[k] = l
	return l
}

// observeVersion takes in that an instance ran a version at a time.
func (w *Watcher) observeVersion(t target, at int64) {
	if t.Workload != "" {
		t.Service = w.serviceOf(w.workloadOf(t.Workload))
	}
	k := t.lineKey()
	l := w.lines[k]
	if l == nil {
		l = w.newLine(k)
	}
	if l.Born == 0 {
		l.Born = at
	}
	if l.resumed == resuming {
		l.resumed = at
	}
	gone := time.Duration(w.cfg.Gone).Milliseconds()
	learning := at-l.Born < time.Duration(w.cfg.Learn).Milliseconds()
	v, i := l.Versions[t.Version], l.Instances[t.Instance]
	back := i != nil && i.Version == t.Version // an instance that was away
	fresh := v == nil || l.ref(max(v.Last, l.resumed), t.Version)-max(v.Last, l.resumed) >= gone
	if v == nil {
		v = &version{First: at, Detail: t.Detail}
		l.Versions[t.Version] = v
		w.changed = true
	}
	if fresh {
		v.First = at
	}
	switch {
	case i == nil:
		l.Instances[t.Instance] = &instance{Version: t.Version, Since: at, Last: at}
	case i.Version != t.Version:
		if at < i.Last { // a late sample of what it ran before
			break
		}
		i.Version, i.Since, i.Last = t.Version, at, at
	default:
		i.Last = max(i.Last, at)
	}
	if fresh && !back && !learning {
		w.begin(k, l, t.Version, at)
	}
	v.Last = max(v.Last, at)
	l.Last = max(l.Last, at)
	l.bound()
}

// resuming marks a line that was read and has not had a sample since.
const resuming = -1

// ref returns the newest sample of other versions than one, or at if there is none later.
func (l *line) ref(at int64, other string) int64 {
	for name, v := range l.Versions {
		if name != other {
			at = max(at, v.Last)
		}
	}
	return at
}

// begin notes that a version was seen that the service did not run.
func (w *Watcher) begin(k lineKey, l *line, to string, at int64) {
	from, most := "", -1
	runs := map[string]int{}
	for _, i := range l.Instances {
		runs[i.Version]++
	}
	for _, name := range slices.Sorted(maps.Keys(l.Versions)) {
		// The instance that shows the new version may have been the only one.
		n := runs[name]*2 + 1
		if l.Versions[name].Last < l.newest(to)-time.Duration(w.cfg.Gone).Milliseconds() {
			continue
		}
		if name != to && n > most {
			from, most = name, n
		}
	}
	if from == "" {
		return
	}
	if u := l.Under; u != nil {
		if u.To == to {
			return
		}
		w.superseded(k, u, to, at)
	}
	l.Under = &underway{From: from, To: to, Started: at, Told: w.permit(k.place, at), New: true}
	w.changed = true
}

// newest returns when a version other than one was last seen.
func (l *line) newest(other string) int64 {
	var at int64
	for name, v := range l.Versions {
		if name != other {
			at = max(at, v.Last)
		}
	}
	return at
}

// superseded ends a change in whose midst another one began.
func (w *Watcher) superseded(k lineKey, u *underway, by string, at int64) {
	if !u.Told {
		return
	}
	c := w.change(k, u, nil)
	c.Finished, c.Status = stamp(max(at, u.Started)), telemetry.StatusSucceeded
	c.Summary = fmt.Sprintf("%s, until %s came", c.Summary, by)
	w.pending = append(w.pending, c)
}

// tickLines reports what began and ended.
func (w *Watcher) tickLines(out *reports) {
	out.list = append(out.list, w.pending...)
	w.pending = nil
	for k, l := range w.lines {
		u := l.Under
		if u == nil {
			continue
		}
		status, finished := w.outcome(l, u)
		if !u.New && status == telemetry.StatusStarted {
			continue
		}
		u.New = false
		if u.Told {
			c := w.change(k, u, l)
			c.Status, c.Finished = status, stamp(finished)
			if status == telemetry.StatusRolledBack {
				if c.Labels == nil {
					c.Labels = map[string]string{}
				}
				c.Labels[LabelWithdrawn] = "true"
			}
			out.list = append(out.list, c)
		}
		if status != telemetry.StatusStarted {
			l.Under, l.Ended = nil, finished
		}
		w.changed = true
	}
}

// outcome says how far a change has come, and when it ended.
func (w *Watcher) outcome(l *line, u *underway) (telemetry.ChangeStatus, int64) {
	gone := time.Duration(w.cfg.Gone).Milliseconds()
	to := l.Versions[u.To]
	others := l.newest(u.To)
	resumed := max(l.resumed, 0)
	switch {
	case to == nil: // forgotten among too many
		return telemetry.StatusSucceeded, u.Started
	case to.Last-max(others, resumed) >= gone:
		return telemetry.StatusSucceeded, max(others, l.since(u.To), u.Started)
	case others-max(to.Last, resumed) >= gone:
		return telemetry.StatusRolledBack, max(to.Last, u.Started)
	case l.Last-u.Started >= time.Duration(w.cfg.MaxRoll).Milliseconds():
		return telemetry.StatusSucceeded, l.Last
	}
	return telemetry.StatusStarted, 0
}

// since returns when the last instance took on a version.
func (l *line) since(name string) int64 {
	var at int64
	for _, i := range l.Instances {
		if i.Version == name {
			at = max(at, i.Since)
		}
	}
	return at
}

// change words a change that is under way; l may be nil.
func (w *Watcher) change(k lineKey, u *underway, l *line) telemetry.Change {
	c := telemetry.Change{
		ID: id(k.Service, k.Env, k.Source, k.Part, u.To, u.Started), Kind: telemetry.KindDeployment,
		Service: k.Service, Environment: k.Env, VersionFrom: u.From, VersionTo: u.To,
		Started: stamp(u.Started), Status: telemetry.StatusStarted, Sources: []string{k.Source},
	}
	c.Summary = "seen in telemetry"
	if l != nil {
		n := 0
		for _, i := range l.Instances {
			if i.Version == u.To {
				n++
			}
		}
		if n > 1 {
			c.Summary = fmt.Sprintf("seen in telemetry, on %d instances", n)
		}
		if v := l.Versions[u.To]; v != nil && v.Detail != "" && len(v.Detail) <= 500 {
			label := "revision"
			if k.Source == SourceImage {
				label = "image"
			}
			c.Labels = map[string]string{label: v.Detail}
		}
	}
	label := map[string]string{SourceImage: "container", SourceBuild: "metric"}[k.Source]
	if label != "" {
		if c.Labels == nil {
			c.Labels = map[string]string{}
		}
		c.Labels[label] = k.Part
	}
	return c
}

// bound lets go of what was not seen for longest.
func (l *line) bound() {
	for len(l.Instances) > maxInstances {
		oldest := slices.MinFunc(slices.Collect(maps.Keys(l.Instances)), func(a, b uint64) int {
			return cmp.Or(cmp.Compare(l.Instances[a].Last, l.Instances[b].Last), cmp.Compare(a, b))
		})
		delete(l.Instances, oldest)
	}
	for len(l.Versions) > maxVersions {
		oldest := slices.MinFunc(slices.Collect(maps.Keys(l.Versions)), func(a, b string) int {
			return cmp.Or(cmp.Compare(l.Versions[a].Last, l.Versions[b].Last), cmp.Compare(a, b))
		})
		delete(l.Versions, oldest)
	}
}

// prune forgets instances that are gone for good, and what carries none.
func (l *line) prune(old int64) {
	for h, i := range l.Instances {
		if i.Last < old {
			delete(l.Instances, h)
		}
	}
	for k := range l.carriers {
		if i := l.Instances[k.instance]; i == nil || i.Version != k.version {
			delete(l.carriers, k)
		}
	}
}
