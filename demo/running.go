package demo

import (
	"fmt"
	"math"
	"time"
)

// running is a service at work: its instances and its present health.
type running struct {
	of        *service
	version   string
	brokenAt  time.Time // zero while healthy
	healedAt  time.Time // zero while broken or never broken
	own       wander    // noise of this service's share of the traffic
	mood      wander    // noise of its latency
	trouble   wander    // noise of its error share
	instances []*instance

	failing float64 // share of requests that failed in the last interval beyond the usual
	slower  float64 // seconds that the median is above the usual
}

// instance is one process of a service with the indices of its series.
type instance struct {
	started time.Time
	machine *machine
	routes  []routeLines
	buckets []int // one per bound and +Inf
	sum     int
	count   int
	memory  int
	cpu     int
	start   int
	routine int
	size    wander // noise of its memory
}

// routeLines are the request counters of one route, by outcome.
type routeLines struct {
	ok, refused, failed int
	upstream            int // 502; -1 when the route calls nobody
}

func newRunning(s *Shop, of *service) *running {
	r := &running{
		of:      of,
		version: of.version,
		own:     wander{sigma: 0.018, tau: 150},
		mood:    wander{sigma: 0.035, tau: 90},
		trouble: wander{sigma: 0.10, tau: 60},
	}
	for i := range of.instances {
		r.instances = append(r.instances, newInstance(s, of, i))
	}
	return r
}

func newInstance(s *Shop, of *service, i int) *instance {
	name := fmt.Sprintf("%s-%d:8080", of.name, i+1)
	own := func(more ...string) []string {
		return append([]string{"service", of.name, "instance", name}, more...)
	}
	in := &instance{
		started: s.start.Add(-upBefore),
		machine: s.machines[i%len(s.machines)],
		size:    wander{sigma: 0.012, tau: 300},
	}
	for _, rt := range of.routes {
		counter := func(code string) int {
			return s.addLine("http_requests_total", own("method", rt.method, "route", rt.path, "code", code)...)
		}
		rl := routeLines{ok: counter("200"), refused: counter(of.refusal), failed: counter("500"), upstream: -1}
		if rt.calls != "" {
			rl.upstream = counter("502")
		}
		in.routes = append(in.routes, rl)
	}
	for _, le := range append(append([]float64(nil), latencyBuckets...), math.Inf(1)) {
		in.buckets = append(in.buckets, s.addLine("http_request_duration_seconds_bucket", own("le", formatBound(le))...))
	}
	in.sum = s.addLine("http_request_duration_seconds_sum", own()...)
	in.count = s.addLine("http_request_duration_seconds_count", own()...)
	in.memory = s.addLine("process_resident_memory_bytes", own()...)
	in.cpu = s.addLine("process_cpu_seconds_total", own()...)
	in.start = s.addLine("process_start_time_seconds", own()...)
	in.routine = s.addLine("go_goroutines", own()...)
	return in
}

// broken reports whether the bad deployment runs at t. A deployment touches the
// interval that ends after it.
func (r *running) broken(t time.Time) bool {
	return !r.brokenAt.IsZero() && t.After(r.brokenAt) && (r.healedAt.IsZero() || !t.After(r.healedAt))
}

// advance plays dt seconds that end at t; busy is the shop's demand.
func (r *running) advance(s *Shop, t time.Time, dt, busy float64) {
	rate := r.of.peak * busy * math.Max(0.2, 1+r.own.step(s.rand, dt))
	mood := 1 + r.mood.step(s.rand, dt)
	trouble := math.Max(0.3, 1+r.trouble.step(s.rand, dt))
	errs := r.of.errors * trouble
	median := r.of.median * mood * (1 + 0.22*busy*busy)
	cpu := r.of.cpu
	r.failing, r.slower = 0, 0
	if r.broken(t) {
		errs = math.Min(0.36, math.Max(0.24, brokenErrors*(1+(trouble-1)/3)))
		r.failing = errs
		r.slower = median * (brokenSlower - 1)
		median *= brokenSlower
		cpu *= brokenCPU
	}
	for _, rt := range r.of.routes {
		if rt.calls == "" {
			continue
		}
		callee := s.service(rt.calls)
		median += rt.share * rt.passes * callee.slower
		r.failing += rt.share * rt.passes * callee.failing
		r.slower += rt.share * rt.passes * callee.slower
	}
	load := rate / float64(len(r.instances))
	for _, in := range r.instances {
		in.serve(s, r, interval{end: t, dt: dt, rate: load, errors: errs, median: median, cpu: cpu})
	}
}

// interval is what one instance sees while some time passes.
type interval struct {
	end    time.Time
	dt     float64 // seconds
	rate   float64 // requests per second
	errors float64 // share that fails with 500
	median float64 // latency in seconds
	cpu    float64 // CPU seconds per request
}

// serve adds one interval to the instance's counters and sets its gauges.
func (in *instance) serve(s *Shop, r *running, iv interval) {
	total := 0.0
	for i, rt := range r.of.routes {
		rl := in.routes[i]
		n := poisson(s.rand, iv.rate*iv.dt*rt.share)
		total += n
		failed := binomial(s.rand, n, iv.errors)
		s.lines[rl.failed].value += failed
		n -= failed
		if rl.upstream >= 0 {
			// A hundredth of a percent of calls is lost on the way at any time.
			lost := binomial(s.rand, n, 0.0001+rt.passes*s.service(rt.calls).failing)
			s.lines[rl.upstream].value += lost
			n -= lost
		}
		refused := binomial(s.rand, n, r.of.refused)
		s.lines[rl.refused].value += refused
		s.lines[rl.ok].value += n - refused
	}
	in.observe(s, total, iv.median, r.of.spread)
	used := total * iv.cpu * (1 + 0.02*s.rand.NormFloat64())
	used = math.Max(0, used) + 0.004*iv.dt
	s.lines[in.cpu].value += used
	s.lines[in.start].value = float64(in.started.UnixMilli()) / 1000
	up := iv.end.Sub(in.started).Seconds()
	memory := r.of.memory * (1 - 0.12*math.Exp(-up/warmUpSeconds)) * (1 + 0.00035*iv.rate + in.size.step(s.rand, iv.dt))
	s.lines[in.memory].value = math.Round(memory/4096) * 4096
	s.lines[in.routine].value = 18 + math.Round(2*iv.rate*iv.median) + poisson(s.rand, 3)
	in.machine.use(used, s.lines[in.memory].value)
}

// observe adds n latencies, drawn from a log-normal distribution, to the
// cumulative histogram.
func (in *instance) observe(s *Shop, n, median, spread float64) {
	left, share, seen := n, 1.0, 0.0
	last := 0.0
	for i, bound := range latencyBuckets {
		p := below(bound, median, spread)
		k := 0.0
		if share > 1e-12 {
			k = binomial(s.rand, left, (p-last)/share)
		}
		left -= k
		share -= p - last
		last = p
		seen += k
		s.lines[in.buckets[i]].value += seen
	}
	s.lines[in.buckets[len(latencyBuckets)]].value += n
	mean := median * math.Exp(spread*spread/2)
	noise := 0.0
	if n > 0 {
		noise = math.Sqrt(math.Expm1(spread*spread)/n) * s.rand.NormFloat64()
	}
	s.lines[in.sum].value += n * mean * math.Max(0.2, 1+noise)
	s.lines[in.count].value += n
}

// restart sets every counter of the instance to zero, as a new process does.
func (in *instance) restart(s *Shop, at time.Time) {
	in.started = at
	zero := append([]int{in.sum, in.count, in.cpu}, in.buckets...)
	for _, rl := range in.routes {
		zero = append(zero, rl.ok, rl.refused, rl.failed)
		if rl.upstream >= 0 {
			zero = append(zero, rl.upstream)
		}
	}
	for _, i := range zero {
		s.lines[i].value = 0
	}
}
