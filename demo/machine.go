package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// machine is one of the hosts that the shop runs on, with the few series of
// node_exporter that matter for it. Each has two cores and four GiB.
type machine struct {
	shop                       *Shop
	total, available, load     int
	idle, user, system, iowait [cores]int
	used, resident             float64 // CPU seconds and bytes of the interval under way
	cache                      wander
}

const (
	cores       = 2
	memoryTotal = 4096 * mib
)

func newMachine(s *Shop, n int) *machine {
	own := func(more ...string) []string {
		return append([]string{"job", "node", "instance", fmt.Sprintf("node-%d:9100", n)}, more...)
	}
	m := &machine{shop: s, cache: wander{sigma: 0.01, tau: 900}}
	m.total = s.addLine("node_memory_MemTotal_bytes", own()...)
	m.available = s.addLine("node_memory_MemAvailable_bytes", own()...)
	m.load = s.addLine("node_load1", own()...)
	for c := range cores {
		cpu := func(mode string) int {
			return s.addLine("node_cpu_seconds_total", own("cpu", fmt.Sprint(c), "mode", mode)...)
		}
		m.idle[c], m.user[c], m.system[c], m.iowait[c] = cpu("idle"), cpu("user"), cpu("system"), cpu("iowait")
	}
	return m
}

// begin forgets what the last interval used.
func (m *machine) begin() { m.used, m.resident = 0, 0 }

// use adds what one process used in the interval.
func (m *machine) use(cpuSeconds, bytes float64) {
	m.used += cpuSeconds
	m.resident += bytes
}

// advance closes an interval of dt seconds: the cores' time adds up to dt each.
func (m *machine) advance(r *rand.Rand, dt float64) {
	set := func(i int, v float64) { m.shop.lines[i].value = v }
	busy := math.Min(0.98*cores*dt, m.used+0.03*cores*dt)
	for c := range cores {
		share := busy / cores * (1 + 0.04*r.NormFloat64())
		share = math.Min(0.99*dt, math.Max(0, share))
		wait := math.Min(dt-share, 0.004*dt*r.ExpFloat64())
		for _, part := range []struct {
			line int
			v    float64
		}{{m.user[c], 0.78 * share}, {m.system[c], 0.22 * share}, {m.iowait[c], wait}, {m.idle[c], dt - share - wait}} {
			m.shop.lines[part.line].value += part.v
		}
	}
	set(m.total, memoryTotal)
	free := memoryTotal*(0.82+m.cache.step(r, dt)) - m.resident
	set(m.available, math.Round(math.Max(64*mib, free)/4096)*4096)
	set(m.load, math.Round(100*math.Max(0, busy/dt+0.05*r.NormFloat64()))/100)
}
