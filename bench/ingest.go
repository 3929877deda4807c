package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	only                         string
	out                          io.Writer
	dir                          string
	found                        figures
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
	f.IntVar(&p.segments, "segments", 4, "turns of each server; medians are over these")
	small := f.Int("small", 100_000, "series of the small run; 0 leaves it out")
	large := f.Int("large", 1_000_000, "series of the large run; 0 leaves it out")
	rounds := f.Int("rounds", 120, "samples of each series in the small run")
	largeRounds := f.Int("large-rounds", 480, "samples of each series in the large run; 480 are two hours")
	f.StringVar(&p.only, "only", "", "comma-separated names of servers; empty is all")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	var ok bool
	if p.mix, ok = mixes[*mix]; !ok {
		return nil, fmt.Errorf("-mix: want typical, gauges or counters, got %q", *mix)
	}
	var err error
	if p.dir, err = os.MkdirTemp("", "bench-ingest-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(p.dir)
	if p.tocsin == "" {
		p.tocsin = filepath.Join(p.dir, "tocsin")
		if text, err := exec.Command("go", "build", "-o", p.tocsin, "./cmd/tocsin").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build tocsin: %w\n%s", err, text)
		}
	}
	if *small > 0 {
		if err := p.race("100k", *small, *rounds); err != nil {
			return nil, err
		}
	}
	if *large > 0 {
		if err := p.race("1m", *large, *largeRounds); err != nil {
			return nil, err
		}
	}
	return p.found, nil
}

// cost is what a server spent.
type ingestCost struct {
	name       string
	create     float64   // CPU-s for the first sample of all series
	perMillion []float64 // CPU-s, one for each segment
	perSecond  []float64
	answers    sent
	bytes      float64 // resident, per series
	anonymous  float64
	disk       float64 // bytes per sample
}

// race runs the servers side by side, a segment of rounds each in turn.
func (p *ingestPlan) race(suffix string, series, rounds int) error {
	l := newLoad(series, p.batch, p.mix)
	begin := time.Now().Add(-time.Duration(rounds) * ingestStep)
	var running []*process
	defer func() {
		for _, x := range running {
			x.kill()
		}
	}()
	var costs []*ingestCost
	for _, one := range ingestPeers(p.tocsin, without(p.prometheus), without(p.victoria)) {
		if p.only != "" && !slices.Contains(strings.Split(p.only, ","), one.name) {
			continue
		}
		x, err := one.start(filepath.Join(p.dir, suffix+"-"+strings.ReplaceAll(one.name, " ", "-")))
		if err != nil {
			return err
		}
		running = append(running, x)
		c := &ingestCost{name: one.name}
		costs = append(costs, c)
		before := x.cpu()
		s := l.send(x.url(x.write), 0, 1, begin, p.connections)
		if s.failures > 0 {
			return fmt.Errorf("%s refused %d requests, the first: %w", one.name, s.failures, s.first)
		}
		x.settle(30)
		c.create = x.cpu() - before
	}
	for segment := range p.segments {
		from, to := 1+segment*(rounds-1)/p.segments, 1+(segment+1)*(rounds-1)/p.segments
		for i, x := range running {
			c := costs[i]
			before := x.cpu()
			s := l.send(x.url(x.write), from, to, begin, p.connections)
			if s.failures > 0 {
				return fmt.Errorf("%s refused %d requests, the first: %w", x.name, s.failures, s.first)
			}
			x.settle(15)
			c.perMillion = append(c.perMillion, (x.cpu()-before)/float64(s.samples)*1e6)
			c.perSecond = append(c.perSecond, float64(s.samples)/s.took.Seconds())
			c.answers.answers = append(c.answers.answers, s.answers...)
		}
	}
	for i, x := range running {
		all, anonymous := x.resident()
		costs[i].bytes, costs[i].anonymous = all/float64(series), anonymous/float64(series)
		costs[i].disk = x.onDisk() / float64(series*rounds)
	}
	return p.tell(suffix, series, rounds, costs)
}

func without(path string) string {
	if path == "none" {
		return ""
	}
	return path
}

// tell prints the table of a race and notes its figures.
func (p *ingestPlan) tell(suffix string, series, rounds int, costs []*ingestCost) error {
	fmt.Fprintf(p.out, "%d series, %d samples each, batches of %d\n", series, rounds, p.batch)
	w := tabwriter.NewWriter(p.out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "server\tCPU-s per million\tover segments\tsamples/s\tcreate CPU-s\tresident B/series\tof it anonymous\tdisk B/sample\tp99 of answers")
	for _, c := range costs {
		fmt.Fprintf(w, "%s\t%.3f\t%.3f\t%.0f\t%.2f\t%.0f\t%.0f\t%.2f\t%v\n", c.name, median(c.perMillion), c.perMillion, median(c.perSecond),
			c.create, c.bytes, c.anonymous, c.disk, c.answers.p99().Round(100*time.Microsecond))
	}
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
