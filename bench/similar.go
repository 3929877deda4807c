package main

import (
	"flag"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/tocsinhq/tocsin/incident/similar"
)

// similarBench measures, leaving one case out at a time, how often the most similar
// of the others, or one of the three most similar, has the same root and the same
// fault. The weights were chosen on PetShop's low_* scenarios and the day of Online
// Boutique; the day of Train-Ticket was seen.
func similarBench(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("similar", flag.ContinueOnError)
	data := flags.String("data", "../shared/data", "folder with rca/")
	each := flags.Bool("each", false, "print each case")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	all, err := loadFaults(*data, []string{"petshop", "nezha_ob", "nezha_ts"})
	if err != nil {
		return nil, err
	}
	found := figures{}
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "set\tcases\twith a twin\ttop 1\ttop 3\tby chance\ttop 1, twins\ttop 3, twins\tsame root top 3\tabove the cut, per case\tof these not twins\tsplit")
	for _, s := range []struct{ set, name, split string }{
		{"petshop", "petshop", "all tuned on (low_*)"}, {"nezha_ob", "ob", "looked at while choosing"}, {"nezha_ts", "tt", "seen, not chosen by"},
	} {
		q := leaveOneOut(all, s.set, func(i int, ok bool, m []similar.Match) {
			if *each && !ok {
				fmt.Fprintf(out, "%s %s %s: %v\n", s.set, all[i].root, all[i].fault, m)
			}
		})
		if q.cases == 0 {
			continue
		}
		twins := "no twin here\t"
		if q.twins > 0 {
			twins = fmt.Sprintf("%.2f\t%.2f", q.share(q.top1), q.share(q.top3))
			found[s.name+"_twin_top1"], found[s.name+"_twin_top3"] = q.share(q.top1), q.share(q.top3)
		}
		n := float64(q.cases)
		fmt.Fprintf(w, "%s\t%d\t%d\t%.2f\t%.2f\t%.2f\t%s\t%.2f\t%.1f\t%.2f\t%s\n", s.set, q.cases, q.twins, q.top1/n, q.top3/n, q.chance/n, twins, q.root3/n, q.shown/n, q.wrongShown/max(q.shown, 1), s.split)
		found[s.name+"_top1"], found[s.name+"_top3"], found[s.name+"_root_top3"] = q.top1/n, q.top3/n, q.root3/n
	}
	return found, w.Flush()
}

// likeness sums up how well cases were found again.
type likeness struct {
	cases, twins      int
	top1, top3, root3 float64
	chance            float64 // that the first of a random order is a twin
	shown, wrongShown float64 // matches above the cut
}

func (q likeness) share(hits float64) float64 { return hits / float64(q.twins) }

// leaveOneOut compares each case of a set with all others of it.
func leaveOneOut(all []pastFault, set string, each func(i int, ok bool, m []similar.Match)) likeness {
	var q likeness
	for i, c := range all {
		if c.set != set {
			continue
		}
		var past []similar.Record
		twins := 0
		for k, o := range all {
			if k == i || o.set != set {
				continue
			}
			past = append(past, similar.Record{Incident: fmt.Sprint(k), Title: o.root + " " + o.fault, Opened: o.at, Print: o.print})
			if o.root == c.root && o.fault == c.fault {
				twins++
			}
		}
		q.cases++
		if twins > 0 {
			q.twins++
		}
		q.chance += float64(twins) / float64(len(past))
		matches := similar.Nearest(c.print, past, similar.Most, 0)
		right, root := false, false
		for rank, m := range matches {
			var k int
			fmt.Sscan(m.Record.Incident, &k)
			same := all[k].root == c.root && all[k].fault == c.fault
			if rank == 0 && same {
				q.top1++
			}
			right, root = right || same, root || all[k].root == c.root
			if m.Similarity >= similar.Cut {
				q.shown++
				if !same {
					q.wrongShown++
				}
			}
		}
		if right {
			q.top3++
		}
		if root {
			q.root3++
		}
		each(i, right, matches)
	}
	return q
}
