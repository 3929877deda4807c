// Package ansible reads what the callback plugin deploy/ansible/tocsin.py tells of
// a run of a playbook: a start when the first task alters something, and an end. A
// run that alters nothing and fails nowhere is ignored; one with --check tells nothing.
package ansible

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/telemetry"
)

type event struct {
	Event       string           `json:"event"` // changed, finished
	Run         string           `json:"run"`
	Playbook    string           `json:"playbook"`
	Services    []string         `json:"services"`
	Environment string           `json:"environment"`
	Version     string           `json:"version"`
	Kind        string           `json:"kind"`
	User        string           `json:"user"`
	Controller  string           `json:"controller"`
	Link        string           `json:"link"`
	Started     float64          `json:"started"` // seconds since 1970
	Finished    float64          `json:"finished"`
	Task        string           `json:"task"` // that altered something first
	Hosts       []string         `json:"hosts"`
	Stats       map[string]stats `json:"stats"` // by host
}

type stats struct {
	OK          int `json:"ok"`
	Changed     int `json:"changed"`
	Failures    int `json:"failures"`
	Unreachable int `json:"unreachable"`
	Skipped     int `json:"skipped"`
	Rescued     int `json:"rescued"`
	Ignored     int `json:"ignored"`
}

// Decode reads one event: a change of each service that the run names, or of the
// playbook. The error is a *hook.MalformedError.
func Decode(r hook.Request, o hook.Naming) (hook.Outcome, error) {
	var e event
	var out hook.Outcome
	if err := hook.Decode(r.Body, &e); err != nil {
		return out, err
	}
	if e.Run == "" || e.Playbook == "" {
		return out, hook.Malformed("want the fields run and playbook, got %q and %q; use deploy/ansible/tocsin.py", hook.Clip(e.Run, 60), hook.Clip(e.Playbook, 60))
	}
	var total stats
	for _, host := range slices.Sorted(maps.Keys(e.Stats)) {
		s := e.Stats[host]
		total.Changed, total.Failures, total.Unreachable = total.Changed+s.Changed, total.Failures+s.Failures, total.Unreachable+s.Unreachable
	}
	name := strings.TrimSuffix(strings.TrimSuffix(e.Playbook[strings.LastIndexByte(e.Playbook, '/')+1:], ".yml"), ".yaml")
	services := e.Services
	if len(services) == 0 {
		services = []string{name}
	}
	for _, s := range services {
		c := telemetry.Change{
			ID: hook.ID("ansible", e.Run, s), Kind: telemetry.ChangeKind(hook.First(e.Kind, string(telemetry.KindDeployment))),
			Service: o.Service(s), Environment: o.Env(e.Environment), VersionTo: e.Version,
			Author: e.User, Link: e.Link, Started: hook.Millis(int64(e.Started * 1000)), Summary: "playbook " + name,
			Labels: map[string]string{"source": "ansible", "playbook": e.Playbook, "controller": e.Controller, "task": e.Task, "hosts": hosts(e)},
		}
		switch e.Event {
		case "changed":
			c.Status = telemetry.StatusStarted
		case "finished":
			if total.Changed == 0 && total.Failures+total.Unreachable == 0 {
				out.Ignore(hook.NoChange, "playbook %s altered nothing", name)
				continue
			}
			c.Status, c.Finished = telemetry.StatusSucceeded, hook.Millis(int64(e.Finished*1000))
			if total.Failures+total.Unreachable > 0 {
				c.Status = telemetry.StatusFailed
			}
			c.Labels["changed"], c.Labels["failures"], c.Labels["unreachable"] = strconv.Itoa(total.Changed), strconv.Itoa(total.Failures), strconv.Itoa(total.Unreachable)
		default:
			out.Ignore(hook.State, "event %s", hook.First(e.Event, "without a name"))
			continue
		}
		out.Add(c)
	}
	return out, nil
}

// hosts names the first hosts of a run.
func hosts(e event) string {
	list := slices.Sorted(maps.Keys(e.Stats))
	if len(list) == 0 {
		list = e.Hosts
	}
	if n := len(list); n > 10 {
		return strings.Join(list[:10], " ") + " and " + strconv.Itoa(n-10) + " more"
	}
	return strings.Join(list, " ")
}
