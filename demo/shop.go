package demo

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
)

// Options describe a shop.
type Options struct {
	// Seed chooses the noise. Equal seeds and equal calls give equal samples.
	Seed uint64
	// Start is the event time at which the shop's first sample may be taken; its
	// processes have then been up for six hours. Its location is where the
	// customers live: their day sets the traffic. Required.
	Start time.Time
}

// upBefore is how long the processes have run when the shop starts.
const upBefore = 6 * time.Hour

// line is one series and its value now.
type line struct {
	labels []prompb.Label
	value  float64
}

// Shop is six services, their instances and the two machines they run on. It
// makes no I/O and reads no clock; Sample moves it through time. It is not
// safe for concurrent use.
type Shop struct {
	start    time.Time
	now      time.Time
	rand     *rand.Rand
	words    *rand.Rand // of what services write into their logs
	lines    []line
	services []*running
	machines []*machine
	crowd    wander // noise of the customers that all services share
	restarts []restart
}

// NewShop returns a shop that is healthy. It returns an error when the start is
// missing.
func NewShop(o Options) (*Shop, error) {
	if o.Start.IsZero() {
		return nil, fmt.Errorf("demo shop: want a start time, got none")
	}
	s := &Shop{
		start: o.Start,
		now:   o.Start.Add(-upBefore),
		rand:  rand.New(rand.NewPCG(o.Seed, 0x70c5)),
		words: rand.New(rand.NewPCG(o.Seed, 0x106)),
		crowd: wander{sigma: 0.035, tau: 420},
	}
	for m := range 2 {
		s.machines = append(s.machines, newMachine(s, m+1))
	}
	for i := range members {
		s.services = append(s.services, newRunning(s, &members[i]))
	}
	return s, nil
}

// Series returns the number of series of the shop.
func (s *Shop) Series() int { return len(s.lines) }

// Services returns the names of the services in the order of the shop's table.
func (s *Shop) Services() []string {
	names := make([]string, len(s.services))
	for i, r := range s.services {
		names[i] = r.of.name
	}
	return names
}

// Sample moves the shop to event time t and appends one sample of every series
// to b. Times must rise from call to call and must not lie before the start;
// an error says so and leaves the shop as it was.
func (s *Shop) Sample(t time.Time, b *Block) error {
	if t.Before(s.start) || !t.After(s.now) {
		return fmt.Errorf("demo shop: sample at %s: want a time after %s", t.Format(time.RFC3339), s.now.Format(time.RFC3339))
	}
	s.advance(t.In(s.start.Location()))
	b.add(s.lines, t.UnixMilli())
	return nil
}

// advance lets the time from s.now to t pass.
func (s *Shop) advance(t time.Time) {
	dt := t.Sub(s.now).Seconds()
	s.now = t
	s.applyRestarts(t)
	busy := demand(t) * (1 + s.crowd.step(s.rand, dt))
	for _, m := range s.machines {
		m.begin()
	}
	// Callees are advanced before their callers, so that a caller knows how its
	// callee fares in the same interval.
	for _, name := range []string{"payment", "inventory", "search", "catalog", "checkout", "web"} {
		s.service(name).advance(s, t, dt, busy)
	}
	for _, m := range s.machines {
		m.advance(s.rand, dt)
	}
}

// service returns the service of that name, or nil.
func (s *Shop) service(name string) *running {
	for _, r := range s.services {
		if r.of.name == name {
			return r
		}
	}
	return nil
}

// addLine adds a series and returns its index. pairs are label names and
// values in turn.
func (s *Shop) addLine(name string, pairs ...string) int {
	ls := labels.FromStrings(append([]string{labels.MetricName, name}, pairs...)...)
	var out []prompb.Label
	ls.Range(func(l labels.Label) { out = append(out, prompb.Label{Name: l.Name, Value: l.Value}) })
	s.lines = append(s.lines, line{labels: out})
	return len(s.lines) - 1
}

// formatBound writes a bucket's bound as client libraries do.
func formatBound(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
