package delivery

import "time"

// Incident is what is asked of an incident.
type Incident struct {
	ID       string
	Service  string
	Opened   time.Time
	Acked    time.Time // zero if nobody did
	Resolved time.Time // zero while it is open
	// Change is the id of the first suspect and Probability that of it; empty if no change fits.
	Change      string
	Probability float64
}

// Report is the figures of a time, of all services or of one.
type Report struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Zone     string    `json:"zone"`
	Total    Figures   `json:"total"`
	Services []Figures `json:"services"` // sorted by name
}

// Figures are those of one service, or of all if Service is empty.
type Figures struct {
	Service string `json:"service,omitempty"`

	Deployments   int `json:"deployments"`
	Failed        int `json:"failed_to_deploy"` // never served anybody
	Redeployments int `json:"redeployments"`
	// PerDay is deployments by days, DaysWith the share of days that had one.
	PerDay   float64 `json:"deployments_per_day"`
	DaysWith float64 `json:"days_with_deployments"`

	LeadTime Durations `json:"lead_time"`
	// NoLeadTime are deployments that do not say when they were committed, BadLeadTime
	// those that say they were committed after they were deployed.
	NoLeadTime  int `json:"no_commit_time"`
	BadLeadTime int `json:"bad_commit_time"`

	Failures          int       `json:"change_failures"`
	ChangeFailureRate *float64  `json:"change_failure_rate"` // null without deployments
	Recovery          Durations `json:"recovery_time"`
	Unrecovered       int       `json:"unrecovered"`
	Rework            int       `json:"rework"`
	ReworkRate        *float64  `json:"rework_rate"` // null without deployments

	Incidents     int       `json:"incidents"`
	OpenIncidents int       `json:"open_incidents"`
	Unattributed  int       `json:"incidents_without_a_change"`
	Acknowledge   Durations `json:"time_to_acknowledge"`
	Resolve       Durations `json:"time_to_resolve"`

	// Tier is what the research programme calls such figures: elite, high, medium or low,
	// the worst of the four; empty while one of them is unknown.
	Tier string `json:"tier,omitempty"`
}

// Durations sums up durations in seconds; the quantiles are null without any. Means
// are not given: a few long ones make them say nothing.
type Durations struct {
	Count int      `json:"count"`
	P50   *float64 `json:"p50_seconds"`
	P80   *float64 `json:"p80_seconds"`
}
