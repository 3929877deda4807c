package feedback

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsinhq/tocsin/incident"
)

// ErrInvalid is wrapped by errors about what people asked for. ErrNotFound says
// that what they meant is not there.
var (
	ErrInvalid  = errors.New("invalid request")
	ErrNotFound = errors.New("not found")
)

// Expectation says that something odd is meant to be so for a while. What matches
// it is recorded and shown, but opens nothing.
type Expectation struct {
	ID          int64     `json:"id"`
	Service     string    `json:"service,omitempty"`     // with * and ? as in file names; "" is any
	Environment string    `json:"environment,omitempty"` // "" is any
	Signal      string    `json:"signal,omitempty"`      // of a signal, metric or alert, with * and ?; "" is any
	Hours       *Hours    `json:"hours,omitempty"`       // nil: at any time
	Reason      string    `json:"reason"`
	Actor       string    `json:"actor"`
	Incident    string    `json:"incident,omitempty"` // of which it was said; "" when of none
	Created     time.Time `json:"created"`
	Expires     time.Time `json:"expires"`
	Ended       time.Time `json:"ended,omitzero"` // when somebody ended it before
	EndedBy     string    `json:"ended_by,omitempty"`
	Matched     int64     `json:"matched"` // episodes
	LastMatch   time.Time `json:"last_match,omitzero"`
}

// Hours are a time of the day, on some days of the week. From 22:00 to 04:00
// crosses midnight and belongs to the day on which it begins.
type Hours struct {
	Days []string `json:"days,omitempty"` // mon, tue, ...; empty: every day
	From string   `json:"from,omitempty"` // hh:mm; From and To both empty: all day
	To   string   `json:"to,omitempty"`
	Zone string   `json:"zone,omitempty"` // IANA name; "" is UTC
}

// MaxExpectation is how long something may be expected: what lasts longer is a rule.
const MaxExpectation = 366 * 24 * time.Hour

var days = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} // as time.Weekday counts

// Check returns what is wrong with a new expectation, one sentence for each, and
// wraps ErrInvalid.
func (e Expectation) Check() error {
	var bad []string
	say := func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) }
	if strings.TrimSpace(e.Reason) == "" {
		say("reason: want why it is expected, got none")
	}
	if strings.TrimSpace(e.Actor) == "" {
		say("actor: want who says so, got none")
	}
	if e.Service == "" && e.Signal == "" {
		say("service, signal: want at least one of them, or everything would be expected")
	}
	for _, f := range []struct{ name, text string }{{"service", e.Service}, {"signal", e.Signal}, {"environment", e.Environment}, {"reason", e.Reason}, {"actor", e.Actor}} {
		if len(f.text) > 1000 || !utf8.ValidString(f.text) {
			say("%s: want at most 1000 bytes of UTF-8, got %d", f.name, len(f.text))
		}
	}
	for _, f := range []struct{ name, pattern string }{{"service", e.Service}, {"signal", e.Signal}} {
		if _, err := path.Match(f.pattern, ""); err != nil {
			say("%s: want a name, with * and ? if need be, got %q", f.name, f.pattern)
		}
	}
	switch lasts := e.Expires.Sub(e.Created); {
	case e.Expires.IsZero():
		say("expires: want when it ends, got nothing")
	case lasts <= 0:
		say("expires: want a time after %s, got %s", e.Created.Format(time.RFC3339), e.Expires.Format(time.RFC3339))
	case lasts > MaxExpectation:
		say("expires: want at most %d days ahead, got %d; what lasts longer belongs into a rule", MaxExpectation/(24*time.Hour), lasts/(24*time.Hour))
	}
	if e.Hours != nil {
		if _, _, _, err := e.Hours.parse(); err != nil {
			bad = append(bad, err.Error())
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("%s: %w", strings.Join(bad, "; "), ErrInvalid)
	}
	return nil
}

func (h Hours) parse() (from, to time.Duration, zone *time.Location, err error) {
	for _, d := range h.Days {
		if !slices.Contains(days, d) {
			return 0, 0, nil, fmt.Errorf("hours.days: want mon, tue, wed, thu, fri, sat or sun, got %q", d)
		}
	}
	if zone, err = time.LoadLocation(h.Zone); err != nil {
		return 0, 0, nil, fmt.Errorf("hours.zone: want the name of a time zone such as Europe/Berlin, got %q", h.Zone)
	}
	if h.From == "" && h.To == "" {
		return 0, 24 * time.Hour, zone, nil
	}
	clock := func(name, s string) (time.Duration, error) {
		if s == "24:00" {
			return 24 * time.Hour, nil
		}
		t, err := time.Parse("15:04", s)
		if err != nil {
			return 0, fmt.Errorf("hours.%s: want a time such as 22:30, got %q", name, s)
		}
		return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
	}
	if from, err = clock("from", h.From); err != nil {
		return 0, 0, nil, err
	}
	if to, err = clock("to", h.To); err != nil {
		return 0, 0, nil, err
	}
	if from == to {
		return 0, 0, nil, fmt.Errorf("hours.to: want another time than from (%s)", h.From)
	}
	return from, to, zone, nil
}

// at says whether a time lies within the hours. They are those of the wall clock,
// so that a night in which clocks are changed is shorter or longer.
func (h Hours) at(t time.Time) bool {
	from, to, zone, err := h.parse()
	if err != nil {
		return false // was checked when it was made
	}
	t = t.In(zone)
	since := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
	on := func(d time.Weekday) bool { return len(h.Days) == 0 || slices.Contains(h.Days, days[d]) }
	today := t.Weekday()
	if from < to {
		return since >= from && since < to && on(today)
	}
	return since >= from && on(today) || since < to && on((today+6)%7)
}

// Active says whether it holds at a time at all: it has begun, and neither expired
// nor been ended.
func (e Expectation) Active(at time.Time) bool {
	return !at.Before(e.Created) && at.Before(e.Expires) && (e.Ended.IsZero() || at.Before(e.Ended))
}

// Matches says whether an occurrence is expected at a time.
func (e Expectation) Matches(o incident.Occurrence, at time.Time) bool {
	if !e.Active(at) || e.Hours != nil && !e.Hours.at(at) {
		return false
	}
	if e.Environment != "" && e.Environment != o.Environment {
		return false
	}
	return glob(e.Service, o.Service) && (glob(e.Signal, o.Name) || o.Signal != "" && glob(e.Signal, o.Signal))
}

func glob(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// Find returns the first of the expectations that an occurrence matches.
func Find(all []Expectation, o incident.Occurrence, at time.Time) (Expectation, bool) {
	for _, e := range all {
		if e.Matches(o, at) {
			return e, true
		}
	}
	return Expectation{}, false
}
