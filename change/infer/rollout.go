package infer

import (
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// workload is a Deployment, StatefulSet or DaemonSet by its own numbers. A rollout
// begins when the generation of its specification rises, is done when the controller
// has observed that generation and all replicas are of it and available, and has
// failed when the deadline for progress has passed. A generation that rose only for
// another number of replicas is no rollout.
type workload struct {
	place
	Kind string             `json:"kind"`
	Num  [fieldCount]number `json:"num"`
	Last int64              `json:"last"`

	Under     bool    `json:"under,omitempty"`
	Started   int64   `json:"started,omitempty"`
	Spec      float64 `json:"spec,omitempty"`      // replicas wanted before
	Confirmed bool    `json:"confirmed,omitempty"` // it is more than a scaling
	Told      bool    `json:"told,omitempty"`
	Ended     int64   `json:"ended,omitempty"` // the last one
	NewSet    int64   `json:"new_set,omitempty"`
}

// lagging is how far, in ms, several kube-state-metrics may lag behind one another.
const lagging = 5 * 60 * 1000

// number is a value with when it was last seen, and since when it has been the same.
type number struct {
	V     float64 `json:"v"`
	At    int64   `json:"at"`
	Since int64   `json:"since"`
}

func loadKey(env, kind, name string) string { return env + " " + kind + " " + name }

// own notes which workload a set of replicas is of. A set that is new to a workload
// that is known speaks of a rollout.
func (w *Watcher) own(t target) bool {
	_, known := w.owners[t.Workload]
	w.note(w.owners, t.Workload, t.Part)
	if o := w.loads[loadKey(t.Env, "deployment", t.Part)]; o != nil && !known {
		o.NewSet = w.newest
	}
	return false
}

func (w *Watcher) observeWorkload(t target, at int64, v float64) {
	key := loadKey(t.Env, t.Part, t.Workload)
	o := w.loads[key]
	if o == nil {
		o = &workload{Kind: t.Part}
		w.loads[key] = o
	}
	o.place = place{w.serviceOf(t.Workload), t.Env}
	n := &o.Num[t.Field]
	before, known := n.V, n.At != 0
	if t.Field == fieldGeneration && known && v < before && at-n.Since < lagging {
		return // of a second kube-state-metrics that is a little behind
	}
	if !known || n.V != v {
		n.Since = at
	}
	n.V, n.At = v, at
	o.Last = max(o.Last, at)
	if t.Field != fieldGeneration || !known || v <= before {
		return
	}
	w.changed = true
	if o.Under { // changed again before it was done: it goes on
		return
	}
	o.Under, o.Started, o.Confirmed, o.Told = true, at, false, false
	o.Spec = o.Num[fieldSpec].V
	if s := o.Num[fieldSpec]; s.Since >= at { // seen in the same scrape, before the generation
		o.Spec = -1
	}
}

// tickWorkloads reports the rollouts that began and ended.
func (w *Watcher) tickWorkloads(out *reports) {
	for key, o := range w.loads {
		if !o.Under {
			continue
		}
		status, ended := o.outcome(time.Duration(w.cfg.MaxRoll).Milliseconds())
		fresh := false
		if !o.Confirmed && o.rolls() {
			o.Confirmed, fresh = true, true
			o.Told = w.permit(o.place, o.Started)
		}
		if o.Told && (fresh || status != telemetry.StatusStarted) {
			out.list = append(out.list, o.change(key, status, ended))
		}
		if status != telemetry.StatusStarted {
			if !o.Confirmed {
				w.count.scaled++
			} else {
				o.Ended = ended
			}
			o.Under = false
		}
		w.changed = true
	}
}

// after returns a number as it was seen after the rollout began.
func (o *workload) after(f field) (number, bool) {
	n := o.Num[f]
	return n, n.At >= o.Started
}

// rolls says whether pods are replaced, and not only made or removed.
func (o *workload) rolls() bool {
	if o.NewSet >= o.Started && o.NewSet > 0 {
		return true
	}
	spec, ok := o.after(fieldSpec)
	if ok && spec.At > o.Started && spec.V == o.Spec {
		return true
	}
	updated, ok1 := o.after(fieldUpdated)
	replicas, ok2 := o.after(fieldReplicas)
	observed, ok3 := o.after(fieldObserved)
	// Of a workload that only grows, all pods that there are have been updated.
	return ok1 && ok2 && ok3 && observed.V >= o.Num[fieldGeneration].V && updated.V < replicas.V
}

func (o *workload) outcome(most int64) (telemetry.ChangeStatus, int64) {
	if stuck, ok := o.after(fieldStuck); ok && stuck.V == 1 && stuck.Since >= o.Started {
		return telemetry.StatusFailed, stuck.Since
	}
	if o.Last-o.Started >= most {
		return telemetry.StatusFailed, o.Last
	}
	gen := o.Num[fieldGeneration]
	observed, ok1 := o.after(fieldObserved)
	spec, ok2 := o.after(fieldSpec)
	updated, ok3 := o.after(fieldUpdated)
	available, ok4 := o.after(fieldAvailable)
	replicas, ok5 := o.after(fieldReplicas)
	all := ok1 && ok2 && ok3 && ok4 && (ok5 || o.Num[fieldReplicas].At == 0)
	// The controller may have taken note in the same scrape without having begun.
	if !all || observed.V < gen.V || updated.At <= o.Started || updated.V < spec.V || available.V < spec.V || ok5 && replicas.V > updated.V {
		return telemetry.StatusStarted, 0
	}
	return telemetry.StatusSucceeded, max(o.Started, observed.Since, updated.Since, available.Since, replicas.Since)
}

func (o *workload) change(key string, status telemetry.ChangeStatus, ended int64) telemetry.Change {
	c := telemetry.Change{
		ID: id(o.Service, o.Env, SourceRollout, key, "", o.Started), Kind: telemetry.KindDeployment,
		Service: o.Service, Environment: o.Env, Started: stamp(o.Started), Finished: stamp(ended), Status: status,
		Sources: []string{SourceRollout},
	}
	c.Summary = "rollout of the" + key[len(o.Env):]
	if status == telemetry.StatusFailed {
		c.Summary += " did not get done in time"
	}
	return c
}
