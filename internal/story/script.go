package story

import (
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// Script is one story as parsed. Offsets count from Start.
type Script struct {
	File  string
	Start time.Time
	Tick  time.Duration
	// Blocks of YAML, each on the line it has in the script; may be empty.
	Config  string // laid over the story's base configuration
	Alerts  string // an alerts.yml
	Rules   string // a Prometheus rule file
	Routes  string // an alertmanager.yml, whose receivers write into the story's book
	Stages  string // a deployment-stages.yml
	SLOs    string // a file of service level objectives
	Loads   []Load
	Logs    []Logs
	Actions []Action // by offset, then in file order
	Expects []Expect // in file order
	End     time.Duration
}

// Load is a group of series with one step.
type Load struct {
	Line   int
	At     time.Duration
	Step   time.Duration
	Sent   time.Duration // when all is sent at once; 0 for each value at its own time
	Jitter float64       // relative noise on every increment or value, 0 for none
	Series []Series
}

// Series is one line of a load: value i is at Load.At + i*Load.Step.
type Series struct {
	Labels labels.Labels
	Values []parser.SequenceValue
}

// ActionKind says what happens at a moment of the story.
type ActionKind string

// The things that can happen beside samples.
const (
	ActionChange  ActionKind = "change"
	ActionRestart ActionKind = "restart"
	ActionCrash   ActionKind = "crash"
	ActionAck     ActionKind = "ack"
	ActionResolve ActionKind = "resolve"
	ActionPerson  ActionKind = "person" // says something else of an incident
	ActionSilence ActionKind = "silence"
	ActionAlert   ActionKind = "alert" // one that another program sends
	ActionDown    ActionKind = "down"  // a channel takes nothing for a while

	ActionExpected   ActionKind = "expected"   // a person expects something
	ActionUnexpected ActionKind = "unexpected" // and ends the newest such word
	ActionFeedback   ActionKind = "feedback"   // on the newest incident of a service
	ActionRefit      ActionKind = "refit"
	ActionUndo       ActionKind = "undo"
)

// actionKeys are the arguments that each may have.
var actionKeys = map[ActionKind][]string{
	ActionChange: {"id", "kind", "service", "environment", "version_from", "version_to", "status", "author", "summary", "started", "labels"},
	ActionAck:    {"service", "actor", "note"}, ActionResolve: {"service", "actor", "note"},
	ActionPerson:  {"service", "actor", "note", "does", "other", "key"},
	ActionSilence: {"matchers", "until", "actor", "comment"}, ActionAlert: {"labels", "until", "summary"},
	ActionDown: {"channel", "for", "answer"},

	ActionExpected: {"service", "environment", "signal", "for", "hours", "days", "reason", "actor"}, ActionUnexpected: {"actor"},
	ActionFeedback: {"service", "kind", "cause", "right", "actor", "note"}, ActionRefit: {"actor"}, ActionUndo: {"to", "actor"},
}

// Action is one such moment with its key=value arguments.
type Action struct {
	Line int
	Kind ActionKind
	At   time.Duration
	Args map[string]string
}

// Expect is one assertion. With From == To it is about the state at that
// moment; with a range it must hold at some step inside the range; "never" in a
// range must hold at none. Total assertions are made at the end.
//
//	alert NAME SERVICE STATE              firing, held, stale_source, resolved or none
//	incident SERVICE STATE                open, resolved or another state, or none
//	timeline SERVICE KIND "TEXT"          its incident has an event of that kind that contains TEXT
//	anomaly SERVICE NAME                  an episode of that series name was seen
//	suspect SERVICE "TEXT"                the first suspect of its incident contains TEXT
//	verdict SERVICE VERSION STATE         the word on the change of the service to that version
//	change SERVICE "TEXT"                 a change of it, in words such as "deployment v1 -> v2 succeeded
//	                                      from 10m0s to 14m0s by reported, telemetry/version", contains TEXT
//	message CHANNEL KIND [contains "TEXT"]  a message about an event of that kind was sent;
//	                                      of a receiver, receiver/NAME, KIND is first, changed, repeat or resolved
//	charged SERVICE N                     its budget has been charged so many alarms in seven days
//	similar SERVICE "TEXT"                the past incident that its newest one resembles most has TEXT in its title,
//	                                      cause or what ended it; "nothing" when there is none
//	weights N                             the row of refits that is in force, 0 for the house's weights
//	expected SERVICE NAME                 an episode of that name is on record as expected
//	incidents = N, messages CHANNEL = N, messages CHANNEL KIND = N,
//	changes SERVICE = N                   (totals)
type Expect struct {
	Line  int
	From  time.Duration
	To    time.Duration
	Never bool
	Total bool
	Words []string // the assertion, split, quoted strings unquoted
}
