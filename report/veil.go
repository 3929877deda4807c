package report

import (
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/tocsinhq/tocsin/incident"
)

// redacted stands where something is not to be read.
const redacted = "<redacted>"

// somebody stands for the author of a change.
const somebody = "the author"

// veil takes names and secrets out of the texts of a report.
type veil struct {
	names *regexp.Regexp
	roles map[string]string
	hide  []*regexp.Regexp
}

// newVeil collects the names that occur in an input. Those who acted become
// "responder A" in the order in which they came; authors of changes are never named.
func newVeil(in Input, c Config) *veil {
	v := &veil{roles: map[string]string{}}
	if !c.NamePeople {
		for _, r := range in.Records {
			if who := r.Event.Actor; who != "" && who != incident.ActorSelf && v.roles[who] == "" {
				v.roles[who] = "responder " + letters(len(v.roles))
			}
		}
	}
	for _, x := range in.Changes {
		v.author(x.Author)
	}
	if in.Ranking != nil {
		for _, f := range in.Ranking.Findings {
			if f.Change != nil {
				v.author(f.Change.Author)
			}
		}
	}
	var names []string
	for n := range v.roles {
		if len(n) > 1 {
			names = append(names, regexp.QuoteMeta(n))
		}
	}
	if len(names) > 0 {
		// Longer names first, so that "ann lee" is not cut to "responder A lee".
		sort.Slice(names, func(i, j int) bool {
			return len(names[i]) > len(names[j]) || len(names[i]) == len(names[j]) && names[i] < names[j]
		})
		v.names = regexp.MustCompile(strings.Join(names, "|"))
	}
	for _, e := range c.Redact {
		if re, err := regexp.Compile(e); err == nil { // Validate refuses what does not compile
			v.hide = append(v.hide, re)
		}
	}
	for _, l := range c.RedactLabels {
		l = regexp.QuoteMeta(l)
		v.hide = append(v.hide, regexp.MustCompile(`\b`+l+`\s*(?:=~|!~|!=|=|:)\s*(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;"'{}()|]+)`))
	}
	return v
}

func (v *veil) author(name string) {
	if name != "" && v.roles[name] == "" {
		v.roles[name] = somebody
	}
}

// letters counts A, B, ... Z, AA.
func letters(n int) string {
	s := ""
	for n++; n > 0; n = (n - 1) / 26 {
		s = string(rune('A'+(n-1)%26)) + s
	}
	return s
}

// text returns s without names and without what is to be hidden.
func (v *veil) text(s string) string {
	if v.names != nil {
		s = v.replaceNames(s)
	}
	for _, re := range v.hide {
		s = re.ReplaceAllString(s, redacted)
	}
	return s
}

// replaceNames replaces names that stand for themselves, not within longer words.
func (v *veil) replaceNames(s string) string {
	var b strings.Builder
	at := 0
	for _, m := range v.names.FindAllStringIndex(s, -1) {
		b.WriteString(s[at:m[0]])
		name := s[m[0]:m[1]]
		if m[0] > 0 && wordy(s[m[0]-1]) || m[1] < len(s) && wordy(s[m[1]]) {
			b.WriteString(name)
		} else {
			b.WriteString(v.roles[name])
		}
		at = m[1]
	}
	return b.String() + s[at:]
}

func wordy(c byte) bool {
	return c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// link drops an address that holds something to be hidden: it would lead nowhere.
func (v *veil) link(s string) string {
	if s != "" && (v.text(s) != s || v.text(unescaped(s)) != unescaped(s)) {
		return ""
	}
	return s
}

// cover takes names and secrets out of every text of a postmortem.
func (v *veil) cover(p *Postmortem) {
	texts := []*string{&p.Title, &p.Service, &p.Environment, &p.Unknown}
	links := []*string{}
	for n := range p.Factors {
		texts = append(texts, &p.Factors[n].Text)
	}
	for n := range p.Measures {
		texts = append(texts, &p.Measures[n].Text)
	}
	for n := range p.Symptoms {
		s := &p.Symptoms[n]
		texts, links = append(texts, &s.Name, &s.Service, &s.Query), append(links, &s.Link)
	}
	list := make([]*Suspect, 0, len(p.Suspects)+1)
	for n := range p.Suspects {
		list = append(list, &p.Suspects[n])
	}
	if p.Trigger != nil {
		own := *p.Trigger // its lists are those of the first suspect
		own.For, own.Against, own.Evidence = slices.Clone(own.For), slices.Clone(own.Against), slices.Clone(own.Evidence)
		p.Trigger = &own
		list = append(list, p.Trigger)
	}
	for _, s := range list {
		texts, links = append(texts, &s.Title, &s.Service, &s.Ruled), append(links, &s.Link)
		for n := range s.For {
			texts = append(texts, &s.For[n])
		}
		for n := range s.Against {
			texts = append(texts, &s.Against[n])
		}
		for n := range s.Evidence {
			texts, links = append(texts, &s.Evidence[n].Query), append(links, &s.Evidence[n].Link)
		}
	}
	for n := range p.Tried {
		texts, links = append(texts, &p.Tried[n].Title, &p.Tried[n].Why), append(links, &p.Tried[n].Link)
	}
	for n := range p.Changes {
		texts, links = append(texts, &p.Changes[n].Title, &p.Changes[n].Reason), append(links, &p.Changes[n].Link)
	}
	for n := range p.Told {
		texts = append(texts, &p.Told[n].Error)
	}
	for n := range p.Gaps {
		texts = append(texts, &p.Gaps[n].What)
	}
	for n := range p.Similar {
		texts = append(texts, &p.Similar[n].Title, &p.Similar[n].Fixed)
	}
	for n := range p.Charts {
		texts = append(texts, &p.Charts[n].Title)
	}
	for n := range p.Impact.Services {
		texts = append(texts, &p.Impact.Services[n])
	}
	for _, t := range texts {
		*t = v.text(*t)
	}
	for _, l := range links {
		*l = v.link(*l)
	}
	v.rows(p.Timeline)
}

func (v *veil) rows(rows []Row) {
	for n := range rows {
		r := &rows[n]
		r.Text, r.Link = v.text(r.Text), v.link(r.Link)
		if role := v.roles[r.By]; role != "" {
			r.By = role
		}
		r.By = v.text(r.By)
		v.rows(r.Folded)
	}
}
