package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// ingestPlan is what the flags of the ingest bench ask for.
type ingestPlan struct {
	tocsin, prometheus, victoria string
	mix                          [4]int
	batch, connections           int
	segments                     int
	peerRounds                   int
	only                         string
	out                          io.Writer
	dir                          string
	found                        figures
	ctx                          context.Context // ends with the bench; the servers end with it
}

// ingest measures what receiving samples costs, ours and that of the peers, each
// as a server process of its own under the same requests in the same run.
func ingest(args []string, out io.Writer) (figures, error) {
	f := flag.NewFlagSet("ingest", flag.ContinueOnError)
	p := ingestPlan{out: out, found: figures{}}
	f.StringVar(&p.tocsin, "tocsin", "", "our program; empty builds it")
	f.StringVar(&p.prometheus, "prometheus", "prometheus", "program of Prometheus, built from the module in go.mod; none leaves it out")
	f.StringVar(&p.victoria, "victoriametrics", "victoria-metrics", "program of VictoriaMetrics; none leaves it out")
	mix := f.String("mix", "typical", "what series show: typical, gauges or counters")
	f.IntVar(&p.batch, "batch", 2000, "samples per request")
	f.IntVar(&p.connections, "connections", 2, "requests at a time")
	f.IntVar(&p.segments, "segments", 4, "turns of each server, 2 at least")
	small := f.Int("small", 100_000, "series of the small run; 0 leaves it out")
	large := f.Int("large", 1_000_000, "series of the large run; 0 leaves it out")
	rounds := f.Int("rounds", 480, "samples of each series in the small run")
	largeRounds := f.Int("large-rounds", 480, "samples of each series in the large run; 480 are two hours")
	f.IntVar(&p.peerRounds, "prometheus-rounds", 41, "samples of each series that Prometheus gets in the large run, which takes it an hour otherwise")
	growth := f.String("growth", "10000,100000,1000000,2000000", "numbers of series at which the cost of a sample is compared; empty leaves it out")
	f.StringVar(&p.only, "only", "", "comma-separated names of servers; empty is all")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	var ok bool
	if p.mix, ok = mixes[*mix]; !ok {
		return nil, fmt.Errorf("-mix: want typical, gauges or counters, got %q", *mix)
	}
	if p.segments < 2 {
		return nil, fmt.Errorf("-segments: want 2 at least, got %d", p.segments)
	}
	var err error
	if p.dir, err = os.MkdirTemp("", "bench-ingest-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(p.dir)
	ctx, done := untilSignal()
	defer done()
	p.ctx = ctx
	if p.tocsin == "" {
		p.tocsin = filepath.Join(p.dir, "tocsin")
		if text, err := exec.CommandContext(ctx, "go", "build", "-o", p.tocsin, "./cmd/tocsin").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build tocsin: %w\n%s", err, text)
		}
	}
	all := ingestPeers(p.tocsin, without(p.prometheus), without(p.victoria))
	all = slices.DeleteFunc(all, func(x peer) bool {
		return p.only != "" && !slices.Contains(strings.Split(p.only, ","), x.name)
	})
	for _, x := range all {
		if _, err := exec.LookPath(x.command("", "")[0]); err != nil {
			return nil, fmt.Errorf("%w: %s: %v; name its program by a flag, or none", errLacking, x.name, err)
		}
	}
	if err := p.loss(all); err != nil {
		return nil, err
	}
	if *small > 0 {
		if err := p.race("100k", *small, *rounds, *rounds, all); err != nil {
			return nil, err
		}
	}
	if *large > 0 {
		if err := p.race("1m", *large, *largeRounds, min(p.peerRounds, *largeRounds), all); err != nil {
			return nil, err
		}
	}
	if *growth != "" {
		if err := p.growth(*growth, all[0]); err != nil {
			return nil, err
		}
	}
	return p.found, nil
}

// ingestCost is what a server spent.
type ingestCost struct {
	peer
	rounds     int
	create     float64   // CPU-s for the first sample of all series
	perMillion []float64 // CPU-s, one for each segment
	perSecond  []float64
	cpu        float64 // CPU-s for all samples but the first of each series
	answers    sent
	bytes      float64 // resident, per series
	anonymous  float64
	disk       float64 // bytes per sample
}

// perSample returns the CPU-s for a million samples over all segments. A median would
// leave out what comes once, such as the time in which all series are young.
func (c *ingestCost) perSample(series int) float64 {
	return c.cpu / float64(series*(c.rounds-1)) * 1e6
}

// race runs the servers side by side, a segment of rounds each in turn. Prometheus
// gets fewer rounds where peerRounds says so: all in its first segment, which then is
// as long for the others. After it those are asked that then hold the same samples.
func (p *ingestPlan) race(suffix string, series, rounds, peerRounds int, all []peer) error {
	l := newLoad(series, p.batch, p.mix)
	begin := time.Now().Add(-time.Duration(rounds) * ingestStep).Truncate(time.Second)
	var running []*process
	defer func() {
		for _, x := range running {
			x.kill()
		}
	}()
	var costs []*ingestCost
	for _, one := range all {
		x, err := one.start(p.ctx, filepath.Join(p.dir, suffix+"-"+strings.ReplaceAll(one.name, " ", "-")))
		if err != nil {
			return err
		}
		running = append(running, x)
		c := &ingestCost{peer: one, rounds: rounds}
		if one.name == "prometheus" {
			c.rounds = peerRounds
		}
		costs = append(costs, c)
		before := x.cpu()
		s := l.send(p.ctx, x.url(x.write), 0, 1, begin, p.connections)
		if s.failures > 0 {
			return fmt.Errorf("%s refused %d requests, the first: %w", one.name, s.failures, s.first)
		}
		x.settle(30)
		c.create = x.cpu() - before
	}
	first := rounds
	if peerRounds < rounds {
		first = peerRounds
	}
	for segment := range p.segments {
		for i, x := range running {
			c := costs[i]
			from, to := p.segment(segment, c.rounds, first, rounds)
			if from == to {
				continue
			}
			before := x.cpu()
			s := l.send(p.ctx, x.url(x.write), from, to, begin, p.connections)
			if s.failures > 0 {
				return fmt.Errorf("%s refused %d requests, the first: %w", x.name, s.failures, s.first)
			}
			x.settle(15)
			spent := x.cpu() - before
			c.cpu += spent
			c.perMillion = append(c.perMillion, spent/float64(s.samples)*1e6)
			c.perSecond = append(c.perSecond, float64(s.samples)/s.took.Seconds())
			c.answers.answers = append(c.answers.answers, s.answers...)
		}
		if segment == 0 && first < rounds {
			if err := p.queriesOf(running, begin.Add(time.Duration(first-1)*ingestStep)); err != nil {
				return err
			}
		}
	}
	for i, x := range running {
		all, anonymous := x.resident()
		costs[i].bytes, costs[i].anonymous = all/float64(series), anonymous/float64(series)
		costs[i].disk = x.onDisk() / float64(series*costs[i].rounds)
	}
	if err := p.tell(suffix, series, costs); err != nil {
		return err
	}
	if first == rounds {
		if err := p.queriesOf(running, begin.Add(time.Duration(rounds-1)*ingestStep)); err != nil {
			return err
		}
	}
	return p.restarts(suffix, running)
}

// segment returns which rounds a server that gets so many gets in a segment: all
// segments are alike, but for the first if that has its own length.
func (p *ingestPlan) segment(n, rounds, first, all int) (from, to int) {
	if first == all {
		return 1 + n*(rounds-1)/p.segments, 1 + (n+1)*(rounds-1)/p.segments
	}
	if n == 0 {
		return 1, first
	}
	left := rounds - first
	return first + (n-1)*left/(p.segments-1), first + n*left/(p.segments-1)
}

// queriesOf compares the queries of our server and Prometheus if both are there.
func (p *ingestPlan) queriesOf(running []*process, at time.Time) error {
	var own, theirs *process
	for _, x := range running {
		switch x.name {
		case ours:
			own = x
		case "prometheus":
			theirs = x
		}
	}
	if own == nil || theirs == nil {
		return nil
	}
	return p.queries(own, theirs, at)
}

func without(path string) string {
	if path == "none" {
		return ""
	}
	return path
}

// tell prints the table of a race and notes its figures.
func (p *ingestPlan) tell(suffix string, series int, costs []*ingestCost) error {
	fmt.Fprintf(p.out, "%d series, batches of %d\n", series, p.batch)
	w := tabwriter.NewWriter(p.out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "server\tsamples each\tCPU-s per million\tover segments\tsamples/s\tcreate CPU-s\tresident B/series\tof it anonymous\tdisk B/sample\tp99 of answers")
	byName := map[string]*ingestCost{}
	for _, c := range costs {
		byName[c.name] = c
		fmt.Fprintf(w, "%s\t%d\t%.3f\t%.3f\t%.0f\t%.2f\t%.0f\t%.0f\t%.2f\t%v\n", c.name, c.rounds, c.perSample(series), c.perMillion, median(c.perSecond),
			c.create, c.bytes, c.anonymous, c.disk, c.answers.p99().Round(100*time.Microsecond))
	}
	own := byName[ours]
	if own == nil {
		return w.Flush()
	}
	cost := own.perSample(series)
	p.found["cpu_s_per_million_"+suffix] = cost
	p.found["bytes_per_series_"+suffix] = own.bytes
	p.found["disk_bytes_per_sample_"+suffix] = own.disk
	p.found["p99_answer_ms_"+suffix] = float64(own.answers.p99().Microseconds()) / 1000
	if vm := byName["victoriametrics"]; vm != nil {
		p.found["cpu_ratio_vm_"+suffix] = cost / vm.perSample(series)
		p.found["vm_bytes_per_series_"+suffix] = vm.bytes
	}
	if prometheus := byName["prometheus"]; prometheus != nil {
		p.found["cpu_ratio_prometheus_"+suffix] = cost / prometheus.perSample(series)
		p.found["create_cpu_ratio_prometheus"] = own.create / prometheus.create // of the larger run
	}
	if idle := byName[ours+", not watching"]; idle != nil {
		p.found["detector_cpu_share"] = 1 - idle.perSample(series)/cost
	}
	return w.Flush()
}

// growthRounds is how many samples of each series are timed for the cost by number
// of series. All numbers get as many, for a young series costs the detector more.
const growthRounds = 60

// growth compares the cost of a sample over numbers of series, on our server.
func (p *ingestPlan) growth(list string, one peer) error {
	w := tabwriter.NewWriter(p.out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "series\tCPU-s per million samples")
	least, most := math.Inf(1), 0.0
	for _, text := range strings.Split(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 {
			return fmt.Errorf("-growth: want numbers of series, got %q", text)
		}
		x, err := one.start(p.ctx, filepath.Join(p.dir, "growth-"+text))
		if err != nil {
			return err
		}
		l := newLoad(n, p.batch, p.mix)
		rounds := growthRounds
		begin := time.Now().Add(-time.Duration(rounds+1) * ingestStep)
		s := l.send(p.ctx, x.url(x.write), 0, 1, begin, p.connections)
		x.settle(30)
		before := x.cpu()
		s = l.send(p.ctx, x.url(x.write), 1, rounds+1, begin, p.connections)
		x.settle(5)
		cost := (x.cpu() - before) / float64(s.samples) * 1e6
		x.kill()
		if s.failures > 0 {
			return fmt.Errorf("%s refused %d requests, the first: %w", one.name, s.failures, s.first)
		}
		fmt.Fprintf(w, "%d\t%.3f\n", n, cost)
		least, most = min(least, cost), max(most, cost)
	}
	p.found["growth_ratio"] = most / least
	return w.Flush()
}

// median returns the middle of the numbers, NaN of none.
func median(of []float64) float64 {
	s := slices.Sorted(slices.Values(of))
	if len(s) == 0 {
		return 0
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
