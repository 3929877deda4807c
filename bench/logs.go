package main

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"

	"github.com/tocsinhq/tocsin/logs/template"
)

// logsFlags are what the parts of the logs bench are told.
type logsFlags struct {
	dir   string // folder logs of the data
	set   string // one labelled log, or all
	miss  bool   // print what is wrong of each
	rows  int    // of the store part
	lines int    // of the memory part
}

// logs measures templates: whether lines are grouped and worded as people did.
func logs(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("logs", flag.ContinueOnError)
	data := flags.String("data", "../shared/data", "folder with logs/")
	var f logsFlags
	flags.StringVar(&f.set, "set", "", "only this labelled log")
	flags.BoolVar(&f.miss, "misses", false, "print groups and texts that are not as labelled")
	flags.IntVar(&f.rows, "rows", 1_000_000, "records of the store part, 0 leaves it out")
	flags.IntVar(&f.lines, "lines", 10_000_000, "lines of the memory part")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	f.dir = filepath.Join(*data, "logs")
	found := figures{}
	for _, part := range []func(logsFlags, figures, io.Writer) error{logsAccuracy, logsSpeed, logsMemory, logsAnomalies, logsStore} {
		if err := part(f, found, out); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// logsAccuracy prints GA, FGA, PA and FTA of each labelled log.
func logsAccuracy(f logsFlags, found figures, out io.Writer) error {
	all, err := loadLabelledLogs(f.dir)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "log\tGA\tFGA\tPA\tFTA\tGA whole lines\tFGA whole lines\ttemplates\tlabelled")
	var sum, whole grouping
	n := 0
	for _, l := range all {
		if f.set != "" && f.set != l.name {
			continue
		}
		n++
		c := mineLog(l.content)
		g := scoreGrouping(c.ids, l.event, c.texts, l.template)
		r := mineLog(l.raw)
		h := scoreGrouping(r.ids, l.event, nil, nil)
		labels := map[string]bool{}
		for _, e := range l.event {
			labels[e] = true
		}
		fmt.Fprintf(w, "%s\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%d\t%d\n", l.name, g.ga, g.fga, g.pa, g.fta, h.ga, h.fga, c.templates, len(labels))
		sum.ga, sum.fga, sum.pa, sum.fta = sum.ga+g.ga, sum.fga+g.fga, sum.pa+g.pa, sum.fta+g.fta
		whole.ga, whole.fga = whole.ga+h.ga, whole.fga+h.fga
		if f.miss {
			printMisses(out, &l, c)
			fmt.Fprintln(out, "-- whole lines")
			printMisses(out, &l, r)
		}
	}
	if n == 0 {
		return fmt.Errorf("%w: no labelled log %q in %s", errLacking, f.set, f.dir)
	}
	k := float64(n)
	fmt.Fprintf(w, "mean\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\n", sum.ga/k, sum.fga/k, sum.pa/k, sum.fta/k, whole.ga/k, whole.fga/k)
	found["ga"], found["fga"], found["pa"], found["fta"] = sum.ga/k, sum.fga/k, sum.pa/k, sum.fta/k
	found["ga_raw"], found["fga_raw"] = whole.ga/k, whole.fga/k
	return w.Flush()
}

// mined is what the miner says of each line once it has seen all of them.
type mined struct {
	ids       []uint64
	texts     []string
	templates int
}

func mineLog(lines [][]byte) mined {
	m := template.New(template.DefaultConfig())
	var match template.Match
	var r mined
	for i, line := range lines {
		m.Mine("service", 0, nil, line, int64(i+1)*1e9, &match)
		r.ids = append(r.ids, match.ID)
	}
	texts := map[uint64]string{}
	for i, id := range r.ids {
		id = m.Resolve(id)
		r.ids[i] = id
		if _, ok := texts[id]; !ok {
			info, _ := m.Template(id)
			texts[id] = oneBlank(info.Wildcard)
		}
		r.texts = append(r.texts, texts[id])
	}
	r.templates = len(texts)
	return r
}
