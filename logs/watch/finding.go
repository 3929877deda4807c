package watch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Kind is a way of being odd.
type Kind string

// The kinds.
const (
	KindNew      Kind = "new"
	KindReturned Kind = "returned"
	KindBurst    Kind = "burst"
	KindDrop     Kind = "drop"
	KindSilence  Kind = "silence"
	KindMix      Kind = "mix"
)

// Phase is where a finding is in its life.
type Phase int

// The phases.
const (
	Opened Phase = iota + 1
	Changed
	Closed
)

// Part is one thing that is odd.
type Part struct {
	Kind     Kind               `json:"kind"`
	Template string             `json:"template,omitempty"` // its id, as in the label of the series; "" for the mix
	Text     string             `json:"text,omitempty"`
	Severity telemetry.Severity `json:"severity,omitempty"`
	Count    uint64             `json:"count"`    // lines in the minute
	Expected float64            `json:"expected"` // of them
	// Chance is how likely this is when nothing is wrong.
	Chance  float64   `json:"chance"`
	Since   time.Time `json:"since"`
	Example string    `json:"example,omitempty"` // a line, cut
}

// Finding is what is odd about the lines of a service at one time: all that is odd
// together is one finding, for as long as something is.
type Finding struct {
	Service string `json:"service"`
	// Environment is where it began, "" if in several or nobody says.
	Environment string    `json:"environment,omitempty"`
	Phase       Phase     `json:"phase"`
	Since       time.Time `json:"since"` // the first minute
	At          time.Time `json:"at"`    // the end of the minute of this report
	// Parts are the oddest first, at most MaxParts; Dropped counts the others.
	Parts   []Part  `json:"parts"`
	Dropped int     `json:"dropped,omitempty"`
	Score   float64 `json:"score"` // 1 less the chance of the oddest part
	// Errors says that a part is of lines of at least error that are new or came in a burst.
	Errors bool `json:"errors"`
	// Felt says that one of those came at least FeltFrom times in a minute: what users run
	// into, and not one odd request.
	Felt bool `json:"felt"`
}

// FeltFrom is how many error lines of one sort in a minute count as felt by users.
const FeltFrom = 10

// MaxParts bounds the parts of a finding.
const MaxParts = 10

// Summary is one sentence with the figures of the oddest parts.
func (f *Finding) Summary() string {
	var b strings.Builder
	for i, p := range f.Parts {
		if i == 3 {
			fmt.Fprintf(&b, "; and %d more", len(f.Parts)-i+f.Dropped)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(p.words())
	}
	return b.String()
}

func (p *Part) words() string {
	text := p.Text
	if r := []rune(text); len(r) > 120 {
		text = string(r[:120]) + "…"
	}
	level := ""
	if p.Severity.Level() >= telemetry.SeverityWarn {
		level = p.Severity.String() + " "
	}
	switch p.Kind {
	case KindNew:
		return fmt.Sprintf("new %sline %q, %d in a minute", level, text, p.Count)
	case KindReturned:
		return fmt.Sprintf("%sline %q is back, %d in a minute", level, text, p.Count)
	case KindBurst:
		return fmt.Sprintf("%d %slines %q in a minute where %s are normal", p.Count, level, text, figure(p.Expected))
	case KindDrop:
		return fmt.Sprintf("only %d %slines %q in a minute where %s are normal", p.Count, level, text, figure(p.Expected))
	case KindSilence:
		return fmt.Sprintf("no %sline %q where %s a minute are normal", level, text, figure(p.Expected))
	}
	return fmt.Sprintf("the mix of lines changed by %.0f%% where %.0f%% is normal", 100*float64(p.Count)/1000, 100*p.Expected)
}

func figure(x float64) string {
	if x < 10 {
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

// grave reports whether a part is of errors that are more than they were.
func (p *Part) grave() bool {
	return p.Severity.Level() >= telemetry.SeverityError && (p.Kind == KindBurst || p.Kind == KindNew || p.Kind == KindReturned)
}

// episode is the finding of a service that goes on.
type episode struct {
	since, last int64 // minutes
	parts       map[string]Part
	dropped     int
	environment string // of its first minute
}

// fold adds the parts of a minute and returns what is to be told, nil if nothing is.
// now is how many lines of a template the minute has.
func (e *episode) fold(service string, minute int64, parts []Part, quiet time.Duration, now func(template string) uint64) *Finding {
	end := time.Unix((minute+1)*60, 0).UTC()
	if len(parts) == 0 {
		if e.parts == nil || minute-e.last < int64(quiet/time.Minute) {
			return nil
		}
		for key, p := range e.parts {
			p.Count = now(p.Template) // which shows whether it is over, or taken for normal
			e.parts[key] = p
		}
		f := e.finding(service, Closed, end)
		*e = episode{}
		return f
	}
	phase := Changed
	if e.parts == nil {
		phase = Opened
		e.since, e.parts = minute, map[string]Part{}
	}
	e.last = minute
	news := phase == Opened
	for _, p := range parts {
		key := string(p.Kind) + p.Template
		old, known := e.parts[key]
		switch {
		case !known && len(e.parts) >= 4*MaxParts:
			e.dropped++
			continue
		case known:
			p.Since = old.Since
			if p.Chance > old.Chance {
				p.Chance = old.Chance
			}
		}
		news = news || !known
		e.parts[key] = p
	}
	if !news {
		return nil
	}
	return e.finding(service, phase, end)
}

func (e *episode) finding(service string, p Phase, end time.Time) *Finding {
	f := &Finding{Service: service, Environment: e.environment, Phase: p, Since: time.Unix(e.since*60, 0).UTC(), At: end, Dropped: e.dropped}
	for _, x := range e.parts {
		f.Parts = append(f.Parts, x)
		f.Errors = f.Errors || x.grave()
		f.Felt = f.Felt || x.grave() && x.Count >= FeltFrom
	}
	slices.SortFunc(f.Parts, func(a, b Part) int {
		return cmp.Or(-cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Chance, b.Chance), cmp.Compare(a.Template, b.Template), cmp.Compare(a.Kind, b.Kind))
	})
	f.Score = 1 - f.Parts[0].Chance
	for _, x := range f.Parts {
		f.Score = max(f.Score, 1-x.Chance)
	}
	if n := len(f.Parts); n > MaxParts {
		f.Dropped += n - MaxParts
		f.Parts = f.Parts[:MaxParts]
	}
	return f
}

// rank puts what is grave first.
func rank(p Part) int {
	if p.grave() {
		return 1
	}
	return 0
}
