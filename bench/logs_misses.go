package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// printMisses lists labels whose lines are not one group of their own, and texts
// that differ, the most frequent first.
func printMisses(out io.Writer, l *labelledLog, r mined) {
	groups := map[string]map[uint64]int{}
	size := map[uint64]int{}
	labels := map[string]string{}
	texts := map[uint64]string{}
	for i, e := range l.event {
		if groups[e] == nil {
			groups[e] = map[uint64]int{}
		}
		groups[e][r.ids[i]]++
		size[r.ids[i]]++
		labels[e] = l.template[i]
		texts[r.ids[i]] = r.texts[i]
	}
	type miss struct {
		n    int
		text string
	}
	var all []miss
	for e, g := range groups {
		n := 0
		wrong := len(g) != 1
		for id, k := range g {
			n += k
			wrong = wrong || size[id] != k
		}
		var b strings.Builder
		if wrong {
			fmt.Fprintf(&b, "GROUP %5d %s\n", n, labels[e])
			ids := make([]uint64, 0, len(g))
			for id := range g {
				ids = append(ids, id)
			}
			slices.Sort(ids)
			for k, id := range ids {
				if k == 6 {
					fmt.Fprintf(&b, "            and %d more\n", len(ids)-k)
					break
				}
				fmt.Fprintf(&b, "      %5d of %d: %.200s\n", g[id], size[id], texts[id])
			}
		} else {
			for id := range g {
				if texts[id] != labels[e] {
					fmt.Fprintf(&b, "TEXT  %5d %s\n            %s\n", n, labels[e], texts[id])
				}
			}
		}
		if b.Len() > 0 {
			all = append(all, miss{n, b.String()})
		}
	}
	slices.SortFunc(all, func(a, b miss) int {
		if a.n != b.n {
			return b.n - a.n
		}
		return strings.Compare(a.text, b.text)
	})
	for _, m := range all {
		fmt.Fprint(out, m.text)
	}
}
