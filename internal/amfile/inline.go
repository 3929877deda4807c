package amfile

import (
	"slices"
	"strings"

	"github.com/prometheus/alertmanager/config"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// globalSection is what tocsin.yml calls Alertmanager's `global`.
const globalSection = "alertmanager_global"

// Sections are the names of the sections of tocsin.yml that are handed to
// Alertmanager's loader, for yamldoc.WithVerbatim. The slice is the caller's.
func Sections() []string {
	return []string{globalSection, "route", "receivers", "inhibit_rules", "time_intervals", "mute_time_intervals", "templates"}
}

// Section is a section of tocsin.yml that is handed to Alertmanager's loader as
// it stands. It decodes from anything and keeps nothing; see Inline.
type Section struct{}

// DecodeNode takes whatever is there.
func (*Section) DecodeNode(yamldoc.Node) yamldoc.Errors { return nil }

// Document is a configuration of Alertmanager with the text it was read from.
// The zero Document says nothing.
type Document struct {
	// Config is what Alertmanager's loader made of Text; nil when there is none.
	Config *config.Config
	// File is where Text stands.
	File string
	// Text is that of the file, with an empty line in the place of each line that
	// is not Alertmanager's.
	Text []byte
}

// Inline reads the sections of doc that are Alertmanager's own. src is the text
// doc was made of, whose lines the errors name.
func Inline(doc *yamldoc.Document, src []byte) (Document, yamldoc.Errors) {
	root := doc.Root()
	var found []yamldoc.Node
	for _, key := range Sections() {
		if at, ok := root.Get(key); ok {
			found = append(found, at)
		}
	}
	if len(found) == 0 {
		return Document{}, nil
	}
	if _, ok := root.Get("route"); !ok {
		return Document{}, yamldoc.Errors{found[0].Errorf("want a route beside it, as in alertmanager.yml: it says which receiver gets what")}
	}
	slices.SortFunc(found, func(a, b yamldoc.Node) int { return a.Line() - b.Line() })
	lines := splitLines(src)
	var text strings.Builder
	next := 1
	for _, at := range found {
		// Lines can be told apart only when each section begins one.
		if !strings.HasPrefix(strings.TrimPrefix(lines.text(at.Line(), at.Line()), "\ufeff"), at.Path()+":") {
			return Document{}, yamldoc.Errors{at.Errorf("want this section in lines of its own, beginning at the margin, as in alertmanager.yml")}
		}
		text.WriteString(strings.Repeat("\n", at.Line()-next))
		end := endOf(doc, at.Path(), len(lines))
		text.WriteString(strings.TrimPrefix(strings.TrimPrefix(lines.text(at.Line(), end), "\ufeff"), "alertmanager_"))
		next = end + 1
	}
	out := Document{File: doc.File(), Text: []byte(text.String())}
	var errs yamldoc.Errors
	out.Config, errs = Parse(out.File, out.Text)
	for i, e := range errs {
		if e.Path == "global" || strings.HasPrefix(e.Path, "global.") {
			errs[i].Path = "alertmanager_" + e.Path
		}
	}
	return out, errs
}

// endOf returns the last line of a section at the top.
func endOf(doc *yamldoc.Document, key string, most int) int {
	begin, end := doc.Line(key), most
	for _, other := range doc.Root().Keys() {
		if line := doc.Line(other); line > begin {
			end = min(end, line-1)
		}
	}
	return end
}

// lines are those of a text with their ends.
type lines []string

func splitLines(src []byte) lines { return slices.Collect(strings.Lines(string(src))) }

// text returns the lines from one to another, both counted from 1 and included.
func (l lines) text(from, to int) string {
	from, to = max(from, 1), min(to, len(l))
	if from > to {
		return ""
	}
	return strings.Join(l[from-1:to], "")
}
