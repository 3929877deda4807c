// Package window knows the recurring maintenance windows of the configuration:
// times at which what matches is watched on, but nobody is told. It is asked with
// labels and a time, keeps no clock and does no I/O.
//
// One-off windows are silences; see package silence.
package window

import (
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/pkg/labels"
	"github.com/prometheus/alertmanager/timeinterval"
	"github.com/prometheus/common/model"
	"github.com/robfig/cron/v3"

	"github.com/tocsinhq/tocsin/internal/amfile"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config is one window of the configuration's `maintenance` list.
type Config struct {
	// Name is shown where the window mutes something.
	Name string `yaml:"name"`
	// Matchers say what the window is about, each as in Alertmanager:
	// `service="pay"`, `host=~"db-.*"`. All must match. A label that is not there counts as empty.
	Matchers []string `yaml:"matchers"`
	// Times are when it is on, in the words of Alertmanager's time_intervals:
	// times, weekdays, days_of_month, months, years, location.
	Times Times `yaml:"times"`
	// Cron is when it begins, in the five fields of cron; it needs Duration.
	Cron string `yaml:"cron"`
	// Duration is how long it lasts from each time that Cron names.
	Duration yamldoc.Duration `yaml:"duration"`
	// TimeZone is that of Cron, such as Europe/Berlin; UTC if it is left out.
	TimeZone string `yaml:"time_zone"`
	// Comment says why.
	Comment string `yaml:"comment"`
}

// maxDuration bounds how long a window may last from one time of its Cron.
const maxDuration = 7 * 24 * time.Hour

// Validate reports every fault with its path below the list.
func Validate(list []Config, report func(path, format string, args ...any)) {
	amfile.UseMatchers()
	seen := map[string]bool{}
	for i, c := range list {
		path := func(key string) string { return fmt.Sprintf("[%d].%s", i, key) }
		switch {
		case c.Name == "":
			report(path("name"), "want a name that people will know it by, got none")
		case seen[c.Name]:
			report(path("name"), "want each name once, got %q again", c.Name)
		}
		seen[c.Name] = true
		if len(c.Matchers) == 0 {
			report(path("matchers"), "want at least one matcher such as service=\"pay\"; a window for everything is alertname=~\".+\"")
		}
		for j, m := range c.Matchers {
			if _, err := compat.Matchers(m, "maintenance"); err != nil {
				report(fmt.Sprintf("%s[%d]", path("matchers"), j), "want a matcher such as service=\"pay\", got %q: %v", m, err)
			}
		}
		c.validateTimes(path, report)
	}
}

func (c Config) validateTimes(path func(string) string, report func(path, format string, args ...any)) {
	if !c.Times.given && c.Cron == "" {
		report(path("times"), "want times, or cron with duration, got neither")
	}
	if c.Cron == "" {
		if c.Duration != 0 {
			report(path("duration"), "want it beside cron only; times have an end of their own")
		}
		if c.TimeZone != "" {
			report(path("time_zone"), "want it beside cron only; times have a location of their own")
		}
		return
	}
	if _, err := cron.ParseStandard(c.Cron); err != nil {
		report(path("cron"), "want five fields such as \"0 2 * * sun\", got %q: %v", c.Cron, err)
	}
	if d := c.Duration.Std(); d < time.Minute || d > maxDuration {
		report(path("duration"), "want from 1m to 7d beside cron, got %s", c.Duration)
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil {
		report(path("time_zone"), "want a time zone such as Europe/Berlin, got %q", c.TimeZone)
	}
}

// Set is the windows of one configuration. It is immutable and safe for
// concurrent use; the zero Set has none.
type Set struct {
	windows []window
}

type window struct {
	cfg      Config
	matchers labels.Matchers
	schedule cron.Schedule
	zone     *time.Location
}

// New compiles valid windows.
func New(list []Config) (Set, error) {
	amfile.UseMatchers()
	var s Set
	for _, c := range list {
		w := window{cfg: c}
		for _, text := range c.Matchers {
			ms, err := compat.Matchers(text, "maintenance")
			if err != nil {
				return Set{}, fmt.Errorf("maintenance window %s: %w", c.Name, err)
			}
			w.matchers = append(w.matchers, ms...)
		}
		if c.Cron != "" {
			var err error
			if w.schedule, err = cron.ParseStandard(c.Cron); err != nil {
				return Set{}, fmt.Errorf("maintenance window %s: %w", c.Name, err)
			}
			if w.zone, err = time.LoadLocation(c.TimeZone); err != nil {
				return Set{}, fmt.Errorf("maintenance window %s: %w", c.Name, err)
			}
		}
		s.windows = append(s.windows, w)
	}
	return s, nil
}

// on reports whether the window is on, whatever it is about.
func (w window) on(at time.Time) bool {
	for _, t := range w.cfg.Times.intervals {
		if t.ContainsTime(at.UTC()) {
			return true
		}
	}
	if w.schedule == nil {
		return false
	}
	// The first begin after the earliest that would still last.
	begin := w.schedule.Next(at.In(w.zone).Add(-w.cfg.Duration.Std()))
	return !begin.IsZero() && !begin.After(at)
}

// horizon is how far ahead the end of a window is looked for.
const horizon = 8 * 24 * time.Hour

// end returns when a window that is on ends, zero when that is further off than
// the horizon. Windows begin and end on whole minutes.
func (w window) end(at time.Time) time.Time {
	for t := at.Truncate(time.Minute).Add(time.Minute); t.Sub(at) <= horizon; t = t.Add(time.Minute) {
		if !w.on(t) {
			return t
		}
	}
	return time.Time{}
}

// Match is a window that is on.
type Match struct {
	Name    string
	Comment string
	Until   time.Time // zero: more than a week from now
}

// In returns the first window of the configuration that is on at the time and is
// about the labels, and whether there is one.
func (s Set) In(lset map[string]string, at time.Time) (Match, bool) {
	if len(s.windows) == 0 {
		return Match{}, false
	}
	set := make(model.LabelSet, len(lset))
	for n, v := range lset {
		set[model.LabelName(n)] = model.LabelValue(v)
	}
	return s.InSet(set, at)
}

// InSet is In for labels as Alertmanager keeps them.
func (s Set) InSet(set model.LabelSet, at time.Time) (Match, bool) {
	for _, w := range s.windows {
		if w.matchers.Matches(set) && w.on(at) {
			return Match{Name: w.cfg.Name, Comment: w.cfg.Comment, Until: w.end(at)}, true
		}
	}
	return Match{}, false
}

// Excluded reports whether a window is on at the time and is about the labels. It
// is asked for every sample that an objective counts, so unlike In it does not look
// for the end of the window.
func (s Set) Excluded(lset map[string]string, at time.Time) bool {
	if len(s.windows) == 0 {
		return false
	}
	set := make(model.LabelSet, len(lset))
	for n, v := range lset {
		set[model.LabelName(n)] = model.LabelValue(v)
	}
	return slices.ContainsFunc(s.windows, func(w window) bool { return w.matchers.Matches(set) && w.on(at) })
}

// Status is how a window stands.
type Status struct {
	Name     string    `json:"name"`
	Matchers []string  `json:"matchers"`
	Comment  string    `json:"comment,omitempty"`
	On       bool      `json:"on"`
	Until    time.Time `json:"until,omitzero"` // when it ends, if it is on
	Next     time.Time `json:"next,omitzero"`  // when it begins again, if it is off and that is within the week
}

// List returns how every window stands at the time, in the order of the file.
func (s Set) List(at time.Time) []Status {
	out := make([]Status, len(s.windows))
	for i, w := range s.windows {
		out[i] = Status{Name: w.cfg.Name, Matchers: w.cfg.Matchers, Comment: w.cfg.Comment, On: w.on(at)}
		if out[i].On {
			out[i].Until = w.end(at)
			continue
		}
		for t := at.Truncate(time.Minute).Add(time.Minute); t.Sub(at) <= horizon; t = t.Add(time.Minute) {
			if w.on(t) {
				out[i].Next = t
				break
			}
		}
	}
	return out
}

// Times is a list of Alertmanager's time intervals, read by its own code.
type Times struct {
	intervals []timeinterval.TimeInterval
	given     bool // something was there, right or wrong
}
