package trial

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// WriteText writes what became of a file for people. With color, what was wanted
// and what was there instead stand out.
func (r FileResult) WriteText(w io.Writer, color bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.File)
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  warning: %s\n", n)
	}
	if r.Err != nil {
		fmt.Fprintf(&b, "  FAILED:\n    %s\n", indent(r.Err.Error(), color))
	}
	bad := 0
	for _, g := range r.Groups {
		if len(g.Failures) == 0 {
			continue
		}
		bad++
		fmt.Fprintf(&b, "  FAILED %s (%s:%d):\n", g.Name, r.File, g.Line)
		for _, f := range g.Failures {
			fmt.Fprintf(&b, "    %s\n", indent(f, color))
		}
	}
	if r.OK() {
		fmt.Fprintf(&b, "  ok, %d tests\n", len(r.Groups))
	} else if r.Err == nil {
		fmt.Fprintf(&b, "  %d of %d tests failed\n", bad, len(r.Groups))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// indent puts further lines below the first and colours those of a difference.
func indent(text string, color bool) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		mark := strings.TrimSpace(l)
		if color && strings.HasPrefix(mark, "- ") {
			l = "\x1b[31m" + l + "\x1b[0m"
		} else if color && strings.HasPrefix(mark, "+ ") {
			l = "\x1b[32m" + l + "\x1b[0m"
		}
		lines[i] = l
	}
	return strings.Join(lines, "\n    ")
}

// The elements of JUnit's form, as continuous-integration servers read it.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Timestamp string      `xml:"timestamp,attr"`
		Cases     []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name     string   `xml:"name,attr"`
		Time     string   `xml:"time,attr,omitempty"`
		Failures []string `xml:"failure,omitempty"`
		Error    string   `xml:"error,omitempty"`
	}
)

// WriteJUnit writes the results in JUnit's XML: a suite for each file and a case
// for each group.
func WriteJUnit(w io.Writer, results []FileResult) error {
	var out junitSuites
	for _, r := range results {
		s := junitSuite{Name: r.File, Timestamp: r.Began.Format("2006-01-02T15:04:05"), Tests: len(r.Groups)}
		for _, g := range r.Groups {
			s.Failures += len(g.Failures)
			s.Cases = append(s.Cases, junitCase{Name: g.Name, Time: fmt.Sprintf("%.3f", g.Took.Seconds()), Failures: g.Failures})
		}
		if r.Err != nil {
			s.Errors, s.Tests = 1, s.Tests+1
			s.Cases = append(s.Cases, junitCase{Name: "unknown", Error: r.Err.Error()})
		}
		out.Suites = append(out.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// dump writes all data of the test, those of rules included.
func (p *player) dump(ctx context.Context) {
	if p.debug == nil {
		return
	}
	// PromQL's ranges are whole seconds here, so that the first sample is inside.
	whole := (p.end + time.Second).Truncate(time.Second)
	text, err := p.core.Matrix(ctx, fmt.Sprintf(`{__name__=~".+"}[%s]`, span(whole)), p.time(whole))
	if err != nil {
		fmt.Fprintf(p.debug, "DEBUG: read the data: %v\n", err)
		return
	}
	fmt.Fprintf(p.debug, "DEBUG: all data at %s:\n%s\n", span(whole), text)
}
