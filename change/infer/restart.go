package infer

import (
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// restarts are those of a service without a quiet time between: one change, however
// many there are, so that a crash loop is one line.
type restarts struct {
	First     int64          `json:"first"`
	Last      int64          `json:"last"`
	Count     int            `json:"count"`
	Instances map[uint64]int `json:"instances"`
	Told      int            `json:"told"` // how many the last report counted
	ToldAt    int64          `json:"told_at"`
	Refused   bool           `json:"refused,omitempty"` // explained by a deployment, or too many
}

const (
	// restartWait is how long a restart waits for a deployment that explains it.
	restartWait = 3 * time.Minute
	// restartAgain is the least time between two reports of the same change.
	restartAgain = 5 * time.Minute
)

// restarted takes in that an instance of a service was started anew.
func (w *Watcher) restarted(p place, instance uint64, at int64) {
	r := w.restarts[p]
	if r != nil && at-r.Last >= time.Duration(w.cfg.Quiet).Milliseconds() {
		r = nil
	}
	if r == nil {
		if len(w.restarts) >= w.cfg.MaxSeries {
			w.count.full++
			return
		}
		r = &restarts{First: at, Instances: map[uint64]int{}}
		w.restarts[p] = r
	}
	r.First, r.Last = min(r.First, at), max(r.Last, at)
	r.Count++
	if len(r.Instances) < maxInstances {
		r.Instances[instance]++
	}
	w.changed = true
}

func (w *Watcher) tickRestarts(out *reports, now int64, deployed func(service, env string, from, to time.Time) bool) {
	for p, r := range w.restarts {
		if now-r.Last > 2*time.Duration(w.cfg.Quiet).Milliseconds() && r.Told == r.Count || r.Refused && now-r.Last > time.Duration(w.cfg.Quiet).Milliseconds() {
			delete(w.restarts, p)
			continue
		}
		if r.Refused || r.Told == r.Count || now-r.First < restartWait.Milliseconds() ||
			r.Told > 0 && now-r.ToldAt < restartAgain.Milliseconds() {
			continue
		}
		if r.Told == 0 && (w.explained(p, r) || deployed != nil && deployed(p.Service, p.Env, stamp(r.First).Add(-restartWait), stamp(r.First).Add(restartWait))) {
			// Those that follow, after the last instance was replaced, count anew.
			w.count.explained++
			delete(w.restarts, p)
			continue
		}
		if r.Told == 0 && !w.permit(p, r.First) {
			r.Refused = true
			continue
		}
		r.Told, r.ToldAt = r.Count, now
		out.list = append(out.list, r.change(p))
	}
}

// explained says whether a change of the service that is under way, or has just
// ended, restarts its instances.
func (w *Watcher) explained(p place, r *restarts) bool {
	for k, l := range w.lines {
		if k.Service != p.Service || k.Env != p.Env && k.Env != "" && p.Env != "" {
			continue
		}
		if l.Under != nil && l.Under.Started-restartWait.Milliseconds() <= r.Last || l.Ended > 0 && l.Ended >= r.First-restartWait.Milliseconds() {
			return true
		}
	}
	for _, o := range w.loads {
		if o.place == p && (o.Under || o.Ended > 0 && o.Ended >= r.First-restartWait.Milliseconds()) {
			return true
		}
	}
	return false
}

func (r *restarts) change(p place) telemetry.Change {
	what := "restarted once"
	if r.Count > 1 {
		what = fmt.Sprintf("%d restarts of %d instances", r.Count, len(r.Instances))
		if len(r.Instances) == 1 {
			what = fmt.Sprintf("%d restarts of one instance", r.Count)
		}
	}
	return telemetry.Change{
		ID: id(p.Service, p.Env, SourceRestarts, "", "", r.First), Kind: telemetry.KindRestart,
		Service: p.Service, Environment: p.Env, Started: stamp(r.First), Finished: stamp(r.Last),
		Status: telemetry.StatusSucceeded, Summary: what, Sources: []string{SourceRestarts},
		Labels: map[string]string{"restarts": fmt.Sprint(r.Count)},
	}
}
