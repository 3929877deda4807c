package main

import (
	"fmt"
	"runtime"

	"github.com/tocsinhq/tocsin/rca"
)

// cost prints the processor time that a ranking takes, collector included, for the
// machine may do other things, and the memory that it leaves to the collector.
func (b *rcaRun) cost() {
	const tries = 10
	fmt.Fprintln(b.w, "\ncost\tseries in a case\tms per case\tms per 1,000 series\tKiB per case")
	for _, set := range b.sets() {
		n, series, spent, bytes := 0.0, 0.0, 0.0, 0.0
		b.each(set, func(_ int, c *rcaCase) {
			in := c.input(0)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begun := cpuTime()
			for range tries {
				rca.Rank(in, b.cfg)
			}
			spent += (cpuTime() - begun).Seconds() * 1000 / tries
			runtime.ReadMemStats(&after)
			n++
			series += float64(len(in.Series))
			bytes += float64(after.TotalAlloc-before.TotalAlloc) / tries
		})
		per := spent / max(series, 1) * 1000
		fmt.Fprintf(b.w, "%s\t%.0f\t%.2f\t%.2f\t%.0f\n", set, series/max(n, 1), spent/max(n, 1), per, bytes/max(n, 1)/1024)
		b.found["ms_per_1000_series"] = max(b.found["ms_per_1000_series"], per)
	}
}
