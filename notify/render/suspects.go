package render

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

// NoneFits is what the row that names no change is called when the ranking
// gave it no title.
const NoneFits = "no recent change fits"

// Suspect is one row of the ranking of causes in words.
type Suspect struct {
	Percent string   // probability, such as "78%" or "<1%"
	Title   string   // the change, or that no recent change fits
	When    string   // "started 2m before the onset, by release-bot"; "" for the row without a change
	Terms   []string // "time +2.1: started 2m before", in the order given
	Link    string   // of the change, or ""
	None    bool     // the row that says that no recent change fits
}

// Suspects returns the n most probable rows, and always the row that says that
// no recent change fits when the ranking has it. It is nil without a ranking.
func Suspects(m notify.Message, n int) []Suspect {
	var out []Suspect
	for i, f := range m.Ranking.Findings {
		if i >= n && f.Change != nil {
			continue
		}
		out = append(out, suspect(f, onset(m)))
	}
	return out
}

func onset(m notify.Message) time.Time {
	switch {
	case !m.Ranking.Onset.IsZero():
		return m.Ranking.Onset
	case !m.Incident.Onset.IsZero():
		return m.Incident.Onset
	}
	return m.Incident.Opened
}

func suspect(f rca.Finding, onset time.Time) Suspect {
	s := Suspect{Percent: percent(f.Probability), Title: oneLine(f.Title), None: f.Change == nil}
	if f.Change != nil {
		if s.Title == "" {
			s.Title = oneLine(f.Change.Title())
		}
		s.When = when(*f.Change, onset)
		if SafeURL(f.Change.Link) {
			s.Link = f.Change.Link
		}
	}
	if s.Title == "" {
		s.Title = NoneFits
	}
	for _, t := range f.Terms {
		s.Terms = append(s.Terms, term(t))
	}
	return s
}

func term(t rca.Term) string {
	s := oneLine(t.Name)
	if !math.IsNaN(t.Points) && !math.IsInf(t.Points, 0) {
		s += " " + signed(t.Points)
	}
	if text := oneLine(t.Text); text != "" {
		s += ": " + text
	}
	return s
}

func signed(f float64) string {
	s := strconv.FormatFloat(f, 'f', 1, 64)
	switch {
	case s == "-0.0" || s == "0.0":
		return "0"
	case f > 0:
		return "+" + s
	}
	return s
}

// percent writes a probability; one that is not known as "?".
func percent(p float64) string {
	switch {
	case math.IsNaN(p) || p < 0 || p > 1.0001:
		return "?"
	case p == 0:
		return "0%"
	case p < 0.01:
		return "<1%"
	case p > 0.99 && p < 1:
		return ">99%"
	}
	return strconv.Itoa(int(math.Round(p*100))) + "%"
}

// when says when a change started, measured from the onset, and who made it.
func when(c telemetry.Change, onset time.Time) string {
	s := ""
	switch d := onset.Sub(c.Started); {
	case c.Started.IsZero():
	case onset.IsZero():
		s = "started " + Time(c.Started)
	case d >= time.Second:
		s = "started " + Duration(d) + " before the onset"
	case d <= -time.Second:
		s = "started " + Duration(-d) + " after the onset"
	default:
		s = "started at the onset"
	}
	if c.Status != "" && c.Status != telemetry.StatusSucceeded {
		s = join(s, status(c.Status))
	}
	if who := oneLine(c.Author); who != "" {
		s = join(s, "by "+who)
	}
	return s
}

func status(s telemetry.ChangeStatus) string {
	switch s {
	case telemetry.StatusStarted:
		return "under way"
	case telemetry.StatusRolledBack:
		return "rolled back"
	}
	return oneLine(string(s))
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}

// Changes describes the n latest changes of the ranking, newest first, each on
// one line. A link that is not http or https is left out of Suspects' Link and
// never part of the text.
func Changes(m notify.Message, n int) []string {
	var cs []telemetry.Change
	for _, f := range m.Ranking.Findings {
		if f.Change != nil {
			cs = append(cs, *f.Change)
		}
	}
	slices.SortStableFunc(cs, func(a, b telemetry.Change) int { return b.Started.Compare(a.Started) })
	var out []string
	for _, c := range cs[:min(max(n, 0), len(cs))] {
		s := oneLine(c.Title())
		if w := when(c, onset(m)); w != "" {
			s += ", " + w
		}
		if t := oneLine(c.Summary); t != "" {
			s += ": " + t
		}
		out = append(out, s)
	}
	return out
}

// Affected describes the n leading occurrences, the lead first, each on one
// line, and says how many more there are.
func Affected(i incident.Incident, n int) []string {
	occ := slices.Clone(i.Occurrences)
	slices.SortStableFunc(occ, func(a, b incident.Occurrence) int {
		switch {
		case before(a, b):
			return -1
		case before(b, a):
			return 1
		}
		return 0
	})
	var out []string
	shown := occ[:min(max(n, 0), len(occ))]
	for _, o := range shown {
		out = append(out, Occurrence(told(o, shown)))
	}
	if more := len(occ) - len(out) + max(i.Dropped, 0); more > 0 {
		out = append(out, "and "+strconv.Itoa(more)+" more")
	}
	return out
}

// told returns an occurrence that names its instance too, if another has its name.
func told(o incident.Occurrence, among []incident.Occurrence) incident.Occurrence {
	instance := o.Labels["instance"]
	same := slices.ContainsFunc(among, func(x incident.Occurrence) bool {
		return x.Key != o.Key && x.Name == o.Name && x.Service == o.Service
	})
	switch {
	case !same || instance == "":
	case o.Service == "":
		o.Service = instance
	default:
		o.Service += " on " + instance
	}
	return o
}
