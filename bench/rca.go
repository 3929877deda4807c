package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/tocsinhq/tocsin/rca"
)

// rcaBench measures whether the service at which a fault was injected comes first,
// whether a change that caused it does among others, and what that costs. The very
// function that the daemon calls is asked. The settings were chosen by looking at
// scenarios with low traffic and at one day of each other set; every split is
// printed, so that a gain that does not carry over shows.
func rcaBench(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("rca", flag.ContinueOnError)
	data := flags.String("data", "../shared/data", "folder with rca/")
	misses := flags.Bool("misses", false, "print the suspects of each case whose cause was not first")
	seeds := flags.Uint64("seeds", 5, "how many draws of decoys and distractors there are of each case")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	cases, absent, err := loadRCA(*data)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "%d cases; %d of the list have no data here or no single cause\n", len(cases), absent)
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	b := &rcaRun{cases: cases, cfg: rca.DefaultConfig(), seeds: *seeds, w: w, found: figures{}}
	b.services()
	b.onsets()
	b.bands()
	b.distractors()
	b.again()
	b.changes()
	b.cost()
	if err := w.Flush(); err != nil {
		return nil, err
	}
	if *misses {
		b.misses(out)
	}
	return b.found, nil
}

// rcaRun is one run of the bench.
type rcaRun struct {
	cases []*rcaCase
	cfg   rca.Config
	seeds uint64
	w     io.Writer
	found figures
}

// rcaNames are the data sets, with the prefixes of their figures.
var rcaNames = map[string]string{"petshop": "petshop", "nezha_ob": "ob", "nezha_ts": "tt"}

// hits counts in how many cases the cause came first, among two and so on.
type hits struct {
	n     float64
	among [5]float64
}

// add takes the place of the cause, from 0; a negative one is a miss.
func (h *hits) add(at int) {
	h.n++
	for k := max(at, 0); at >= 0 && k < len(h.among); k++ {
		h.among[k]++
	}
}

func (h *hits) ac(k int) float64 { return h.among[k-1] / max(h.n, 1) }

func (h *hits) avg5() float64 {
	sum := 0.0
	for _, x := range h.among {
		sum += x / float64(len(h.among))
	}
	return sum / max(h.n, 1)
}

func (h *hits) String() string {
	return fmt.Sprintf("%.0f\t%.3f\t%.3f\t%.3f", h.n, h.ac(1), h.ac(3), h.avg5())
}

// place returns where the cause of a case stands, -1 if nowhere.
func (c *rcaCase) place(r rca.Ranking) int {
	root := c.real(c.root)
	return slices.IndexFunc(r.Suspects, func(s rca.Cause) bool { return s.Service == root })
}

// real is the service that a name is a view of.
func (c *rcaCase) real(name string) string {
	for range len(c.graph.Alias) {
		if next := c.graph.Alias[name]; next != "" {
			name = next
		}
	}
	return name
}

// services prints how well the service is found, by data set, scenario, half and fault.
func (b *rcaRun) services() {
	rows, count, seen := map[string]*hits{}, map[string]int{}, map[string]int{}
	for _, c := range b.cases {
		count[c.Dataset+c.scenario()]++
	}
	for _, c := range b.cases {
		at := c.place(rca.Rank(c.input(0), b.cfg))
		day, half := c.Dataset+c.scenario(), "first half"
		if 2*seen[day] >= count[day] {
			half = "second half"
		}
		seen[day]++
		for _, key := range []string{c.Dataset, c.Dataset + "  " + c.scenario(), c.Dataset + "  " + c.scenario() + ", " + half, c.Dataset + "  fault " + c.Fault} {
			if rows[key] == nil {
				rows[key] = &hits{}
			}
			rows[key].add(at)
		}
	}
	fmt.Fprintln(b.w, "cause among services\tcases\tAC@1\tAC@3\tAvg@5")
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(b.w, "%s\t%s\n", key, rows[key])
		if name := rcaNames[key]; name != "" {
			b.found[name+"_ac1"], b.found[name+"_ac3"] = rows[key].ac(1), rows[key].ac(3)
		}
	}
}

// sets are the data sets that are here, in order.
func (b *rcaRun) sets() []string {
	all := map[string]bool{}
	for _, c := range b.cases {
		all[c.Dataset] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// each calls do for every case of a data set with its place in the list.
func (b *rcaRun) each(set string, do func(i int, c *rcaCase)) {
	for i, c := range b.cases {
		if c.Dataset == set {
			do(i, c)
		}
	}
}

// onsets prints what a start time that is wrong by a minute costs.
func (b *rcaRun) onsets() {
	fmt.Fprintln(b.w, "\nstart time wrong by\tcases\tAC@1\tAC@3\tAvg@5")
	for _, set := range b.sets() {
		for _, off := range []time.Duration{-time.Minute, 0, time.Minute} {
			h := &hits{}
			b.each(set, func(_ int, c *rcaCase) { h.add(c.place(rca.Rank(c.input(off), b.cfg))) })
			fmt.Fprintf(b.w, "%s  %+.0fs\t%s\n", set, off.Seconds(), h)
			if name := rcaNames[set]; name != "" && off != 0 {
				b.found[fmt.Sprintf("%s_ac1_%s60s", name, map[bool]string{true: "plus", false: "minus"}[off > 0])] = h.ac(1)
			}
		}
	}
}

// bands prints how often each band of confidence is right, and how often no cause is
// named although there was one.
func (b *rcaRun) bands() {
	fmt.Fprintln(b.w, "\nconfidence in the first\tcases\tright\tmean probability\tcalled unexplained")
	for _, band := range []string{rca.High, rca.Medium, rca.Low} {
		n, right, sum, unexplained := 0.0, 0.0, 0.0, 0
		for _, c := range b.cases {
			r := rca.Rank(c.input(0), b.cfg)
			if len(r.Suspects) == 0 || r.Suspects[0].Confidence != band {
				continue
			}
			n++
			sum += r.Suspects[0].Probability
			if c.place(r) == 0 {
				right++
			}
			if r.Analysis != nil && r.Analysis.PrimaryCause == nil {
				unexplained++
			}
		}
		fmt.Fprintf(b.w, "%s\t%.0f\t%.3f\t%.3f\t%d\n", band, n, right/max(n, 1), sum/max(n, 1), unexplained)
	}
}

// distractors adds services that have nothing to do with the fault, called by random
// services, and prints how often the first suspect becomes another.
func (b *rcaRun) distractors() {
	fmt.Fprintln(b.w, "\nten distractors\tdraws\tfirst changed\tfirst is a distractor")
	changed, all := 0.0, 0.0
	for _, set := range b.sets() {
		n, other, taken := 0.0, 0.0, 0.0
		b.each(set, func(i int, c *rcaCase) {
			want := firstSuspect(rca.Rank(c.input(0), b.cfg))
			for seed := range b.seeds {
				got := firstSuspect(rca.Rank(c.distracted(rand.New(rand.NewPCG(seed, uint64(i))), 10), b.cfg))
				n++
				if got != want {
					other++
				}
				if isDistractor(got) {
					taken++
				}
			}
		})
		fmt.Fprintf(b.w, "%s\t%.0f\t%.3f\t%.3f\n", set, n, other/max(n, 1), taken/max(n, 1))
		changed, all = changed+other, all+n
	}
	b.found["distractor_changed"] = changed / max(all, 1)
}

func firstSuspect(r rca.Ranking) string {
	if len(r.Suspects) == 0 {
		return ""
	}
	return r.Suspects[0].Service
}

// again prints how often the first suspect of the last ranking was first one step of
// evidence before.
func (b *rcaRun) again() {
	fmt.Fprintln(b.w, "\none step of evidence less\tcases\tsame first")
	for _, set := range b.sets() {
		n, same := 0.0, 0.0
		b.each(set, func(_ int, c *rcaCase) {
			in := c.input(0)
			want := firstSuspect(rca.Rank(in, b.cfg))
			in.At = in.At.Add(-in.Step)
			n++
			if firstSuspect(rca.Rank(in, b.cfg)) == want {
				same++
			}
		})
		fmt.Fprintf(b.w, "%s\t%.0f\t%.3f\n", set, n, same/max(n, 1))
	}
}

// misses prints the first suspects of the cases whose cause was not first.
func (b *rcaRun) misses(out io.Writer) {
	for _, c := range b.cases {
		r := rca.Rank(c.input(0), b.cfg)
		at := c.place(r)
		if at == 0 {
			continue
		}
		fmt.Fprintf(out, "%s %s: %s at %d\n", c.ID, c.Fault, c.root, at)
		for i, s := range r.Suspects {
			if i >= 3 && i != at {
				continue
			}
			fmt.Fprintf(out, "  %d %.2f p %.2f %s: %s\n", i, s.Score, s.Probability, s.Service, s.Kind)
			for _, e := range s.Evidence {
				fmt.Fprintf(out, "      %s %.80s %.4g -> %.4g (z %.0f) %s\n", cmp.Or(e.Source, "conclusion"), e.Signal, float64(e.Before), float64(e.After), float64(e.Z), e.Text)
			}
		}
	}
}
