package demo

// service is one member of the shop as it is meant to behave. All rates and
// latencies are those of the busiest hour of a weekday.
type service struct {
	name      string
	version   string // running when the history starts
	instances int
	peak      float64 // requests per second over all instances
	errors    float64 // share of requests answered 500, in (0, 1)
	refused   float64 // share answered with the client error code below
	refusal   string  // the 4xx code that this service uses
	median    float64 // seconds
	spread    float64 // sigma of the log of the latency
	memory    float64 // resident bytes of one instance when idle
	cpu       float64 // CPU seconds per request
	routes    []route
}

// route is one handler of a service.
type route struct {
	path, method string
	share        float64 // of the service's requests; the shares add up to 1
	calls        string  // service whose failures this route passes on as 502, or ""
	passes       float64 // share of the failures of calls that a customer of this route sees
}

const mib = 1 << 20

// members is the shop. Checkout asks payment for every order, but charges stored
// cards later and asks twice for the others, so that only a trace of payment's
// failures is seen one level up. With a larger share in passes, the callers
// suffer visibly too.
var members = []service{
	{
		name: "web", version: "v218", instances: 2, peak: 420, errors: 0.002, refused: 0.012, refusal: "404",
		median: 0.042, spread: 0.50, memory: 210 * mib, cpu: 0.0011,
		routes: []route{
			{path: "/", method: "GET", share: 0.38},
			{path: "/product/:id", method: "GET", share: 0.46, calls: "catalog", passes: 0.3},
			{path: "/checkout", method: "POST", share: 0.16, calls: "checkout", passes: 0.5},
		},
	},
	{
		name: "checkout", version: "v77", instances: 2, peak: 130, errors: 0.003, refused: 0.010, refusal: "400",
		median: 0.085, spread: 0.45, memory: 260 * mib, cpu: 0.0018,
		routes: []route{
			{path: "/orders", method: "POST", share: 0.55, calls: "payment", passes: 0.02},
			{path: "/basket", method: "GET", share: 0.45, calls: "inventory", passes: 0.3},
		},
	},
	{
		name: "payment", version: "v41", instances: 2, peak: 110, errors: 0.004, refused: 0.021, refusal: "402",
		median: 0.060, spread: 0.55, memory: 180 * mib, cpu: 0.0015,
		routes: []route{
			{path: "/authorize", method: "POST", share: 0.80},
			{path: "/refunds", method: "POST", share: 0.20},
		},
	},
	{
		name: "catalog", version: "v130", instances: 2, peak: 300, errors: 0.001, refused: 0.006, refusal: "404",
		median: 0.018, spread: 0.60, memory: 330 * mib, cpu: 0.0007,
		routes: []route{{path: "/products", method: "GET", share: 1}},
	},
	{
		name: "inventory", version: "v56", instances: 1, peak: 150, errors: 0.002, refused: 0.004, refusal: "409",
		median: 0.012, spread: 0.55, memory: 140 * mib, cpu: 0.0006,
		routes: []route{
			{path: "/stock", method: "GET", share: 0.7},
			{path: "/reservations", method: "POST", share: 0.3},
		},
	},
	{
		name: "search", version: "v19", instances: 1, peak: 90, errors: 0.002, refused: 0.008, refusal: "400",
		median: 0.070, spread: 0.65, memory: 520 * mib, cpu: 0.0042,
		routes: []route{{path: "/query", method: "GET", share: 1}},
	},
}

// latencyBuckets are the upper bounds of the latency histogram in seconds;
// +Inf follows.
var latencyBuckets = []float64{0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5}

// The bad deployment: a share of requests fails and the rest is slower.
const (
	brokenErrors  = 0.30 // middle of the share of failing requests
	brokenSlower  = 4.0  // factor on the median latency
	brokenCPU     = 1.35 // factor on CPU per request: retries and stack traces
	warmUpSeconds = 120  // time in which a restarted process reaches its usual memory
)
