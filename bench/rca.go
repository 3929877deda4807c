package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/rca"
)

func rcaBench(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("rca", flag.ContinueOnError)
	data := flags.String("data", "../shared/data", "folder with rca/")
	each := flags.Bool("each", false, "print each miss")
	only := flags.String("only", "", "")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	cases, absent, err := loadRCA(*data)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "%d cases, %d absent\n", len(cases), absent)
	cfg := rca.DefaultConfig()
	type tally struct{ n, a1, a3, a5 float64 }
	sums := map[string]*tally{}
	half := map[string]int{}
	for _, c := range cases {
		if *only != "" && c.Dataset != *only {
			continue
		}
		half[c.Dataset]++
		begun := time.Now()
		r := rca.Rank(c.input(0), cfg)
		_ = begun
		at := 99
		for i, s := range r.Suspects {
			if s.Service == c.root || c.graph.Alias[c.root] == s.Service {
				at = i
			}
		}
		for _, key := range []string{c.Dataset, c.Dataset + " " + c.Fault, fmt.Sprintf("%s half %d", c.Dataset, half[c.Dataset]%2)} {
			t := sums[key]
			if t == nil {
				t = &tally{}
				sums[key] = t
			}
			t.n++
			if at == 0 {
				t.a1++
			}
			if at < 3 {
				t.a3++
			}
			for k := range 5 {
				if at <= k {
					t.a5 += .2
				}
			}
		}
		if *each && at > 0 {
			fmt.Fprintf(out, "%s %s root %s at %d\n", c.ID, c.Fault, c.root, at)
			for i, s := range r.Suspects {
				if i < 3 || i == at {
					fmt.Fprintf(out, "    %d %.2f %s %s", i, s.Score, s.Service, s.Kind)
					for _, e := range s.Evidence {
						fmt.Fprintf(out, " | %.40s %.3g>%.3g z%.0f", e.Signal, float64(e.Before), float64(e.After), float64(e.Z))
					}
					fmt.Fprintln(out)
				}
			}
		}
	}
	for _, key := range sortedKeys(sums) {
		t := sums[key]
		fmt.Fprintf(out, "%-30s %3.0f  AC@1 %.3f AC@3 %.3f Avg@5 %.3f\n", key, t.n, t.a1/t.n, t.a3/t.n, t.a5/t.n)
	}
	return figures{}, nil
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
