package trial

import "time"

// Window is when something is wanted: at one time, or at some time from From to
// To, or with Never at none of them.
type Window struct {
	EvalTime *span `yaml:"eval_time"`
	From     *span `yaml:"from"`
	To       *span `yaml:"to"`
	Never    bool  `yaml:"never"`
}

// bounds returns the first and last time of the window in a test that ends at end.
func (w Window) bounds(end time.Duration) (from, to time.Duration) {
	if w.EvalTime != nil {
		return w.EvalTime.std(), w.EvalTime.std()
	}
	to = end
	if w.From != nil {
		from = w.From.std()
	}
	if w.To != nil {
		to = w.To.std()
	}
	return from, to
}

// last returns the last time that the window itself names.
func (w Window) last() time.Duration {
	var d time.Duration
	for _, s := range []*span{w.EvalTime, w.From, w.To} {
		if s != nil {
			d = max(d, s.std())
		}
	}
	return d
}

// covers reports whether a step at now is one at which the window looks. The step
// of an eval_time is the last one not after it, as in promtool.
func (w Window) covers(now, step, end time.Duration) bool {
	from, to := w.bounds(end)
	if w.EvalTime != nil {
		return now <= from && from < now+step
	}
	return now >= from && now <= to
}

// AlertStateTest wants an alert to be in a state. Without a Service it is about
// the alerts of that name of all services, of which one must have the state, and
// none any other than "none" when that is wanted.
type AlertStateTest struct {
	Window    `yaml:",inline"`
	Alertname string            `yaml:"alertname"`
	Service   string            `yaml:"service"`
	Labels    map[string]string `yaml:"labels"` // that it has among others
	State     string            `yaml:"state"`  // none, pending, firing, held or stale_source
}

// AnomalyTest wants an episode of the detector to be open.
type AnomalyTest struct {
	Window  `yaml:",inline"`
	Service string `yaml:"service"`
	Name    string `yaml:"name"` // of the signal or metric; empty for any
}

// IncidentTest wants the newest incident of a service to stand as it says, or so
// many incidents to have been.
type IncidentTest struct {
	Window      `yaml:",inline"`
	Service     string `yaml:"service"`
	Environment string `yaml:"environment"`
	State       string `yaml:"state"` // none, open, acknowledged or resolved
	Severity    string `yaml:"severity"`
	Title       string `yaml:"title"`    // is part of its title
	Suspect     string `yaml:"suspect"`  // is part of its first suspect's title
	Timeline    string `yaml:"timeline"` // is part of one event's text
	Count       *int   `yaml:"count"`    // incidents since the start, of the service if there is one
}

// NotificationTest wants a message to have been sent in the window, or so many.
type NotificationTest struct {
	Window   `yaml:",inline"`
	Channel  string `yaml:"channel"`
	Event    string `yaml:"event"` // opened, resolved, ...; empty for any
	Service  string `yaml:"service"`
	Contains string `yaml:"contains"`
	Count    *int   `yaml:"count"`
}

// Change is a deployment or another change that is told to the daemon.
type Change struct {
	At          span   `yaml:"at"`
	ID          string `yaml:"id"`
	Kind        string `yaml:"kind"`
	Service     string `yaml:"service"`
	Environment string `yaml:"environment"`
	VersionFrom string `yaml:"version_from"`
	VersionTo   string `yaml:"version_to"`
	Status      string `yaml:"status"`
	Author      string `yaml:"author"`
	Summary     string `yaml:"summary"`
}

// Gap is a time without data: of the series that a selector names, of all series,
// or of the daemon itself.
type Gap struct {
	From   span   `yaml:"from"`
	To     span   `yaml:"to"`
	Series string `yaml:"series"` // a selector; empty for all
	Stale  bool   `yaml:"stale"`  // the series are marked stale where the gap begins
	// Tocsin says that the daemon is down. What is sent meanwhile is lost, or with
	// Late delivered when it is back.
	Tocsin bool `yaml:"tocsin"`
	Late   bool `yaml:"late"`
}
