package promfile

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/discovery"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

var (
	placedLine   = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	unknownField = regexp.MustCompile(`^field (\S+) not found in type `)
	namedJob     = regexp.MustCompile(`(?:job name|job) "([^"]*)"`)
)

// placed turns an error of Prometheus' loader into errors with lines. What the
// loader does not place itself is put at path.
func placed(doc *yamldoc.Document, path string, err error) yamldoc.Errors {
	text := strings.TrimPrefix(err.Error(), "yaml: unmarshal errors:\n")
	var errs yamldoc.Errors
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		e := doc.Errorf(path, "%s", line)
		if m := placedLine.FindStringSubmatch(line); m != nil {
			// The loader's line is the more exact; the path is the element's.
			if n, err := strconv.Atoi(m[1]); err == nil {
				e.Line, e.Column = n, 0
			}
			e.Msg = m[2]
		} else if path == "" {
			e.Line = jobLine(doc, line)
		}
		e.Msg = inWords(e.Msg)
		errs = append(errs, e)
	}
	return errs
}

// jobLine returns the line of the last job that has the name in an error's text,
// which is the one at fault when a name is taken twice, or 0.
func jobLine(doc *yamldoc.Document, text string) int {
	m := namedJob.FindStringSubmatch(text)
	section, ok := doc.Root().Get(scrapeConfigs)
	if m == nil || !ok {
		return 0
	}
	line := 0
	for _, item := range section.Items() {
		if name, ok := item.Get("job_name"); ok && name.Text() == m[1] {
			line = name.Line()
		}
	}
	return line
}

// inWords puts what the loader says of Go types in the words of the file.
func inWords(msg string) string {
	m := unknownField.FindStringSubmatch(msg)
	if m == nil {
		return msg
	}
	if strings.HasSuffix(m[1], "_sd_configs") {
		return fmt.Sprintf("%s is a kind of discovery that is not built in; there are %s; others can write their targets to a file for file_sd_configs or serve them for http_sd_configs",
			m[1], strings.Join(discoveries(), ", "))
	}
	return fmt.Sprintf("unknown field %q", m[1])
}

// discoveries lists the kinds of discovery that are built in, as they are written.
func discoveries() []string {
	var out []string
	for _, name := range discovery.RegisteredConfigNames() {
		if name == "static" {
			out = append(out, "static_configs")
			continue
		}
		out = append(out, name+"_sd_configs")
	}
	return out
}
