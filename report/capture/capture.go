package capture

import (
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Version is that of the format.
const Version = 1

// Head says what a capture is about.
type Head struct {
	Version     int       `json:"version"`
	Program     string    `json:"program,omitempty"` // version of the one that wrote it
	Incident    string    `json:"incident"`
	Service     string    `json:"service"`
	Environment string    `json:"environment,omitempty"`
	Title       string    `json:"title"`
	HistoryFrom time.Time `json:"history_from"` // history reaches from here to From
	From        time.Time `json:"from"`         // samples are played from here
	To          time.Time `json:"to"`           // to here
	Services    []string  `json:"services"`     // whose series are in it
	Notes       []string  `json:"notes"`        // what is not in it
	Recorded    []Outcome `json:"recorded"`     // the incidents of these services in that time; the first is the one that it is about
}

// Outcome is what came of it: one incident as it was recorded.
type Outcome struct {
	Service     string            `json:"service"`
	Environment string            `json:"environment,omitempty"`
	Title       string            `json:"title"`
	Severity    incident.Severity `json:"severity"`
	State       incident.State    `json:"state"`
	Onset       time.Time         `json:"onset"`
	Opened      time.Time         `json:"opened"`
	Resolved    time.Time         `json:"resolved,omitzero"`
	Suspect     string            `json:"suspect"` // title of the first; "" when none was ranked
	SuspectID   string            `json:"suspect_id,omitempty"`
	Probability float64           `json:"probability"`
}

// FileKind says what a rule file is.
type FileKind string

// The kinds of rule files.
const (
	FileAlerts  FileKind = "alerts"
	FileRules   FileKind = "rules"
	FileSignals FileKind = "signals"
	FileSLOs    FileKind = "slos"
)

// File is a rule file as it stood.
type File struct {
	Kind FileKind `json:"kind"`
	Name string   `json:"name"` // its base name, for messages
	Text string   `json:"text"`
}

// Act is what a person did to an incident of a service.
type Act struct {
	At      time.Time `json:"at"`
	Verb    string    `json:"verb"` // one of Verbs
	Service string    `json:"service"`
	Actor   string    `json:"actor"`
}

// Verbs are what a person may do to an incident that can be played again. What joins
// incidents or takes them apart is not among them: ids are others in a replay.
func Verbs() []string { return []string{"ack", "mitigate", "resolve", "close", "false_positive"} }

// Line is a log line.
type Line struct {
	At       time.Time          `json:"at"`
	Service  string             `json:"service"`
	Severity telemetry.Severity `json:"severity"`
	Body     string             `json:"body"`
}

// Series is one series with its samples, oldest first. History ones lie before
// Head.From and may have been recorded by rules; the others are as they were sent.
type Series struct {
	Labels  labels.Labels
	History bool
	Samples []telemetry.Sample
}

// Capture is a whole file.
type Capture struct {
	Head     Head
	Settings string // YAML of the sections that decide
	Files    []File
	Changes  []telemetry.Change // oldest first
	Acts     []Act
	Lines    []Line // in order of time
	Series   []Series
}

// Limits of what Read takes.
type Limits struct {
	Bytes   int64 // of the unpacked file
	Line    int   // bytes of one line
	Series  int
	Samples int
	Others  int // files, changes, acts and log lines, each
}

// DefaultLimits suffice for what a daemon writes.
func DefaultLimits() Limits {
	return Limits{Bytes: 1 << 30, Line: 64 << 20, Series: 100_000, Samples: 30_000_000, Others: 300_000}
}
