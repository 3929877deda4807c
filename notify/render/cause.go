package render

import (
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/rca"
)

// Cause says in at most two lines why the incident came about: the first cause with
// its confidence and the evidence that tells most, or why none is named. It is nil
// without an analysis, and for an incident that is over.
func Cause(m notify.Message) []string {
	a := m.Ranking.Analysis
	if a == nil || m.Incident.State == incident.StateResolved {
		return nil
	}
	if a.PrimaryCause == nil {
		if t := oneLine(a.Unexplained); t != "" {
			return []string{"unexplained: " + Cut(t, cardText/2)}
		}
		return nil
	}
	c := a.PrimaryCause
	line := oneLine(c.Title)
	if line == "" {
		line = oneLine(c.Service)
	}
	out := []string{Cut(line, cardText/2) + " (" + percent(c.Probability) + ", " + oneLine(c.Confidence) + " confidence)"}
	for _, e := range c.Evidence {
		if t := EvidenceLine(e); t != "" {
			return append(out, "because "+Cut(t, cardText/2))
		}
	}
	return out
}

// EvidenceLine says what a piece of evidence shows, on one line; "" if it says nothing.
func EvidenceLine(e rca.Evidence) string {
	if t := oneLine(e.Text); t != "" {
		return t
	}
	if e.Signal == "" {
		return ""
	}
	s := oneLine(e.Signal)
	if e.Service != "" {
		s += " of " + oneLine(e.Service)
	}
	before, after := Figure(float64(e.Before), e.Unit), Figure(float64(e.After), e.Unit)
	if before == "" || after == "" {
		return s
	}
	return s + " went from " + before + " to " + after
}
