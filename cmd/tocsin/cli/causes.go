package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/notify/render"
	"github.com/tocsinhq/tocsin/rca"
)

// showAnalysis writes why an incident came about; nothing without an analysis.
func showAnalysis(w io.Writer, a *rca.Analysis) {
	if a == nil {
		return
	}
	fmt.Fprintln(w, "\nCause")
	switch c := a.PrimaryCause; {
	case c != nil:
		say(w, "  %s (%.0f %%, %s confidence)\n", c.Title, 100*c.Probability, c.Confidence)
		showEvidence(w, c.Evidence)
		if len(c.Path) > 1 {
			say(w, "    way here: %s\n", strings.Join(c.Path, " -> "))
		}
	case a.Unexplained != "":
		say(w, "  unexplained: %s\n", a.Unexplained)
	}
	for _, x := range a.Against {
		say(w, "    against it (%s): %s\n", x.Basis, x.Text)
	}
	for i, c := range a.ContributingFactors {
		if i == 0 {
			fmt.Fprintln(w, "  contributing")
		}
		say(w, "    %s (%.0f %%, %s confidence)\n", c.Title, 100*c.Probability, c.Confidence)
	}
	if len(a.AffectedServices) > 0 {
		var names []string
		for _, s := range a.AffectedServices {
			names = append(names, s.Service)
		}
		say(w, "  affected: %s\n", strings.Join(names, ", "))
	}
	for _, f := range a.SuggestedFixes {
		tried := ""
		if f.Tried > 0 {
			tried = fmt.Sprintf(", helped %d of %d times", f.Helped, f.Tried)
		}
		say(w, "  try: %s (%s%s)\n", f.Title, f.Source, tried)
	}
	for _, m := range a.PreventionMeasures {
		say(w, "  prevent: %s (%s; %s)\n", m.Title, m.Reason, m.Basis)
	}
	showEstimate(w, a.EstimatedTimeToResolve)
}

func showEvidence(w io.Writer, list []rca.Evidence) {
	for _, e := range list {
		basis := e.Basis
		if basis == "" {
			basis = rca.Observed
		}
		if t := render.EvidenceLine(e); t != "" {
			say(w, "    %s: %s\n", basis, t)
		}
	}
}

func showEstimate(w io.Writer, e *rca.Estimate) {
	switch {
	case e == nil:
	case e.P50 != nil && e.P80 != nil:
		say(w, "  over within %s in half of the cases, %s in 80 of 100 (from %d incidents)\n", seconds(*e.P50), seconds(*e.P80), e.BasedOn)
	case e.P50 != nil:
		say(w, "  over within %s in half of the cases (from %d incidents)\n", seconds(*e.P50), e.BasedOn)
	case e.Reason != "":
		say(w, "  how long it will take is not known: %s\n", e.Reason)
	}
}

func seconds(s float64) string {
	return render.Duration(time.Duration(s * float64(time.Second)))
}
