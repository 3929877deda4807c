package promfile

import (
	"slices"

	"github.com/prometheus/prometheus/config"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Names of sections at the top of Prometheus' configuration.
const (
	scrapeConfigs = "scrape_configs"
	remoteWrite   = "remote_write"
)

// Sections are the names of the sections that tocsin.yml has in common with
// prometheus.yml, for yamldoc.WithVerbatim. The slice is the caller's.
func Sections() []string {
	return []string{"global", scrapeConfigs, "scrape_config_files", remoteWrite}
}

// Section is a section of tocsin.yml that is handed to Prometheus' loader as it
// stands. It decodes from anything and keeps nothing; see Inline.
type Section struct{}

// DecodeNode takes whatever is there.
func (*Section) DecodeNode(yamldoc.Node) yamldoc.Errors { return nil }

// Document is a configuration of Prometheus with the text that it was read from.
// The zero Document says nothing.
type Document struct {
	// Config is what Prometheus' loader made of Text; see Loaded.
	Config *config.Config
	// File is where Text stands.
	File string
	// Text is that of the file, with an empty line in the place of each line that
	// is not Prometheus'; empty when there is none of it.
	Text []byte
}

// Loaded returns Config, or Prometheus' defaults when the document says nothing.
func (d Document) Loaded() *config.Config {
	if d.Config == nil {
		return Empty()
	}
	return d.Config
}

// Inline reads the sections of doc that are Prometheus' own. src is the text doc
// was made of, whose lines the errors name.
func Inline(doc *yamldoc.Document, src []byte) (Document, yamldoc.Errors) {
	found := doc.Sections(Sections())
	if len(found) == 0 {
		return Document{}, nil
	}
	text, bad := doc.Only(found, src, "prometheus.yml", nil)
	if len(bad) > 0 {
		return Document{}, bad
	}
	out := Document{File: doc.File(), Text: text}
	var errs yamldoc.Errors
	out.Config, errs = load(out.File, out.Text, nil)
	return out, errs
}

// Unused lists the sections of a prometheus.yml that have no effect here, in the
// order of the file.
func Unused(src []byte) []string {
	doc, errs := yamldoc.Parse("", src)
	if len(errs) > 0 {
		return nil
	}
	var out []string
	for _, key := range doc.Root().Keys() {
		if !slices.Contains([]string{"global", scrapeConfigs, "scrape_config_files"}, key) {
			out = append(out, key)
		}
	}
	return out
}
