package signal

// Prefix stands before a signal's name in the name of its recorded series.
const Prefix = "tocsin:"

// Direction says which way of a signal is bad for users.
type Direction string

// The directions. None means that neither way is bad by itself.
const (
	Up   Direction = "up"
	Down Direction = "down"
	None Direction = "none"
)

// Signal is one entry of the catalogue. Its variants are asked in order and
// the first one with data wins, for each service by itself.
type Signal struct {
	Name        string
	Aliases     []string // further names that conditions may use
	Unit        Unit
	Help        string
	Bad         Direction
	Symptom     bool // users feel it
	PerInstance bool // the recorded series keep the label instance
	Variants    []Variant
	quantile    float64
}

// Metric returns the name of the recorded series, such as "tocsin:error_rate".
func (s Signal) Metric() string { return Prefix + s.Name }

// Labels returns the labels that tell the recorded series of the signal apart.
func (s Signal) Labels() []string {
	if s.PerInstance {
		return []string{"service", "environment", "instance"}
	}
	return []string{"service", "environment"}
}

// Variant is a signal as one client library or exporter shows it. Exactly one
// of the forms Rate, Part with Whole, Histogram, Gauge and Expr is set.
type Variant struct {
	// Library names what exposes the metric; for people.
	Library string `yaml:"library"`
	// Rate is the selector of a counter; the signal is its rate per second.
	Rate string `yaml:"rate"`
	// Part and Whole are selectors of counters; the signal is the share of
	// the part. It is 0 while the whole counts and no part exists, and absent
	// while the whole stands still.
	Part  string `yaml:"part"`
	Whole string `yaml:"whole"`
	// Histogram is the selector of a histogram: its _bucket series, or the
	// bare name of a native histogram. The signal is the quantile.
	Histogram string `yaml:"histogram"`
	// Gauge is the selector of a gauge. With Of, another gauge, the signal is
	// the quotient of both, each summed; without, it is the sum.
	Gauge string `yaml:"gauge"`
	Of    string `yaml:"of"`
	// Expr is PromQL. `by (service)` and `by (service, instance)` in it are
	// read as the resolved service and instance, $window as the rate window.
	Expr string `yaml:"expr"`
	// Scale multiplies the result, such as 0.001 for a histogram in
	// milliseconds; 0 means 1.
	Scale float64 `yaml:"scale"`
	// ServiceLabels are asked for the service before the configured labels,
	// for exporters whose own job is not the service they tell of.
	ServiceLabels []string `yaml:"service_labels"`
	// ServiceUntil cuts the name of the service before the first of these
	// characters, such as "@" in Traefik's shop@docker.
	ServiceUntil string `yaml:"service_until"`
	// InstanceLabels are asked for the instance before the label instance.
	InstanceLabels []string `yaml:"instance_labels"`
}

// Resolution says from which labels the service and the environment of a
// series are read: the first with a value wins.
type Resolution struct {
	Service     []string
	Environment []string
}
