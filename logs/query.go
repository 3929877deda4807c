package logs

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"slices"

	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Query says which records are wanted. The zero value of a field wants all.
type Query struct {
	From, To int64 // [From, To) in nanoseconds since the Unix epoch
	// Stream says whether the records of a stream are wanted.
	Stream func(*segment.Stream) bool
	// Levels are the numbers of the wanted levels (see segment.LevelOf), a bit for each.
	Levels    uint8
	Templates []uint64
	Trace     [16]byte
	SpanID    [8]byte
	// Words must all be in the text as whole words.
	Words []string
	// Lines must all agree with the text.
	Lines []LineFilter
	// Attributes are values that records must have.
	Attributes []segment.Label
	// Match has the last word on a record that everything else wants; it must not keep it.
	Match func(*Record) bool
	// NoText says that the text of records is not looked at, which may then be left out.
	NoText bool
	// Oldest puts the oldest record first, else the newest.
	Oldest bool
	// Limit is how many records are wanted at most.
	Limit int

	// Hints are conditions that all wanted records fulfil, in words that another store
	// can be asked with; here they decide nothing. Whole says that they, the levels and
	// the time are all there is to decide.
	Hints []Hint
	Whole bool
	// LogQL is the query for stores that speak it, without what it does to labels; empty
	// if it was not made of LogQL.
	LogQL string
}

// Hint is a condition on a label or on the text, see Query.Hints.
type Hint struct {
	// Name is that of a label, as LogQL writes it; empty for the text.
	Name string
	// Op is =, !=, =~ or !~ for a label, and |=, !=, |~ or !~ for the text.
	Op    string
	Value string
	// Stream says that the label must be one of the stream.
	Stream bool
}

// Keeper returns a func that says whether a record is one that the query wants, for
// records that do not come from a Store. The func is for one goroutine.
func (q *Query) Keeper() func(*Record) bool {
	p := newPlan(q)
	return func(r *Record) bool {
		return p.wantsTime(r.Time) && p.wantsLevel(r.Severity) && p.wantsTemplate(r.Template) && p.wantsIDs(r.Trace, r.SpanID) &&
			(p.Stream == nil || p.Stream(r.Stream)) && p.wantsAttributes(r.Attributes) && p.wantsBody(r.Body) &&
			(p.Match == nil || p.Match(r))
	}
}

// Record is a record that was found. It is valid until the callback that was given it returns.
type Record struct {
	Time       int64
	Severity   telemetry.Severity
	Stream     *segment.Stream
	Trace      [16]byte
	SpanID     [8]byte
	Template   uint64
	Attributes []telemetry.Pair
	Body       []byte

	rank uint32
}

// LineFilter is a condition on the text of a record.
type LineFilter struct {
	not     bool
	literal []byte         // nil: the expression counts
	expr    *regexp.Regexp // nil: the literal counts
	needs   [][]byte       // texts without which the expression cannot match
}

// Contains is for records whose text holds, or with not does not hold, a piece of text.
func Contains(text string, not bool) LineFilter {
	return LineFilter{not: not, literal: []byte(text)}
}

// Matches is for records whose text a regular expression finds something in, or with not
// does not.
func Matches(expr string, not bool) (LineFilter, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return LineFilter{}, err
	}
	parsed, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return LineFilter{}, err
	}
	f := LineFilter{not: not, expr: re, needs: literalsOf(parsed.Simplify())}
	if parsed.Op == syntax.OpLiteral && parsed.Flags&syntax.FoldCase == 0 {
		return Contains(string(parsed.Rune), not), nil
	}
	return f, nil
}

// literalsOf returns texts that everything an expression matches has.
func literalsOf(re *syntax.Regexp) [][]byte {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return [][]byte{[]byte(string(re.Rune))}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return literalsOf(re.Sub[0])
	case syntax.OpConcat:
		var out [][]byte
		for _, sub := range re.Sub {
			out = append(out, literalsOf(sub)...)
		}
		return out
	}
	return nil
}

// match says whether the text of a record agrees with the filter.
func (f *LineFilter) match(body []byte) bool {
	if f.expr == nil {
		return bytes.Contains(body, f.literal) != f.not
	}
	for _, text := range f.needs {
		if !bytes.Contains(body, text) {
			return f.not
		}
	}
	return f.expr.Match(body) != f.not
}

// decide says what the parts of a skeleton alone tell of its records: all agree, none
// does, or it depends on the variables.
func (f *LineFilter) decide(parts [][]byte) (all, known bool) {
	if f.expr != nil {
		if len(parts) == 1 {
			return f.match(parts[0]), true
		}
		return false, false
	}
	for _, part := range parts {
		if bytes.Contains(part, f.literal) {
			return !f.not, true
		}
	}
	return f.not, len(parts) == 1
}

// plan is a query made ready.
type plan struct {
	*Query
	probes []segment.Probe
	words  [][]byte
}

func newPlan(q *Query) *plan {
	p := &plan{Query: q}
	for i := range q.Lines {
		f := &q.Lines[i]
		switch {
		case f.not:
		case f.expr == nil:
			p.probes = append(p.probes, segment.Probes(f.literal)...)
		default:
			for _, text := range f.needs {
				p.probes = append(p.probes, segment.Probes(text)...)
			}
		}
	}
	for _, w := range q.Words {
		p.words = append(p.words, []byte(w))
		if probe, ok := segment.WordProbe(w); ok {
			p.probes = append(p.probes, probe)
		}
	}
	if q.Trace != [16]byte{} {
		p.probes = append(p.probes, segment.TraceProbe(q.Trace))
	}
	if q.SpanID != [8]byte{} {
		p.probes = append(p.probes, segment.SpanProbe(q.SpanID))
	}
	for _, a := range q.Attributes {
		p.probes = append(p.probes, segment.AttributeProbe(a.Name, a.Value))
	}
	return p
}

// needsBody says whether a record's text decides.
func (p *plan) needsBody() bool { return len(p.words)+len(p.Lines) > 0 }

// simple says whether times, levels, templates and streams alone decide.
func (p *plan) simple() bool { return !p.needsBody() && len(p.probes) == 0 && p.Match == nil }

func (p *plan) wantsTime(at int64) bool { return at >= p.From && at < p.To }

func (p *plan) wantsLevel(sev telemetry.Severity) bool {
	return p.Levels == 0 || p.Levels>>segment.LevelOf(sev)&1 == 1
}

func (p *plan) wantsTemplate(id uint64) bool {
	return len(p.Templates) == 0 || slices.Contains(p.Templates, id)
}

func (p *plan) wantsIDs(trace [16]byte, span [8]byte) bool {
	return (p.Trace == [16]byte{} || p.Trace == trace) && (p.SpanID == [8]byte{} || p.SpanID == span)
}

func (p *plan) needsIDs() bool { return p.Trace != [16]byte{} || p.SpanID != [8]byte{} }

func (p *plan) wantsBody(body []byte) bool {
	for _, w := range p.words {
		if !segment.HasWord(body, w) {
			return false
		}
	}
	for i := range p.Lines {
		if !p.Lines[i].match(body) {
			return false
		}
	}
	return true
}

func (p *plan) wantsAttributes(have []telemetry.Pair) bool {
	for _, want := range p.Attributes {
		if !slices.ContainsFunc(have, func(a telemetry.Pair) bool {
			return string(a.Name) == want.Name && string(a.Value) == want.Value
		}) {
			return false
		}
	}
	return true
}

// wantsStreams says for each stream whether it is wanted, and whether any is; nil: all.
func (p *plan) wantsStreams(streams []segment.Stream) (wanted []bool, any bool) {
	if p.Stream == nil {
		return nil, true
	}
	wanted = make([]bool, len(streams))
	for i := range streams {
		wanted[i] = p.Stream(&streams[i])
		any = any || wanted[i]
	}
	return wanted, any
}
