package cli

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/web"
)

// showLikeness writes which past incidents one resembles and how long it may last.
func showLikeness(w io.Writer, l web.Likeness) {
	fmt.Fprintln(w, "\nHow long")
	for _, x := range []struct {
		name string
		s    web.StageEstimate
	}{{"detect", l.Estimates.Detect}, {"ack", l.Estimates.Ack}, {"mitigate", l.Estimates.Mitigate}, {"resolve", l.Estimates.Resolve}} {
		say(w, "  %-9s %s\n", x.name, stageLine(x.s))
	}
	fmt.Fprintln(w, "\nSimilar incidents")
	if len(l.Similar) == 0 {
		say(w, "  nothing similar among %d past incidents\n", l.Compared)
	}
	for _, m := range l.Similar {
		r := m.Record
		say(w, "  %3.0f %%  %s  %s, %s\n", 100*m.Similarity, r.Incident, r.Title, local(r.Opened))
		if r.False {
			say(w, "         was a false alarm\n")
		}
		if r.Cause != "" {
			by := "first suspect"
			if r.Confirmed {
				by = "confirmed cause"
			}
			say(w, "         %s: %s\n", by, r.Cause)
		}
		for _, o := range r.Ended {
			helped := "it did not recover after it"
			if o.Helped {
				helped = "it recovered after it"
			}
			say(w, "         %s by %s: %s; %s\n", o.Kind, o.Actor, o.Text, helped)
		}
		var shared []string
		for _, s := range m.Shared {
			shared = append(shared, s.What)
		}
		say(w, "         both: %s\n", strings.Join(shared, ", "))
	}
}

func stageLine(s web.StageEstimate) string {
	d := func(x *float64) string { return (time.Duration(math.Round(*x)) * time.Second).String() }
	switch {
	case s.Took != nil:
		return "took " + d(s.Took)
	case s.P50 == nil || s.P80 == nil || s.P95 == nil:
		return s.Reason
	}
	left := ""
	if s.Left50 != nil && s.Left80 != nil {
		left = fmt.Sprintf("; left %s, or %s", d(s.Left50), d(s.Left80))
	}
	return fmt.Sprintf("half within %s, 80 %% within %s, 95 %% within %s (from %d incidents)%s", d(s.P50), d(s.P80), d(s.P95), s.BasedOn, left)
}
