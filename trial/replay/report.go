package replay

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Report is what a backtest of rules found.
type Report struct {
	From, To time.Time
	Entries  []journal.Entry // of the rules under test, in order of time
	Pages    []journal.Page
	Failures []string // rules that failed to evaluate, each once

	Compared bool // there were rules to compare with; the rest is then about them
	Running  []journal.Page
	New      []journal.Page // pages of the rules under test that the running ones do not make
	Gone     []journal.Page // the other way round

	Rules       int // of one evaluation, signals included
	Evaluations int64
	Loads       int // how often the source was asked
	Took        time.Duration
}

// failures counts errors of rules by their text.
type failures map[string]failure

type failure struct {
	first time.Time
	n     int
}

// maxFailures bounds how many different errors are kept.
const maxFailures = 50

func (f failures) note(err error, at time.Time) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		// The time of evaluation would make each one different.
		if i := strings.Index(line, ": evaluate at "); i >= 0 {
			if j := strings.Index(line[i+2:], ": "); j >= 0 {
				line = line[:i] + line[i+2+j:]
			}
		}
		have, ok := f[line]
		if !ok && len(f) >= maxFailures {
			continue
		}
		if !ok {
			have.first = at
		}
		have.n++
		f[line] = have
	}
}

func (f failures) list() []string {
	var out []string
	for text, x := range f {
		out = append(out, fmt.Sprintf("%s (%d times since %s)", text, x.n, stamp(x.first)))
	}
	slices.Sort(out)
	return out
}

func (o Options) report(lanes []*lane, w *Window, took time.Duration) *Report {
	r := &Report{From: o.From, To: o.To, Took: took, Loads: w.loads, Compared: len(lanes) > 1}
	for _, l := range lanes {
		r.Rules += l.history.Rules()
		r.Evaluations += l.evals
		r.Failures = append(r.Failures, l.failed.list()...)
	}
	r.Entries = lanes[0].entries
	r.Pages = journal.Pages(r.Entries, o.To)
	if r.Compared {
		r.Running = journal.Pages(lanes[1].entries, o.To)
		r.New, r.Gone = without(r.Pages, r.Running, o.To), without(r.Running, r.Pages, o.To)
	}
	return r
}

// without returns those pages that have no counterpart among the others: one of
// the same name, service and environment that stands at some moment with it.
func without(pages, others []journal.Page, until time.Time) []journal.Page {
	type who struct{ name, service, environment string }
	of := func(p journal.Page) who { return who{p.Name, p.Service, p.Environment} }
	by := map[who][]journal.Page{}
	for _, p := range others {
		by[of(p)] = append(by[of(p)], p)
	}
	end := func(p journal.Page) time.Time {
		if p.Ended.IsZero() {
			return until
		}
		return p.Ended
	}
	var out []journal.Page
	for _, p := range pages {
		if !slices.ContainsFunc(by[of(p)], func(x journal.Page) bool { return !x.Fired.After(end(p)) && !p.Fired.After(end(x)) }) {
			out = append(out, p)
		}
	}
	return out
}

// Speed returns rules evaluated per second and how many times faster than the
// past itself the replay went.
func (r *Report) Speed() (perSecond, timesReal float64) {
	s := max(r.Took.Seconds(), 1e-9)
	return float64(r.Evaluations) / s, r.To.Sub(r.From).Seconds() / s
}

// row is what one alert of one service did.
type row struct {
	name, service, severity string
	shadow                  bool
	pages, open, before     int
	total, longest, held    time.Duration
	fresh, gone             int
}

func (r *Report) rows() []row {
	var out []row
	find := func(p journal.Page) *row {
		i := slices.IndexFunc(out, func(x row) bool { return x.name == p.Name && x.service == p.Service })
		if i < 0 {
			out = append(out, row{name: p.Name, service: p.Service, severity: p.Severity, shadow: p.Shadow})
			i = len(out) - 1
		}
		return &out[i]
	}
	for _, p := range r.Pages {
		x, lasted := find(p), p.Lasted(r.To)
		x.pages++
		x.total += lasted
		x.longest = max(x.longest, lasted)
		x.held += time.Duration(p.Held * float64(time.Second))
		if p.Ended.IsZero() {
			x.open++
		}
	}
	for _, p := range r.Running {
		find(p).before++
	}
	for _, p := range r.New {
		find(p).fresh++
	}
	for _, p := range r.Gone {
		find(p).gone++
	}
	slices.SortStableFunc(out, func(a, b row) int {
		return cmp.Or(cmp.Compare(b.pages, a.pages), cmp.Compare(a.name, b.name), cmp.Compare(a.service, b.service))
	})
	return out
}

// listMost is how many pages the text lists of each sort.
const listMost = 40

// WriteText writes the report for people: a row for each alert of each service,
// and then the pages, new and gone ones first if there is a comparison.
func (r *Report) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	weeks := r.To.Sub(r.From).Hours() / (7 * 24)
	fmt.Fprintf(t, "from %s to %s\n\n", stamp(r.From), stamp(r.To))
	head := "ALERT\tSERVICE\tSEVERITY\tPAGES\tPER WEEK\tIN TOTAL\tLONGEST\tHELD"
	if r.Compared {
		head += "\tNOW\tNEW\tGONE"
	}
	fmt.Fprintln(t, head)
	for _, x := range r.rows() {
		name := x.name
		if x.shadow {
			name += " (shadow)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%.1f\t%s\t%s\t%s", name, cmp.Or(x.service, "-"), x.severity, x.pages, float64(x.pages)/weeks,
			short(x.total), short(x.longest), short(x.held))
		if r.Compared {
			fmt.Fprintf(t, "\t%d\t%d\t%d", x.before, x.fresh, x.gone)
		}
		fmt.Fprintln(t)
	}
	if len(r.Pages)+len(r.Running) == 0 {
		fmt.Fprintln(t, "nothing would have paged")
	}
	if r.Compared {
		r.list(t, "new pages", r.New)
		r.list(t, "gone pages", r.Gone)
	} else {
		r.list(t, "pages", r.Pages)
	}
	for i, f := range r.Failures {
		if i == 0 {
			fmt.Fprintln(t, "\nrules that failed")
		}
		fmt.Fprintf(t, "  %s\n", f)
	}
	return t.Flush()
}

func (r *Report) list(w io.Writer, what string, pages []journal.Page) {
	if len(pages) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", what)
	for i, p := range pages {
		if i == listMost {
			fmt.Fprintf(w, "  and %d more\n", len(pages)-i)
			return
		}
		lasted := short(p.Lasted(r.To))
		if p.Ended.IsZero() {
			lasted += ", still stands"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\tfor %s\t%s\n", stamp(p.Fired), p.Name, cmp.Or(p.Service, "-"), lasted, p.Summary)
	}
}

// String sums up in one line.
func (r *Report) String() string {
	each, times := r.Speed()
	s := telemetry.Counted(len(r.Pages), "page", "pages")
	if r.Compared {
		s += fmt.Sprintf(" (%d by the running rules; %d new, %d gone)", len(r.Running), len(r.New), len(r.Gone))
	}
	return s + fmt.Sprintf("; %s of %s in %s, %.0f/s, %.0f times real time", telemetry.Counted(r.Evaluations, "evaluation", "evaluations"), telemetry.Counted(r.Rules, "rule", "rules"), r.Took.Round(time.Millisecond), each, times)
}

func short(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return d.Round(time.Second).String()
}
