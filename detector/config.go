package detector

import (
	"fmt"
	"math"
	"path"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config holds what an operator may want to set. Everything else the detector
// learns from the series, or holds in Parameters.
type Config struct {
	// Budget is the number of false alarms that the series of one service may
	// raise in a week together, on average. Thresholds follow: a service
	// begins with the score exp(-Budget/168) for a sample that is odd, raised
	// by its number of series, and alarms that were doubtful move it.
	// Range 0.001 to 100.
	Budget float64 `yaml:"budget"`
	// Budgets are other budgets for some services.
	Budgets []ServiceBudget `yaml:"budgets"`
	// MaxSeries is how many series are watched. Further ones are refused and
	// counted, unless others can be evicted. Each costs 420 bytes beside its labels, 608 more with what it
	// has learned of the calendar. Range 1 to 100,000,000.
	MaxSeries int `yaml:"max_series"`
	// EvictAfter is how long a series must have sent nothing until it is
	// forgotten and its memory given back. The default outlives a weekend.
	// When max_series is reached, series that have been idle for 3 hours may go
	// earlier, the longest idle first. 0 keeps all; else from 3 hours to 365 days.
	EvictAfter yamldoc.Duration `yaml:"evict_after"`
	// WarmupSamples is how many samples a series must have shown before it
	// may alarm. Range 10 to 100,000.
	WarmupSamples int `yaml:"warmup_samples"`
	// WarmupSpan is how long a series must have been seen before it may
	// alarm. Range 0 to 30 days.
	WarmupSpan yamldoc.Duration `yaml:"warmup_span"`
	// CloseAfter is how many quiet samples in a row end an episode.
	// Range 1 to 100.
	CloseAfter int `yaml:"close_after"`
	// RelearnAfter is how long a series must stay on a new level until that
	// level is taken as normal; 24 samples are asked for besides.
	// Range 1 minute to 30 days.
	RelearnAfter yamldoc.Duration `yaml:"relearn_after"`
	// Habituation is by how many powers of ten each alarm beyond the third in
	// a day makes its series less willing to alarm; the count of alarms fades
	// with a time constant of a day. Range 0 (off) to 2.
	Habituation float64 `yaml:"habituation"`
	// TimeZone is the IANA name of the zone whose clock days and weeks follow, for
	// instance Europe/Berlin: people and cron jobs get up by it, also when it is
	// put forward. What is known of days stays as it was learned when this is changed,
	// and is off by as much: to learn it anew from what is stored, remove
	// detector.checkpoint from the data folder while the daemon is stopped.
	TimeZone string `yaml:"time_zone"`
	// Parameters are the detector's own constants, nil for DefaultParameters. No file
	// sets them: benches do, to try others. They are not altered.
	Parameters *Parameters `yaml:"-"`
	// Start is what a replayed series starts from, as Bank.Start says it of the watched
	// one. No file sets it.
	Start Start `yaml:"-"`
	// Away are the times of the past, from and to in ms, in which nothing was seen though
	// samples may have been sent, as Bank.Away is told of them: in a replay, and in a bank
	// that is new, a silence of then is none. Where they are not known a daemon is taken to
	// have run. No file sets it, and it is not altered.
	Away [][2]int64 `yaml:"-"`
}

// ServiceBudget is the budget of the services that a pattern matches.
type ServiceBudget struct {
	// Service is the name of a service, or a pattern in which * stands for any
	// characters but /, ? for one, and [a-z] for one of several. The first
	// pattern in the list that matches counts.
	Service string `yaml:"service"`
	// Budget is the number of false alarms in a week. Range 0.001 to 100.
	Budget float64 `yaml:"budget"`
}

// BudgetOf returns the budget of a service: that of the first of Budgets whose pattern
// matches its name, else Budget.
func (c Config) BudgetOf(service string) float64 { return c.budgets().of(service) }

func (c Config) budgets() budgets { return budgets{c.Budget, c.Budgets} }

// budgets are those of all services, in alarms per week.
type budgets struct {
	usual float64
	other []ServiceBudget
}

func (b budgets) of(service string) float64 {
	for _, x := range b.other {
		if ok, err := path.Match(x.Service, service); ok && err == nil {
			return x.Budget
		}
	}
	return b.usual
}

// DefaultConfig returns the configuration used where the operator sets nothing.
func DefaultConfig() Config {
	return Config{
		Budget:        1,
		MaxSeries:     2_000_000,
		EvictAfter:    yamldoc.Duration(72 * time.Hour),
		WarmupSamples: 20,
		WarmupSpan:    yamldoc.Duration(90 * time.Second),
		CloseAfter:    5,
		RelearnAfter:  yamldoc.Duration(30 * time.Minute),
		Habituation:   0.3,
		TimeZone:      "UTC",
	}
}

// Validate reports every value that is out of range, by its path inside the
// detector section.
func (c Config) Validate(report func(path, format string, args ...any)) {
	number := func(at string, got, low, high float64) {
		if !(got >= low && got <= high) {
			report(at, "want a number from %g to %g, got %g", low, high, got)
		}
	}
	span := func(path string, got yamldoc.Duration, low, high time.Duration) {
		if d := got.Std(); d < low || d > high {
			report(path, "want a duration from %s to %s, got %q", yamldoc.Duration(low), yamldoc.Duration(high), got)
		}
	}
	number("budget", c.Budget, 0.001, 100)
	for i, x := range c.Budgets {
		at := fmt.Sprintf("budgets[%d].", i)
		if _, err := path.Match(x.Service, ""); err != nil || x.Service == "" {
			report(at+"service", "want the name of a service or a pattern such as payments-*, got %q", x.Service)
		}
		number(at+"budget", x.Budget, 0.001, 100)
	}
	number("max_series", float64(c.MaxSeries), 1, 1e8)
	if c.EvictAfter != 0 {
		span("evict_after", c.EvictAfter, 3*time.Hour, 365*24*time.Hour)
	}
	number("warmup_samples", float64(c.WarmupSamples), 10, 100_000)
	span("warmup_span", c.WarmupSpan, 0, 30*24*time.Hour)
	number("close_after", float64(c.CloseAfter), 1, 100)
	span("relearn_after", c.RelearnAfter, time.Minute, 30*24*time.Hour)
	number("habituation", c.Habituation, 0, 2)
	if _, err := newZone(c.TimeZone); err != nil {
		report("time_zone", "%v", err)
	}
	if c.Parameters != nil {
		c.Parameters.Validate(func(path, format string, args ...any) { report("parameters."+path, format, args...) })
	}
}

// valid reports whether nothing is out of range.
func (c Config) valid() bool {
	ok := true
	c.Validate(func(string, string, ...any) { ok = false })
	return ok
}

// Threshold returns the score from which a sample is odd in a service that has
// one series and has spent its budget evenly. It is the same for all kinds of
// series because a score already speaks of an hour of the series' life.
func (c Config) Threshold() float64 { return math.Exp(-c.Budget / hoursPerWeek) }

const hoursPerWeek = 168
