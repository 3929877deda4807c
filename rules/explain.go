package rules

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/rules/signal"
)

// WriteExplanation writes for people what an alert asks, of which signals, as
// which PromQL, when it fires and ends, and who is told.
func (r AlertRule) WriteExplanation(w io.Writer) error {
	var b strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "  %-10s %s\n", what, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "%s %s (%s)\n", r.Source(), r.Name, r.Severity)
	line("asks", "%s", r.Condition.Text)
	for i, s := range r.signals() {
		word := ""
		if i == 0 {
			word = "signals"
		}
		line(word, "%s", signalWords(s))
	}
	if r.Condition.Event == nil {
		line("PromQL", "%s", r.Explain())
	}
	line("fires", "%s", r.firesWords())
	line("ends", "%s", r.endsWords())
	if t := r.MinTraffic; t != nil {
		line("traffic", "no alert begins below %s of %s; one that fires goes on", t.Signal.Unit.Format(t.Least), t.Signal.Name)
	}
	if len(r.Services) > 0 {
		line("services", "%s", strings.Join(r.Services, ", "))
	}
	line("channels", "%s", r.channelWords())
	if url := r.Annotations["runbook_url"]; url != "" {
		line("runbook", "%s", url)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// signals are those that the rule reads, each once.
func (r AlertRule) signals() []signal.Signal {
	var out []signal.Signal
	add := func(s signal.Signal) {
		if !slices.ContainsFunc(out, func(o signal.Signal) bool { return o.Name == s.Name }) {
			out = append(out, s)
		}
	}
	for _, c := range append(r.Condition.Comparisons(), r.Stays().Comparisons()...) {
		add(c.Signal)
	}
	if r.MinTraffic != nil {
		add(r.MinTraffic.Signal)
	}
	return out
}

func signalWords(s signal.Signal) string {
	unit := string(s.Unit)
	if s.Unit == signal.Plain {
		unit = "plain number"
	}
	return fmt.Sprintf("%s (%s, by %s): %s", s.Name, strings.ReplaceAll(unit, "_", " "), strings.Join(s.Labels(), ", "), s.Help)
}

func (r AlertRule) firesWords() string {
	if r.Duration > 0 {
		return "when that has held for " + durationText(r.Duration)
	}
	return "at once"
}

func (r AlertRule) endsWords() string {
	if r.Condition.Event != nil {
		return "when a later change of the service succeeds or is rolled back"
	}
	s := "when that no longer holds"
	if r.Recovery != nil {
		s = "when " + r.Recovery.Text
	}
	if r.KeepFiringFor > 0 {
		s += ", for " + durationText(r.KeepFiringFor)
	}
	return s
}

func (r AlertRule) channelWords() string {
	switch {
	case r.Shadow:
		return "none: a shadow alert is only counted"
	case len(r.Channels) == 0:
		return "the default ones"
	}
	return strings.Join(r.Channels, ", ")
}

func durationText(d time.Duration) string { return model.Duration(d).String() }
