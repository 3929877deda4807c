package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"

	"github.com/tocsinhq/tocsin/logs/template"
)

// logsMemory measures heap per template, and whether memory stays flat while a stream
// of lines that are all different goes on beside the labelled ones.
func logsMemory(f logsFlags, found figures, out io.Writer) error {
	all, err := loadLabelledLogs(f.dir)
	if err != nil {
		return err
	}
	before := liveHeap()
	m := template.New(template.DefaultConfig())
	var match template.Match
	for _, l := range all {
		for i, line := range l.raw {
			m.Mine(l.name, 0, nil, line, int64(i), &match)
		}
	}
	used, templates := liveHeap()-before, len(m.Templates(""))
	runtime.KeepAlive(m)
	per := float64(used) / float64(templates)
	found["heap_per_template"] = per
	fmt.Fprintf(out, "\n%d templates of %d services: %.0f bytes of heap each\n", templates, len(all), per)

	// A service goes wild: every second line is of words made up at random in an order
	// of brackets and delimiters that comes only once.
	const separators = "    =:,;()[]{}|"
	random := rand.New(rand.NewPCG(3, 9))
	var hostile []byte
	word := func() {
		for range 3 + random.IntN(6) {
			hostile = append(hostile, byte('a'+random.IntN(26)))
		}
	}
	tenth, least, most := f.lines/10, uint64(0), uint64(0)
	fmt.Fprintf(out, "heap after each tenth of %d lines, half of them random words:", f.lines)
	for i := range f.lines {
		if i&1 == 0 {
			l := &all[i/2%len(all)]
			m.Mine(l.name, 0, nil, l.raw[i/2/len(all)%len(l.raw)], int64(i), &match)
		} else {
			hostile = hostile[:0]
			for range 4 + random.IntN(12) {
				word()
				hostile = append(hostile, separators[random.IntN(len(separators))], ' ')
			}
			m.Mine("hostile", 0, nil, hostile, int64(i), &match)
		}
		if tenth > 0 && (i+1)%tenth == 0 {
			now := liveHeap() - before
			fmt.Fprintf(out, " %.1f", float64(now)/(1<<20))
			if n := (i + 1) / tenth; n >= 3 {
				if least == 0 {
					least = now
				}
				least, most = min(least, now), max(most, now)
			}
		}
	}
	hostiles := len(m.Templates("hostile"))
	growth := float64(most)/float64(max(1, least)) - 1
	found["heap_growth"], found["heap_mb"] = growth, float64(most)/(1<<20)
	fmt.Fprintf(out, " MiB; %.1f %% between the third tenth and the last, %d templates of random words\n", 100*growth, hostiles)
	return nil
}

// liveHeap returns the bytes of live objects.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}
