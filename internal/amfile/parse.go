package amfile

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/common/promslog"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// UseMatchers makes Alertmanager's packages read matchers as Alertmanager does
// since 0.27: UTF-8, and the older syntax where that fails. Their default,
// which holds for the whole process, is the older syntax alone. It does so once
// and may be called by everyone who needs it.
var UseMatchers = sync.OnceFunc(func() {
	compat.InitFromFlags(promslog.NewNopLogger(), featurecontrol.NoopFlags{})
})

// Parse reads a whole configuration file of Alertmanager and the templates that
// it names. Relative paths in it are from the folder of file. The Config is nil
// exactly when there are Errors.
func Parse(file string, src []byte) (*config.Config, yamldoc.Errors) {
	UseMatchers()
	c, err := load(string(src))
	if err != nil {
		return nil, placed(file, src, err)
	}
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, yamldoc.Errors{{File: file, Msg: err.Error()}}
	}
	resolvePaths(c, dir)
	if _, err := template.FromGlobs(c.Templates); err != nil {
		return nil, at(file, src, "templates", err)
	}
	return c, nil
}

// load is Alertmanager's loader, which has been seen to crash on what it does not
// expect. A reload must not take the daemon down.
func load(text string) (c *config.Config, err error) {
	defer func() {
		if p := recover(); p != nil {
			c, err = nil, fmt.Errorf("Alertmanager's loader crashes on it (%v); a setting that it needs is missing, such as app_url beside update_message", p)
		}
	}()
	return config.Load(text)
}

var (
	placedLine   = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	unknownField = regexp.MustCompile(`^field (\S+) not found in type `)
	quoted       = regexp.MustCompile(`"([^"]+)"`)
)

// at puts an error at a path of the file.
func at(file string, src []byte, path string, err error) yamldoc.Errors {
	doc, errs := yamldoc.Parse(file, src)
	if len(errs) > 0 {
		return errs
	}
	return yamldoc.Errors{doc.Errorf(path, "%s", err)}
}

// placed turns an error of Alertmanager's loader into errors with lines. The
// loader gives lines for what YAML itself refuses; for the rest, the element at
// fault is looked for.
func placed(file string, src []byte, err error) yamldoc.Errors {
	doc, errs := yamldoc.Parse(file, src)
	if len(errs) > 0 {
		return errs // the syntax; our words for it have the column too
	}
	for line := range strings.Lines(strings.TrimPrefix(err.Error(), "yaml: unmarshal errors:\n")) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		e := doc.Errorf(pathOf(doc, src, line), "%s", line)
		if m := placedLine.FindStringSubmatch(line); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil {
				e = yamldoc.Error{File: file, Line: n, Msg: m[2]}
			}
		}
		if m := unknownField.FindStringSubmatch(e.Msg); m != nil {
			e.Msg = "unknown field " + strconv.Quote(m[1])
		}
		errs = append(errs, e)
	}
	return errs.Sorted()
}

// pathOf returns the path of the element that an error without a line is about:
// the receiver that is refused by itself too, else the last value that the error
// quotes, else the section it names; "" when none is found.
func pathOf(doc *yamldoc.Document, src []byte, msg string) string {
	if path := refusedReceiver(doc, yamldoc.SplitLines(src), msg); path != "" {
		return path
	}
	for _, m := range quoted.FindAllStringSubmatch(msg, -1) {
		if path := lastWith(doc.Root(), m[1]); path != "" {
			return path
		}
	}
	for _, key := range []string{"route", "receivers", "inhibit_rules", "global"} {
		if _, ok := doc.Root().Get(key); ok && strings.Contains(msg, strings.TrimSuffix(key, "s")) {
			return key
		}
	}
	return ""
}

// refusedReceiver loads every receiver alone, with the global section, and
// returns the path of the first that is refused with the same words.
func refusedReceiver(doc *yamldoc.Document, lines yamldoc.Lines, msg string) string {
	section, ok := doc.Root().Get("receivers")
	if !ok {
		return ""
	}
	var global string
	if g, ok := doc.Root().Get("global"); ok {
		global = lines.Text(g.Line(), doc.SectionEnd("global", len(lines))) + "\n"
	}
	items, end := section.Items(), doc.SectionEnd("receivers", len(lines))
	for i, item := range items {
		last := end
		if i+1 < len(items) {
			last = items[i+1].Line() - 1
		}
		if item.Line() <= section.Line() || last < item.Line() {
			return "" // a list on one line
		}
		name, _ := item.Get("name")
		alone := global + "route:\n  receiver: " + strconv.Quote(name.Text()) + "\nreceivers:\n" + lines.Text(item.Line(), last)
		if _, err := load(alone); err != nil && strings.Contains(err.Error(), msg) {
			return item.Path()
		}
	}
	return ""
}

// lastWith returns the path of the last value with the given text, or "".
func lastWith(n yamldoc.Node, text string) (path string) {
	switch n.Kind() {
	case yamldoc.Scalar:
		if n.Text() == text {
			return n.Path()
		}
	case yamldoc.List:
		for _, item := range n.Items() {
			if p := lastWith(item, text); p != "" {
				path = p
			}
		}
	case yamldoc.Mapping:
		for _, key := range n.Keys() {
			v, _ := n.Get(key)
			if p := lastWith(v, text); p != "" {
				path = p
			}
		}
	}
	return path
}
