package notify

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// EscalationConfig says who else is told of incidents that nobody acknowledges.
// It begins when an incident that it is about opens, reopens or gets worse, and
// ends when somebody acknowledges, or the incident is resolved. While the
// incident is muted it stands still; when the mute ends, the time of the step
// begins again. Every escalation that is about an incident runs.
type EscalationConfig struct {
	// Name is shown in messages and in the journal.
	Name string `yaml:"name"`
	// MinSeverity is the least severity that escalates. Empty means any.
	MinSeverity incident.Severity `yaml:"min_severity"`
	// Services are names of services, in which * stands for any letters. Empty
	// means all.
	Services []string `yaml:"services"`
	// Channels restrict it to incidents that are told to one of these. Empty
	// means all that are told to anybody.
	Channels []string `yaml:"channels"`
	// Steps are taken one after the other.
	Steps []EscalationStep `yaml:"steps"`
	// Repeat is how often the steps are gone through again after the last.
	Repeat int `yaml:"repeat"`
}

// EscalationStep tells some channels.
type EscalationStep struct {
	// After is the time without acknowledgement after the step before, or after
	// the beginning.
	After yamldoc.Duration `yaml:"after"`
	// Tell are the channels that are told.
	Tell []string `yaml:"tell"`
}

const (
	maxSteps  = 20
	maxRepeat = 100
)

func (e EscalationConfig) validate(at string, known map[string]bool, report func(path, format string, args ...any)) {
	if !channelName.MatchString(e.Name) {
		report(at+".name", "want 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit, got %q", e.Name)
	}
	if e.MinSeverity != "" {
		validateSeverity(at+".min_severity", e.MinSeverity, report)
	}
	for i, s := range e.Services {
		if _, err := path.Match(s, ""); err != nil || s == "" {
			report(fmt.Sprintf("%s.services[%d]", at, i), "want the name of a service, in which * stands for any letters, got %q", s)
		}
	}
	validateChannels(at+".channels", e.Channels, known, report)
	switch {
	case len(e.Steps) == 0:
		report(at+".steps", "want at least one step with after and tell, got none")
	case len(e.Steps) > maxSteps:
		report(at+".steps", "want at most %d steps, got %d", maxSteps, len(e.Steps))
	}
	for i, s := range e.Steps {
		where := fmt.Sprintf("%s.steps[%d]", at, i)
		if s.After <= 0 {
			report(where+".after", "want a positive duration, got %q", s.After.String())
		}
		if len(s.Tell) == 0 {
			report(where+".tell", "want the names of channels, got none")
		}
		validateChannels(where+".tell", s.Tell, known, report)
	}
	if e.Repeat < 0 || e.Repeat > maxRepeat {
		report(at+".repeat", "want 0 to %d, got %d", maxRepeat, e.Repeat)
	}
}

// concerns says whether an incident that is told to the channels escalates so.
func (e EscalationConfig) concerns(i incident.Incident, channels []string) bool {
	switch {
	case len(channels) == 0:
		return false
	case e.MinSeverity != "" && i.Severity.Rank() != 0 && i.Severity.Rank() < e.MinSeverity.Rank():
		return false
	case len(e.Channels) > 0 && !slices.ContainsFunc(e.Channels, func(c string) bool { return slices.Contains(channels, c) }):
		return false
	}
	return len(e.Services) == 0 || slices.ContainsFunc(e.Services, func(s string) bool {
		// A star stands for a slash, too.
		ok, err := path.Match(strings.ReplaceAll(s, "/", "\x00"), strings.ReplaceAll(i.Service, "/", "\x00"))
		return ok && err == nil
	})
}
