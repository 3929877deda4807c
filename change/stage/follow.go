package stage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Labels of changes by which their senders tell what a stage asks for.
const (
	LabelBranch     = "branch"      // or "ref": refs/heads/NAME
	LabelApproval   = "approval"    // granted, or missing
	LabelApprovedBy = "approved_by" // who granted it
)

// Note is where a deployment stands among the stages.
type Note struct {
	Stage    string    `json:"stage"`
	Trigger  string    `json:"trigger,omitempty"`
	Branch   string    `json:"branch,omitempty"`
	Tests    []string  `json:"tests,omitempty"`
	Rollback *Rollback `json:"rollback,omitempty"`
	// Approval is granted, missing or not_told if the stage requires one, else empty.
	Approval string `json:"approval,omitempty"`
	// Passed are the stages before this one that the version was in, in their order.
	Passed []Passage `json:"passed"`
	// Warnings say what is not as the stages want it.
	Warnings []string `json:"warnings,omitempty"`
}

// Passage is a version that reached a stage.
type Passage struct {
	Stage  string                 `json:"stage"`
	Change string                 `json:"change"`
	Status telemetry.ChangeStatus `json:"status"`
	// At is when its first deployment there was done; when it began if none is.
	At time.Time `json:"at"`
}

// Promotion is the way of one version of a service.
type Promotion struct {
	Service  string    `json:"service"`
	Version  string    `json:"version"`
	Passages []Passage `json:"passages"` // in the order of the stages
	Latest   time.Time `json:"latest"`
	Warnings []string  `json:"warnings,omitempty"` // of its deployments
}

// Of returns the index of the stage that a change is of: the one of its environment by
// name, by a usual abbreviation of it, or by a variable such as NODE_ENV; without an
// environment the one of its branch, if only one has it. -1 is none.
func (p Pipeline) Of(c telemetry.Change) int {
	if c.Environment != "" {
		return slices.IndexFunc(p.stages, func(s Stage) bool { return s.is(c.Environment) })
	}
	branch := branchOf(c)
	if branch == "" {
		return -1
	}
	at := -1
	for i, s := range p.stages {
		if s.Branch == branch {
			if at >= 0 {
				return -1
			}
			at = i
		}
	}
	return at
}

var abbreviations = map[string]string{"prod": "production", "prd": "production", "live": "production", "dev": "development", "stage": "staging", "stg": "staging", "test": "testing"}

func (s Stage) is(environment string) bool {
	full := func(name string) string {
		name = strings.ToLower(name)
		return cmp.Or(abbreviations[name], name)
	}
	if full(s.Name) == full(environment) {
		return true
	}
	for name, v := range s.Environment {
		if n := strings.ToLower(name); strings.HasSuffix(n, "_env") || strings.HasSuffix(n, "environment") || n == "env" {
			if v != "" && full(string(v)) == full(environment) {
				return true
			}
		}
	}
	return false
}

func branchOf(c telemetry.Change) string {
	if b := c.Labels[LabelBranch]; b != "" {
		return b
	}
	b, _ := strings.CutPrefix(c.Labels["ref"], "refs/heads/")
	return b
}

// Notes returns a note for each deployment of list that is of a stage, by its id.
// history are all deployments of the same services that may have gone before, in any
// order; list may be among them. It costs a look at the history of its service for
// each change.
func (p Pipeline) Notes(list, history []telemetry.Change) map[string]Note {
	out := map[string]Note{}
	if len(p.stages) == 0 {
		return out
	}
	index := p.index(history)
	for _, c := range list {
		if i := p.Of(c); i >= 0 && c.Kind == telemetry.KindDeployment {
			out[c.ID] = p.note(c, i, index)
		}
	}
	return out
}

// versions are deployments with their stages, by service and the spellings of their
// versions, revisions also by what they are at least cut to.
type versions map[string][]staged

type staged struct {
	telemetry.Change
	stage int
}

// cut is the least length of a revision that is cut off; see change.SameVersion.
const cut = 7

func keys(c telemetry.Change) []string {
	var out []string
	for _, s := range change.Spellings(c) {
		out = append(out, c.Service+"\x00"+s)
		if len(s) > cut {
			out = append(out, c.Service+"\x00"+s[:cut])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (p Pipeline) index(history []telemetry.Change) versions {
	v := versions{}
	for _, c := range history {
		if c.VersionTo == "" || c.Kind != telemetry.KindDeployment {
			continue
		}
		i := p.Of(c)
		if i < 0 {
			continue
		}
		for _, k := range keys(c) {
			v[k] = append(v[k], staged{c, i})
		}
	}
	return v
}

func (p Pipeline) note(c telemetry.Change, at int, history versions) Note {
	s := p.stages[at]
	n := Note{Stage: s.Name, Trigger: string(s.Trigger), Branch: s.Branch, Tests: s.Tests, Rollback: s.Rollback, Passed: []Passage{}}
	for i := range at {
		if x, ok := p.passage(i, c, history); ok {
			n.Passed = append(n.Passed, x)
		}
	}
	if b := branchOf(c); b != "" && s.Branch != "" && b != s.Branch {
		n.Warnings = append(n.Warnings, fmt.Sprintf("it is from the branch %s; %s takes %s", b, s.Name, s.Branch))
	}
	if s.ApprovalRequired {
		n.Approval = approval(c)
		if n.Approval == "missing" {
			n.Warnings = append(n.Warnings, fmt.Sprintf("%s requires an approval, and it was not given", s.Name))
		}
	}
	// What goes back to a version that ran here need not go through the stages again.
	if at > 0 && c.VersionTo != "" && c.Labels[change.LabelRevert] == "" {
		if w := p.skipped(c, at, n.Passed); w != "" {
			n.Warnings = append(n.Warnings, w)
		}
	}
	return n
}

// skipped says what is wrong with the way of a version to a stage, if anything.
func (p Pipeline) skipped(c telemetry.Change, at int, passed []Passage) string {
	before := p.stages[at-1].Name
	last := len(passed) - 1
	switch {
	case last < 0 || passed[last].Stage != before:
		return fmt.Sprintf("%s was not in %s before", c.VersionTo, before)
	case passed[last].At.After(c.Started):
		return fmt.Sprintf("%s was in %s only later", c.VersionTo, before)
	case passed[last].Status == telemetry.StatusFailed, passed[last].Status == telemetry.StatusRolledBack:
		return fmt.Sprintf("%s did not stay in %s: %s", c.VersionTo, before, strings.ReplaceAll(string(passed[last].Status), "_", " "))
	}
	return ""
}

// passage returns the first deployment of the change's version to a stage. If there was
// a second try after one that failed, it is that one.
func (p Pipeline) passage(stage int, c telemetry.Change, history versions) (Passage, bool) {
	var best telemetry.Change
	for _, k := range keys(c) {
		for _, h := range history[k] {
			if h.stage != stage || !change.SameVersion(h.Change, c) {
				continue
			}
			ran, had := h.Status == telemetry.StatusSucceeded, best.Status == telemetry.StatusSucceeded
			if best.ID == "" || ran && !had || ran == had && h.Started.Before(best.Started) {
				best = h.Change
			}
		}
	}
	if best.ID == "" {
		return Passage{}, false
	}
	x := Passage{Stage: p.stages[stage].Name, Change: best.ID, Status: best.Status, At: best.Finished}
	if x.At.IsZero() {
		x.At = best.Started
	}
	return x, true
}

func approval(c telemetry.Change) string {
	switch strings.ToLower(c.Labels[LabelApproval]) {
	case "granted", "approved", "yes", "true":
		return "granted"
	case "missing", "none", "rejected", "pending", "no", "false":
		return "missing"
	}
	by, told := c.Labels[LabelApprovedBy]
	switch {
	case by != "":
		return "granted"
	case told:
		return "missing"
	}
	return "not_told"
}

// Promotions returns the way of each version, the latest first.
func (p Pipeline) Promotions(history []telemetry.Change) []Promotion {
	out := []Promotion{}
	notes := p.Notes(history, history)
	sorted := slices.Clone(history)
	slices.SortFunc(sorted, func(a, b telemetry.Change) int { return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID)) })
	index := p.index(history)
	where := map[string]int{} // of each spelling of a version of a service
	for _, c := range sorted {
		n, ok := notes[c.ID]
		if !ok || c.VersionTo == "" {
			continue
		}
		at, known := -1, false
		for _, k := range keys(c) {
			if at, known = where[k]; known {
				break
			}
		}
		if !known {
			at = len(out)
			for _, k := range keys(c) {
				where[k] = at
			}
			out = append(out, Promotion{Service: c.Service, Version: c.VersionTo, Passages: []Passage{}})
			for s := range p.stages {
				if x, ok := p.passage(s, c, index); ok {
					out[at].Passages = append(out[at].Passages, x)
				}
			}
		}
		out[at].Latest = c.Started
		for _, w := range n.Warnings {
			if !slices.Contains(out[at].Warnings, w) {
				out[at].Warnings = append(out[at].Warnings, w)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Promotion) int {
		return cmp.Or(b.Latest.Compare(a.Latest), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Version, b.Version))
	})
	return out
}
