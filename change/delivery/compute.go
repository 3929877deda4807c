package delivery

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/change/verdict"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Labels of changes that figures are read from.
const (
	LabelCommit  = "commit_time" // RFC 3339
	LabelRelease = "release"     // the same for changes that go out together
	LabelRevert  = "revert_of"
	LabelHotfix  = "hotfix"
	// LabelWithdrawn is on a canary that was taken back before it was all there was.
	LabelWithdrawn = "withdrawn"
)

// attributed is the least probability at which an incident is put down to a change.
const attributed = 0.5

// Input is what figures are computed from. Changes may begin before From: they tell
// which version ran. Changes and Incidents may be in any order and are not altered.
type Input struct {
	From, To  time.Time
	Zone      *time.Location // nil is UTC
	Changes   []telemetry.Change
	Verdicts  map[string]verdict.State
	Incidents []Incident
}

// deployment is one that counts.
type deployment struct {
	service  string
	place    string // service and environment
	finished time.Time
	commit   string // as written
	rollback bool
	rework   bool
	faulty   bool // by verdict or status
	undone   time.Time
	ids      []string
}

// Compute returns the figures of deployments that finished, and incidents that
// opened, from From and before To.
func Compute(in Input) Report {
	if in.Zone == nil {
		in.Zone = time.UTC
	}
	c := newCounting(in)
	r := Report{From: in.From, To: in.To, Zone: in.Zone.String(), Services: []Figures{}}
	names := map[string]bool{}
	for _, d := range c.deployments {
		names[d.service] = true
	}
	for _, i := range in.Incidents {
		if c.within(i.Opened) {
			names[i.Service] = true
		}
	}
	for s := range c.failed {
		names[s] = true
	}
	for s := range c.again {
		names[s] = true
	}
	r.Total = c.figures("", c.joint())
	for _, s := range slices.Sorted(maps.Keys(names)) {
		own := slices.DeleteFunc(slices.Clone(c.deployments), func(d deployment) bool { return d.service != s })
		r.Services = append(r.Services, c.figures(s, own))
	}
	return r
}

// counting is the working memory of one call.
type counting struct {
	in            Input
	deployments   []deployment // by service, not yet joined into releases
	failed, again map[string]int
	byChange      map[string][]Incident
	release       map[string]string // of the id of a change
}

func newCounting(in Input) *counting {
	c := &counting{in: in, failed: map[string]int{}, again: map[string]int{}, byChange: map[string][]Incident{}, release: map[string]string{}}
	for _, i := range in.Incidents {
		if i.Change != "" && i.Probability >= attributed {
			c.byChange[i.Change] = append(c.byChange[i.Change], i)
		}
	}
	list := slices.Clone(in.Changes)
	slices.SortFunc(list, func(a, b telemetry.Change) int {
		return cmp.Or(a.Finished.Compare(b.Finished), cmp.Compare(a.ID, b.ID))
	})
	running := map[string][]string{} // versions of a service and environment, the latest last
	for _, ch := range list {
		if ch.Kind == telemetry.KindDeployment && !ch.Finished.IsZero() {
			c.take(ch, running)
		}
	}
	return c
}

func (c *counting) within(t time.Time) bool { return !t.Before(c.in.From) && t.Before(c.in.To) }

func (c *counting) take(ch telemetry.Change, running map[string][]string) {
	place := ch.Service + "\x00" + ch.Environment
	versions := running[place]
	counts := c.within(ch.Finished)
	if ch.Status == telemetry.StatusFailed {
		if counts {
			c.failed[ch.Service]++
		}
		return
	}
	last := len(versions) - 1
	if v := ch.VersionTo; v != "" && last >= 0 && versions[last] == v && ch.Labels[LabelRevert] == "" {
		if counts {
			c.again[ch.Service]++
		}
		return
	}
	d := deployment{service: ch.Service, place: place, finished: ch.Finished, commit: ch.Labels[LabelCommit], ids: []string{ch.ID}}
	d.rollback = ch.Labels[LabelRevert] != "" || ch.VersionTo != "" && last >= 1 && versions[last-1] == ch.VersionTo
	d.rework = d.rollback || ch.Labels[LabelHotfix] != "" && ch.Labels[LabelHotfix] != "false"
	d.faulty = ch.Status == telemetry.StatusRolledBack || c.in.Verdicts[ch.ID] == verdict.Faulty
	if ch.Labels[LabelWithdrawn] == "true" {
		d.finished, d.undone = ch.Started, ch.Finished
	}
	if d.rollback {
		c.undo(place, ch.Labels[LabelRevert], ch.Finished)
	}
	if ch.VersionTo != "" && ch.Status != telemetry.StatusRolledBack {
		running[place] = append(versions[max(0, len(versions)-4):], ch.VersionTo)
	}
	c.release[ch.ID] = ch.Labels[LabelRelease]
	if counts {
		c.deployments = append(c.deployments, d)
	}
}

// undo notes that a deployment was rolled back: the one of the id, or else the last of
// the service and environment.
func (c *counting) undo(place, id string, at time.Time) {
	known := slices.ContainsFunc(c.deployments, func(d deployment) bool { return d.place == place && id != "" && slices.Contains(d.ids, id) })
	for i := len(c.deployments) - 1; i >= 0; i-- {
		if d := &c.deployments[i]; d.place == place && (!known || slices.Contains(d.ids, id)) {
			if !d.rollback {
				d.faulty = true
				d.undone = at
			}
			return
		}
	}
}

// joint returns the deployments with those of one release made one.
func (c *counting) joint() []deployment {
	var out []deployment
	at := map[string]int{}
	for _, d := range c.deployments {
		name := c.release[d.ids[0]]
		i, known := at[name]
		if name == "" || !known {
			at[name] = len(out)
			out = append(out, d)
			continue
		}
		j := &out[i]
		if d.finished.After(j.finished) {
			j.finished = d.finished
		}
		if d.undone.After(j.undone) {
			j.undone = d.undone
		}
		j.commit = cmp.Or(j.commit, d.commit)
		j.rollback, j.rework, j.faulty = j.rollback && d.rollback, j.rework || d.rework, j.faulty || d.faulty
		j.ids = append(slices.Clone(j.ids), d.ids...)
	}
	return out
}
