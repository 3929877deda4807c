package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// groups measures how well incidents of a service are found from all of its
// metrics together, and whether the metrics to blame come first.
func groups(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("groups", flag.ContinueOnError)
	data := flags.String("data", "../shared/data", "folder with detection/")
	perGroup := flags.Bool("each", false, "print each group")
	single := flags.Bool("single", false, "each metric as a series of its own, beside the reference lines")
	made := flags.Bool("made", false, "made-up services instead of data")
	services := flags.Int("services", 45, "made-up services, a third of each kind")
	weeks := flags.Int("weeks", 4, "of each, the first without incidents")
	cfg, err := parametersFlag(flags).parse(flags, args, out)
	if err != nil {
		return nil, err
	}
	if *made {
		return groupsMade(cfg, *services, *weeks, out)
	}
	all, err := loadGroups(*data, out)
	if err != nil {
		return nil, err
	}
	if *single {
		return groupsSingle(cfg, all, out), nil
	}
	found := figures{}
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "set\tmethod\trecall at .5/1/2/7 false alarms per group-week\tarea\tdelay rows p50/p90\tby default\tHitRate@100%\t@150%\tAC@1\tAC@3")
	for _, m := range groupMethods(cfg) {
		scored := make([]groupScores, len(all))
		for i, g := range all {
			scored[i] = m.score(g)
		}
		for _, set := range append(slices.Clone(groupSets), "all") {
			var of []*labelled
			var scores [][]float64
			var quality blameQuality
			for i, g := range all {
				if set != "all" && g.set != set {
					continue
				}
				of, scores = append(of, &g.labelled), append(scores, scored[i].rows)
				quality.add(g, scored[i].metrics)
			}
			if len(of) == 0 {
				continue
			}
			r := result{name: set, curve: sweep(of, scores)}
			r.best, r.area = r.curve.best(), r.curve.area()
			byDefault := "-"
			if m.threshold > 0 {
				alarms, recall := atThreshold(of, scores, m.threshold)
				byDefault = fmt.Sprintf("%.2f, %.2f", alarms, recall)
				if r.curve.eventless() {
					byDefault, recall = fmt.Sprintf("%.2f, -", alarms), math.NaN()
				}
				if math.IsNaN(alarms) { // nothing is scored
					byDefault = "-"
				}
				if m.name == ours && set == "all" {
					found["fa_per_group_week"], found["recall_default"] = alarms, recall
				}
			}
			if r.curve.eventless() {
				fmt.Fprintf(w, "%s\t%s\tno events\t-\t-\t%s\t%s\n", set, m.name, byDefault, quality)
			} else {
				fmt.Fprintf(w, "%s\t%s\t%.2f / %.2f / %.2f / %.2f\t%.3f\t%d / %d\t%s\t%s\n", set, m.name,
					r.best[0].recall, r.best[1].recall, r.best[2].recall, r.best[3].recall, r.area,
					quantile(r.best[1].delays, 0.5), quantile(r.best[1].delays, 0.9), byDefault, quality)
			}
			if m.name == ours {
				groupFigures(found, r, quality)
				if *perGroup && set == "all" {
					printEach(out, r)
				}
			}
		}
	}
	return found, w.Flush()
}

func groupFigures(found figures, r result, quality blameQuality) {
	name := strings.ReplaceAll(strings.ToLower(r.name), "-", "_")
	found["recall_1fa_"+name] = r.best[1].recall
	found["recall_area_"+name] = r.area
	if r.curve.eventless() {
		found["recall_1fa_"+name], found["recall_area_"+name] = math.NaN(), math.NaN()
	}
	if quality.events > 0 {
		mean := quality.mean()
		found["hit_100_"+name], found["hit_150_"+name] = mean.hit100, mean.hit150
		found["ac1_"+name], found["ac3_"+name] = mean.ac1, mean.ac3
	}
}

// groupScores is what a method says of a group: of each row, and of each row of
// each metric how much it is to blame.
type groupScores struct {
	rows    []float64
	metrics [][]float64
}

type groupMethod struct {
	name      string
	threshold float64 // from which it alarms by default; 0 if it has none
	score     func(*group) groupScores
}

// atThreshold returns false alarms per group-week and recall at a threshold.
func atThreshold(of []*labelled, scores [][]float64, threshold float64) (perWeek, recall float64) {
	c := curve{set: of, thresholds: []float64{threshold}, tallies: make([][]tally, 1)}
	for i, l := range of {
		c.tallies[0] = append(c.tallies[0], l.count(l.louds(scores[i], threshold), threshold))
	}
	p := c.at(0)
	return p.perWeek, p.recall
}

// groupMethods are ours and the one-liners: the largest score of any metric.
func groupMethods(cfg detector.Config) []groupMethod {
	return []groupMethod{
		{"max of |dx|/EW|dx|", 0, func(g *group) groupScores { return largest(g, relativeDifference) }},
		{"max of ewma z", 0, func(g *group) groupScores { return largest(g, ewmaZ) }},
		{ours + ", sum of top 3", 0, func(g *group) groupScores {
			return topThree(largest(g, ownScores(cfg)))
		}},
		{ours + ", oddest metric", cfg.Threshold(), func(g *group) groupScores {
			return largest(g, ownScores(cfg))
		}},
		{ours, cfg.Threshold(), func(g *group) groupScores { return together(g, cfg) }},
	}
}

// together scores a group as the daemon does: each metric by itself, and the rows
// by what they say together.
func together(g *group, cfg detector.Config) groupScores {
	out := largest(g, ownScores(cfg))
	metrics := make([]labels.Labels, len(g.metrics))
	for i := range metrics {
		metrics[i] = labels.FromStrings("__name__", fmt.Sprintf("m%02d", i))
	}
	times := make([]int64, len(g.samples))
	for i, s := range g.samples {
		times[i] = s.T
	}
	row := make([]float64, len(metrics))
	values := func(i int) []float64 {
		for m := range row {
			row[m] = g.metrics[m][i].V
		}
		return row
	}
	at := 0
	detector.ReplayGroup(cfg, metrics, times, values, func(r detector.GroupRow) {
		out.rows[at] = r.Score
		at++
	})
	return out
}

// topThree scores each row by the evidence of its three oddest metrics, the
// logarithm of the tail probability, instead of by the oddest alone.
func topThree(s groupScores) groupScores {
	row := make([]float64, len(s.metrics))
	for i := range s.rows {
		for m, scores := range s.metrics {
			row[m] = -math.Log(1 - min(scores[i], 1-1e-12))
		}
		slices.Sort(row)
		s.rows[i] = 0
		for _, x := range row[max(0, len(row)-3):] {
			s.rows[i] += x
		}
	}
	return s
}

// largest scores each metric by itself, and each row by its oddest metric.
func largest(g *group, score func(*labelled) []float64) groupScores {
	out := groupScores{rows: make([]float64, len(g.samples))}
	for _, samples := range g.metrics {
		scores := score(&labelled{samples: samples, step: g.step})
		for i, s := range scores {
			out.rows[i] = max(out.rows[i], s)
		}
		out.metrics = append(out.metrics, scores)
	}
	return out
}

// blame returns the metrics, the one with the highest score within the span
// first; of equals the one that got there first.
func blame(metrics [][]float64, during span) []int {
	type peak struct {
		metric, row int
		score       float64
	}
	peaks := make([]peak, len(metrics))
	for m, scores := range metrics {
		peaks[m] = peak{m, during.from, math.Inf(-1)}
		for i := during.from; i <= during.to; i++ {
			if scores[i] > peaks[m].score {
				peaks[m] = peak{m, i, scores[i]}
			}
		}
	}
	slices.SortStableFunc(peaks, func(a, b peak) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.row, b.row))
	})
	order := make([]int, len(peaks))
	for i, p := range peaks {
		order[i] = p.metric
	}
	return order
}

// blameQuality sums up how well metrics were ranked over events. HitRate@P% is
// the share of the guilty among as many as P % of their number ("Robust Anomaly
// Detection for Multivariate Time Series through Stochastic Recurrent Neural
// Network", Y. Su et al., KDD 2019); AC@k is the share of the guilty that the
// first k could name and do.
type blameQuality struct {
	events                   int
	hit100, hit150, ac1, ac3 float64
}

func (q *blameQuality) add(g *group, metrics [][]float64) {
	for _, x := range g.guilty {
		order := blame(metrics, x.span)
		n := len(x.metrics)
		among := func(first int) float64 {
			hits := 0.0
			for _, m := range order[:min(first, len(order))] {
				if slices.Contains(x.metrics, m) {
					hits++
				}
			}
			return hits
		}
		q.events++
		q.hit100 += among(n) / float64(n)
		q.hit150 += among((3*n+1)/2) / float64(n)
		q.ac1 += among(1)
		q.ac3 += among(3) / float64(min(3, n))
	}
}

// mean returns the sums per event; there must be one.
func (q blameQuality) mean() blameQuality {
	n := float64(q.events)
	return blameQuality{q.events, q.hit100 / n, q.hit150 / n, q.ac1 / n, q.ac3 / n}
}

func (q blameQuality) String() string {
	if q.events == 0 {
		return "-\t-\t-\t-"
	}
	m := q.mean()
	return fmt.Sprintf("%.2f\t%.2f\t%.2f\t%.2f", m.hit100, m.hit150, m.ac1, m.ac3)
}
