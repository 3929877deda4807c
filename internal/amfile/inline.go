package amfile

import (
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
	found := doc.Sections(Sections())
	if len(found) == 0 {
		return Document{}, nil
	}
	if _, ok := doc.Root().Get("route"); !ok {
		return Document{}, yamldoc.Errors{found[0].Errorf("want a route beside it, as in alertmanager.yml: it says which receiver gets what")}
	}
	text, bad := doc.Only(found, src, "alertmanager.yml", func(key string) string { return strings.TrimPrefix(key, "alertmanager_") })
	if len(bad) > 0 {
		return Document{}, bad
	}
	out := Document{File: doc.File(), Text: text}
	var errs yamldoc.Errors
	out.Config, errs = Parse(out.File, out.Text)
	for i, e := range errs {
		if e.Path == "global" || strings.HasPrefix(e.Path, "global.") {
			errs[i].Path = "alertmanager_" + e.Path
		}
	}
	return out, errs
}
