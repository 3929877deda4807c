package telemetry

import (
	"strings"
	"time"
)

// ChangeKind says what sort of thing was changed.
type ChangeKind string

// The kinds of change. KindDeployment is the default of senders that name none.
const (
	KindDeployment  ChangeKind = "deployment"
	KindConfig      ChangeKind = "config"
	KindFlag        ChangeKind = "flag"
	KindSchema      ChangeKind = "schema"
	KindInfra       ChangeKind = "infra"
	KindScale       ChangeKind = "scale"
	KindCertificate ChangeKind = "certificate"
	KindDependency  ChangeKind = "dependency"
	KindRestart     ChangeKind = "restart"
)

// ChangeKinds lists every kind in the order in which help texts show them.
var ChangeKinds = []ChangeKind{KindDeployment, KindConfig, KindFlag, KindSchema, KindInfra, KindScale, KindCertificate, KindDependency, KindRestart}

// ChangeStatus is how far a change has come.
type ChangeStatus string

// The states of a change. A change is born started (or already finished) and
// ends in exactly one of the last three.
const (
	StatusStarted    ChangeStatus = "started"
	StatusSucceeded  ChangeStatus = "succeeded"
	StatusFailed     ChangeStatus = "failed"
	StatusRolledBack ChangeStatus = "rolled_back"
)

// ChangeStatuses lists every status in the order of a change's life.
var ChangeStatuses = []ChangeStatus{StatusStarted, StatusSucceeded, StatusFailed, StatusRolledBack}

// Change is one event of the change feed: somebody or something altered a
// service. Times are in UTC; Finished is zero while the change is under way.
type Change struct {
	ID          string            `json:"id"`
	Kind        ChangeKind        `json:"kind"`
	Service     string            `json:"service"`
	Environment string            `json:"environment,omitempty"`
	VersionFrom string            `json:"version_from,omitempty"`
	VersionTo   string            `json:"version_to,omitempty"`
	Started     time.Time         `json:"started"`
	Finished    time.Time         `json:"finished,omitzero"`
	Status      ChangeStatus      `json:"status"`
	Author      string            `json:"author,omitempty"`
	Link        string            `json:"link,omitempty"`
	Summary     string            `json:"summary,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Received    time.Time         `json:"received"`
	// Sources are who told of it, sorted: SourceReported for people and pipelines, and
	// names that begin with SourceInferred for what was seen in telemetry.
	Sources []string `json:"sources,omitempty"`
}

// Who tells of changes.
const (
	SourceReported = "reported"
	SourceInferred = "telemetry/" // and what it was seen by, as in "telemetry/version"
)

// LabelSender is the label of a change that names the program that told of it, such as
// github or argocd. What two of them tell of one deployment is one change.
const LabelSender = "sender"

// Inferred reports whether nobody has told of the change: it was only seen in telemetry.
func (c Change) Inferred() bool {
	for _, s := range c.Sources {
		if !strings.HasPrefix(s, SourceInferred) {
			return false
		}
	}
	return len(c.Sources) > 0
}

// Effective returns the time from which the change can have had an effect:
// its start.
func (c Change) Effective() time.Time { return c.Started }

// Title names the change in one short phrase, such as
// "deployment checkout v41 -> v42".
func (c Change) Title() string {
	s := string(c.Kind) + " " + c.Service
	switch {
	case c.VersionFrom != "" && c.VersionTo != "":
		s += " " + c.VersionFrom + " -> " + c.VersionTo
	case c.VersionTo != "":
		s += " " + c.VersionTo
	}
	return s
}
