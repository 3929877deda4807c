package slo

import (
	"fmt"
	"io"
	"strings"
)

// WriteExplanation writes for people what an objective counts, as which PromQL,
// and when it alerts whom. The steps are those of the daemon that will run it.
func (o Objective) WriteExplanation(w io.Writer, steps Steps) error {
	var b strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "  %-10s %s\n", what, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "%s %s\n", o.Origin(), o.Name)
	line("asks", "%s of the events are good over %s; the budget is %s", percent(o.Target), WindowName(o.Window), percent(o.Budget()))
	line("bad", "%s", o.Counts)
	line("recorded", "%s and %s", o.Events.All.Metric(), o.Events.Bad.Metric())
	all, bad := o.counted(o.Window, steps)
	line("share", "(%s) / (%s)", bad, all)
	for _, x := range o.Burns {
		line(x.Severity, "%s times as fast as it lasts over %s and %s: %s%% of the budget in %s",
			number(x.Rate), WindowName(x.Long), WindowName(x.Short), number(100*x.Rate*float64(x.Long)/float64(o.Window)), WindowName(x.Long))
		line("", "%s", o.Query(x))
	}
	line("traffic", "at least %s bad events in the long window, and rarer by chance than %s", number(o.LowTraffic.MinBad), percent(1-o.LowTraffic.Confidence))
	if len(o.Services) > 0 {
		line("services", "%s", strings.Join(o.Services, ", "))
	}
	switch {
	case o.Shadow:
		line("channels", "none: a shadow alert is only counted")
	case len(o.Channels) > 0:
		line("channels", "%s", strings.Join(o.Channels, ", "))
	default:
		line("channels", "the default ones")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
