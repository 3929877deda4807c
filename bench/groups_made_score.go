package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// madeRows is what was said of a made-up service, row by row.
type madeRows struct {
	*group
	alone, both []float64
	named       [][]detector.Guilt // by the group, while its episode is open
}

func watchMade(cfg detector.Config, g *group) *madeRows {
	out := &madeRows{group: g}
	metrics, times := make([]labels.Labels, len(g.metrics)), make([]int64, len(g.samples))
	for i := range metrics {
		metrics[i] = labels.FromStrings(labels.MetricName, fmt.Sprintf("m%02d", i))
	}
	for i, s := range g.samples {
		times[i] = s.T
	}
	values := make([]float64, len(metrics))
	detector.ReplayGroup(cfg, metrics, times, func(i int) []float64 {
		for m := range values {
			values[m] = g.metrics[m][i].V
		}
		return values
	}, func(r detector.GroupRow) {
		out.alone, out.both = append(out.alone, r.Alone), append(out.both, r.Score)
		out.named = append(out.named, r.Guilty)
	})
	g.metrics = nil // a month of forty metrics
	return out
}

// groupsMade measures the same as groups on made-up services, of whose incidents it is
// known how many metrics moved, by how much and which first. The guilty are those that the
// verdict of the group names by the end of the incident.
func groupsMade(cfg detector.Config, services, weeks int, out io.Writer) (figures, error) {
	if services < len(madeSets) || weeks < 2 {
		return nil, fmt.Errorf("--services %d, --weeks %d: want at least %d, one of each kind, and 2", services, weeks, len(madeSets))
	}
	all := make([]*madeRows, services)
	sideBySide(services, func(i int) { all[i] = watchMade(cfg, makeGroup(i, weeks)) })
	found := figures{}
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprint(w, "services\tmethod\trecall at .5/1/2/7 false alarms per week\tarea\tby default")
	for _, size := range madeSizes {
		fmt.Fprintf(w, "\t%s at 1: %s", size, strings.Join(madeCounts, "/"))
	}
	fmt.Fprintln(w, "\tat once\tapart\tnamed\tHitRate@100%\tAC@1\tAC@3\tfirst mover first")
	for _, set := range madeSets {
		var of []*madeRows
		for _, x := range all {
			if x.set == set.name {
				of = append(of, x)
			}
		}
		for _, method := range []string{"oddest metric", ours} {
			r, line := madeResult(cfg, of, method == ours)
			fmt.Fprintf(w, "%s\t%s\t%s", set.name, method, line)
			if method != ours {
				fmt.Fprintln(w)
				continue
			}
			q := madeBlame(of)
			fmt.Fprintf(w, "\t%d\t%s\n", q.events, q)
			found["area_"+set.name], found["recall_1fa_"+set.name] = r.area, r.best[1].recall
			found["gain_area_"+set.name] = r.area
			if q.events > 0 {
				m := q.mean()
				found["hit_100_"+set.name], found["ac1_"+set.name], found["ac3_"+set.name] = m.hit100, m.ac1, m.ac3
			}
		}
		alone, _ := madeResult(cfg, of, false)
		found["gain_area_"+set.name] -= alone.area
	}
	return found, w.Flush()
}

var madeSizes = []string{"small", "large"}

// madeResult scores services by one of the two scores.
func madeResult(cfg detector.Config, of []*madeRows, both bool) (result, string) {
	var set []*labelled
	var scores [][]float64
	for _, x := range of {
		set = append(set, &x.labelled)
		if both {
			scores = append(scores, x.both)
		} else {
			scores = append(scores, x.alone)
		}
	}
	r := result{curve: sweep(set, scores)}
	r.best, r.area = r.curve.best(), r.curve.area()
	alarms, recall := atThreshold(set, scores, cfg.Threshold())
	line := fmt.Sprintf("%.2f / %.2f / %.2f / %.2f\t%.3f\t%.2f, %.2f", r.best[0].recall, r.best[1].recall, r.best[2].recall, r.best[3].recall, r.area, alarms, recall)
	seen, hits := map[any]int{}, map[any]int{}
	for i, x := range of {
		t := x.count(x.louds(scores[i], r.best[1].threshold), r.best[1].threshold)
		for e, delay := range t.delays {
			k := x.kinds[e]
			for _, key := range []any{madeKind{count: k.count, large: k.large}, k.apart} {
				seen[key]++
				if delay >= 0 {
					hits[key]++
				}
			}
		}
	}
	share := func(key any) string { return fmt.Sprintf("%.2f", float64(hits[key])/float64(max(seen[key], 1))) }
	for _, size := range madeSizes {
		var each []string
		for _, count := range madeCounts {
			each = append(each, share(madeKind{count: count, large: size == "large"}))
		}
		line += "\t" + strings.Join(each, "/")
	}
	return r, line + "\t" + share(false) + "\t" + share(true)
}

// madeQuality is blameQuality of what a verdict names, five at most, and how often that
// begins with the metric that moved first, where they did not move at once.
type madeQuality struct {
	blameQuality
	apart, first int
}

func (q madeQuality) String() string {
	if q.events == 0 {
		return "-\t-\t-\t-"
	}
	m := q.mean()
	return fmt.Sprintf("%.2f\t%.2f\t%.2f\t%.2f of %d", m.hit100, m.ac1, m.ac3, float64(q.first)/float64(max(q.apart, 1)), q.apart)
}

func madeBlame(of []*madeRows) madeQuality {
	var q madeQuality
	for _, x := range of {
		for e, g := range x.guilty {
			var last []detector.Guilt
			for row := g.from; row <= g.to; row++ {
				if len(x.named[row]) > 0 {
					last = x.named[row]
				}
			}
			if len(last) > 0 {
				q.verdict(g.metrics, last, x.kinds[e].apart)
			}
		}
	}
	return q
}

// verdict adds one verdict on metrics that moved in this order.
func (q *madeQuality) verdict(moved []int, named []detector.Guilt, apart bool) {
	guilty := map[int]bool{}
	for _, m := range moved {
		guilty[m] = true
	}
	among := func(first int) float64 {
		hits := 0.0
		for _, x := range named[:min(first, len(named))] {
			if guilty[int(x.Slot)-1] {
				hits++
			}
		}
		return hits
	}
	n := len(moved)
	q.events++
	q.hit100 += among(n) / float64(min(n, 5))
	q.ac1 += among(1)
	q.ac3 += among(3) / float64(min(n, 3))
	if apart && n > 1 {
		q.apart++
		if int(named[0].Slot)-1 == moved[0] {
			q.first++
		}
	}
}
