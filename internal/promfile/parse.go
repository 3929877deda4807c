package promfile

import (
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/config"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Parse reads a whole configuration file of Prometheus. Relative paths in it are
// from the folder of file. The Config is nil exactly when there are Errors.
func Parse(file string, src []byte) (*config.Config, yamldoc.Errors) {
	return load(file, src, nil)
}

// Empty returns the configuration of an empty file: Prometheus' defaults.
func Empty() *config.Config {
	c, err := config.Load("", slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err) // a constant of the library
	}
	return c
}

// ScrapeFile reads a file that `scrape_config_files` names: one with a list
// `scrape_configs` and nothing else. main is the text of the configuration that
// names it, whose `global` section holds for its jobs too.
func ScrapeFile(file string, src, main []byte) ([]*config.ScrapeConfig, yamldoc.Errors) {
	doc, errs := yamldoc.Parse(file, src)
	if len(errs) > 0 {
		return nil, errs
	}
	for _, key := range doc.Root().Keys() {
		if key != scrapeConfigs {
			at, _ := doc.Root().Get(key)
			errs = append(errs, at.Errorf("want only scrape_configs in a file that scrape_config_files names, got %q", key))
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	c, errs := load(file, src, main)
	if len(errs) > 0 {
		return nil, errs
	}
	return c.ScrapeConfigs, nil
}

// load hands src to Prometheus, and when that refuses it, looks for where the
// fault is. The `global` section of main, if any, counts as part of src.
func load(file string, src, main []byte) (*config.Config, yamldoc.Errors) {
	global := globalOf(main)
	c, err := config.Load(string(src)+global, slog.New(slog.DiscardHandler))
	if err == nil {
		c.SetDirectory(filepath.Dir(file))
		return c, nil
	}
	doc, errs := yamldoc.Parse(file, src)
	if len(errs) > 0 {
		return nil, errs // the syntax; our words for it have the column too
	}
	lines := yamldoc.SplitLines(src)
	own := sectionText(doc, "global", lines)
	if own != "" {
		alone := strings.Repeat("\n", doc.Line("global")-1) + own
		if _, err := config.Load(alone, slog.New(slog.DiscardHandler)); err != nil {
			return nil, placed(doc, "global", err) // every job would repeat it
		}
	}
	for _, key := range []string{scrapeConfigs, remoteWrite} {
		errs = append(errs, eachOf(doc, key, lines, own+global)...)
	}
	parts := slices.Clone(errs)
	for _, w := range placed(doc, "", err) {
		if !slices.ContainsFunc(parts, func(p yamldoc.Error) bool { return p.Msg == w.Msg }) {
			errs = append(errs, w)
		}
	}
	return nil, errs.Sorted()
}

// globalOf returns the text of the `global` section of a configuration, to be put
// behind another text.
func globalOf(main []byte) string {
	if len(main) == 0 {
		return ""
	}
	doc, errs := yamldoc.Parse("", main)
	if len(errs) > 0 {
		return "" // its own reading says what is wrong with it
	}
	if text := sectionText(doc, "global", yamldoc.SplitLines(main)); text != "" {
		return "\n" + text
	}
	return ""
}

// eachOf loads every element of a list at the top on its own, so that all that
// are wrong are told, each with the line it begins at.
func eachOf(doc *yamldoc.Document, key string, lines yamldoc.Lines, global string) yamldoc.Errors {
	section, ok := doc.Root().Get(key)
	if !ok {
		return nil
	}
	items := section.Items()
	end := doc.SectionEnd(key, len(lines))
	var errs yamldoc.Errors
	for i, item := range items {
		last := end
		if i+1 < len(items) {
			last = items[i+1].Line() - 1
		}
		if item.Line() <= section.Line() || last < item.Line() {
			return nil // a list on one line
		}
		alone := strings.Repeat("\n", section.Line()-1) + lines.Text(section.Line(), section.Line()) +
			strings.Repeat("\n", item.Line()-1-section.Line()) + lines.Text(item.Line(), last)
		_, err := config.Load(alone+"\n"+global, slog.New(slog.DiscardHandler))
		if err != nil && !strings.Contains(err.Error(), "unknown anchor") {
			errs = append(errs, placed(doc, item.Path(), err)...)
		}
	}
	return errs
}

// sectionText returns the lines of a section at the top, "" when there is none.
func sectionText(doc *yamldoc.Document, key string, lines yamldoc.Lines) string {
	at, ok := doc.Root().Get(key)
	if !ok {
		return ""
	}
	return lines.Text(at.Line(), doc.SectionEnd(key, len(lines))) + "\n"
}
