package main

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
)

// compareForecasts runs the references and then the methods given over all
// series, prints a row per method and horizon, and returns the figures of the
// method of our name. Every method foretells the same targets; errors and widths
// stand as the geometric mean over series of their ratio to the first reference.
func compareForecasts(all []*labelled, methods []forecastMethod, out io.Writer) (figures, error) {
	plans := make([][]target, len(all))
	for i, l := range all {
		plans[i] = l.targets()
	}
	found := figures{}
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "method\thorizon\ttargets\twithin 80/90/95 %\terror of seasonal naive\twidth of seasonal naive\tnothing said")
	var base forecastSum
	for k, m := range append(append([]forecastMethod{}, forecastReferences...), methods...) {
		var sum forecastSum
		for i, l := range all {
			sum.cells = append(sum.cells, l.foretell(m.make(l), plans[i]))
		}
		if k == 0 {
			base = sum
		}
		for h, horizon := range forecastHorizons {
			sum.print(w, m.name, horizon.name, base, func(x int) bool { return x == h })
		}
		every := func(int) bool { return true }
		sum.print(w, m.name, "all", base, every)
		if share := sum.coveredCells(); !math.IsNaN(share) {
			fmt.Fprintf(w, "%s\t\t\t%.2f of series and horizons have at least 85 %% within the 90 %% bounds\n", m.name, share)
		}
		if m.name == ours {
			found["coverage_80"] = sum.coverage(0, every)
			found["coverage_90"] = sum.coverage(1, every)
			found["coverage_95"] = sum.coverage(2, every)
			found["covered_cells"] = sum.coveredCells()
			found["error_vs_seasonal_naive"] = sum.against(base, func(f foretold) float64 { return f.missed }, every)
			found["width_vs_seasonal_naive"] = sum.against(base, func(f foretold) float64 { return f.width }, every)
		}
	}
	return found, w.Flush()
}

func (s forecastSum) print(w io.Writer, method, horizon string, base forecastSum, keep func(int) bool) {
	targets, refused := 0, 0
	for _, cells := range s.cells {
		for h, c := range cells {
			if keep(h) {
				targets += c.targets
				refused += c.refused
			}
		}
	}
	if targets == 0 {
		fmt.Fprintf(w, "%s\t%s\t0\t-\t-\t-\t0\n", method, horizon)
		return
	}
	fmt.Fprintf(w, "%s\t%s\t%d\t%.3f / %.3f / %.3f\t%.3f\t%.3f\t%d\n", method, horizon, targets,
		s.coverage(0, keep), s.coverage(1, keep), s.coverage(2, keep),
		s.against(base, func(f foretold) float64 { return f.missed }, keep),
		s.against(base, func(f foretold) float64 { return f.width }, keep), refused)
}
