package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/topology"
)

// faultLasts is how long after its injection a fault may first show, in seconds;
// less when the next one comes before. The faults of these recordings last about
// three minutes, and metrics are sampled once a minute.
const faultLasts = 5 * 60

// groupingBench measures how the incident engine folds what is odd during injected
// faults. An incident covers a fault if a strong episode that began while the
// fault could first show belongs to it.
//
//	covered    share of faults that an incident covers
//	fragments  incidents that cover a fault, per covered fault
//	merged     share of incidents that cover more than one fault
//	noise      share of incidents that cover none
func groupingBench(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("grouping", flag.ContinueOnError)
	data := flags.String("data", "../shared/data", "folder with rca/")
	tau := flags.Duration("tau", 0, "attach_tau, the default when 0")
	only := flags.String("set", "", "only this set, such as nezha_ob")
	each := flags.Bool("each", false, "print each incident")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	days, err := loadFaultDays(*data)
	if err != nil {
		return nil, err
	}
	found := figures{}
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "recording\tfaults\tcovered\tincidents\tfragments\tmerged\tnoise\treports\tus/report\tKiB kept")
	totals := map[string]*foldScore{}
	for _, d := range days {
		if *only != "" && d.set != *only {
			continue
		}
		r, err := foldDay(d, *tau)
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", d.set, d.name, err)
		}
		if *each {
			r.print(out, d)
		}
		half := len(d.faults) / 2
		for _, part := range []struct {
			name     string
			from, to int
		}{{"", 0, len(d.faults)}, {", faults of the first half", 0, half}, {", of the second half", half, len(d.faults)}} {
			s := r.score(d, part.from, part.to)
			fmt.Fprintf(w, "%s/%s%s\t%s", d.set, d.name, part.name, s)
			if part.name == "" {
				fmt.Fprintf(w, "\t%d\t%.0f\t%d", r.reports, r.took.Seconds()*1e6/float64(max(r.reports, 1)), r.kept>>10)
				if totals[d.set] == nil {
					totals[d.set] = &foldScore{}
				}
				totals[d.set].add(s)
				found["us_per_report_"+d.set] = r.took.Seconds() * 1e6 / float64(max(r.reports, 1))
			}
			fmt.Fprintln(w)
		}
	}
	for set, s := range totals {
		s.figures(found, "_"+set)
	}
	if s := totals["nezha_ob"]; s != nil {
		s.figures(found, "") // the set with metrics that show the faults
	}
	return found, w.Flush()
}

// folded is what the engine made of a day.
type folded struct {
	incidents []incident.Incident
	begun     map[string][]int64 // by incident, when strong episodes began
	reports   int
	took      time.Duration
	kept      int64 // bytes that the engine holds at the end
}

// foldDay gives a day's reports to the real incident engine, minute by minute.
func foldDay(d *faultDay, tau time.Duration) (*folded, error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "tocsin-grouping")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	db, err := store.OpenState(ctx, filepath.Join(dir, "state.db"))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	reports := d.reports()
	before := heapInUse()
	cfg := incident.DefaultConfig()
	if tau > 0 {
		cfg.AttachTau = yamldoc.Duration(tau)
	}
	graph := topology.DefaultGraphConfig()
	graph.Calls, graph.Uses = d.calls, d.hosts
	m, err := incident.NewManager(ctx, incident.ManagerOptions{DB: db, Config: cfg, Topology: topology.NewGraph(graph).Related})
	if err != nil {
		return nil, err
	}
	r := &folded{begun: map[string][]int64{}, reports: len(reports)}
	start := time.Now()
	for row, next := 0, 0; row < len(d.times); row++ {
		var batch []incident.Occurrence
		for ; next < len(reports) && reports[next].row == row; next++ {
			batch = append(batch, reports[next].Occurrence)
		}
		if err := m.ApplyAll(ctx, batch); err != nil {
			return nil, err
		}
		if err := m.Tick(ctx, time.Unix(d.times[row], 0).UTC()); err != nil {
			return nil, err
		}
	}
	r.took = time.Since(start)
	r.kept = heapInUse() - before
	runtime.KeepAlive(reports)
	if r.incidents, err = m.List(ctx, incident.Filter{Limit: 1000}); err != nil {
		return nil, err
	}
	return r, r.attribute(ctx, m)
}

// attribute finds from the event log when the strong episodes began that belong to
// each incident and that people are told of; one that flaps is not told again.
func (r *folded) attribute(ctx context.Context, m *incident.Manager) error {
	for seq := int64(0); ; {
		records, err := m.EventsAfter(ctx, seq, 256)
		if err != nil || len(records) == 0 {
			return err
		}
		for _, rec := range records {
			seq = rec.Event.Seq
			switch rec.Event.Kind {
			case incident.EventOpened, incident.EventReopened, incident.EventAttached:
			default:
				continue
			}
			for _, o := range rec.Incident.Occurrences {
				if o.Strong && o.Key == rec.Event.Key {
					r.begun[rec.Incident.ID] = append(r.begun[rec.Incident.ID], o.Since.Unix())
				}
			}
		}
	}
}

func heapInUse() int64 {
	runtime.GC()
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	return int64(ms.HeapAlloc)
}
