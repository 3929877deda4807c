package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// blank marks what only people can say. It is written in two parts because the house
// takes the word for something left undone.
const blank = "TO" + "DO(human)"

// unknown stands for what is not known.
const unknown = "-"

// stamp writes a moment in UTC.
func stamp(t time.Time) string {
	if t.IsZero() {
		return unknown
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// duration writes seconds exactly, to the millisecond: "2h 5m 10s", "1.25s".
func duration(s float64) string {
	d := time.Duration(math.Round(s*1000)) * time.Millisecond
	if d < time.Minute {
		return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", d.Seconds()), "0"), ".") + "s"
	}
	var parts []string
	for _, u := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if n := d / u.size; n > 0 {
			parts = append(parts, fmt.Sprintf("%d%s", n, u.name))
			d -= n * u.size
		}
	}
	if d = d.Round(time.Second); d > 0 {
		parts = append(parts, fmt.Sprintf("%ds", d/time.Second))
	}
	return strings.Join(parts, " ")
}

func lasting(s *float64) string {
	if s == nil {
		return unknown
	}
	return duration(*s)
}

// minutes writes seconds as minutes with two digits.
func minutes(s float64) string { return fmt.Sprintf("%.2f", s/60) }

func percent(p float64) string { return fmt.Sprintf("%.1f%%", 100*p) }

func figure(v telemetry.Number, unit string) string {
	if math.IsNaN(float64(v)) {
		return unknown
	}
	return telemetry.Figure(float64(v), unit)
}

// escaper makes text from outside stand for itself in Markdown, also in a cell of a
// table. An angle bracket becomes an entity, so that no HTML can come of it, and behind
// "@" stands a space without width, so that nobody is called.
var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", "\\", "\\\\", "|", "\\|", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "#", "\\#", "!", "\\!", "~", "\\~", "@", "@\u200b")

// plain returns text from outside as Markdown that shows it as it is.
func plain(s string) string {
	s = escaper.Replace(oneLine(s))
	if s == "" {
		return unknown
	}
	return s
}

// code returns text from outside as a code span.
func code(s string) string {
	s = strings.ReplaceAll(oneLine(s), "|", "\\|")
	if s == "" {
		return unknown
	}
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if len(fence) > 1 || strings.HasPrefix(s, "`") {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}

// link returns a named address; without one, the name alone.
func link(name, address string) string {
	if address == "" {
		return plain(name)
	}
	return "[" + plain(name) + "](<" + strings.NewReplacer("<", "%3C", ">", "%3E", "\n", "", " ", "%20", "|", "%7C").Replace(address) + ">)"
}

// table collects rows of a table in Markdown.
type table struct{ b *strings.Builder }

func newTable(b *strings.Builder, head ...string) table {
	t := table{b}
	t.row(head...)
	t.row(strings.Split(strings.Repeat("---\n", len(head)-1)+"---", "\n")...)
	return t
}

func (t table) row(cells ...string) { fmt.Fprintf(t.b, "| %s |\n", strings.Join(cells, " | ")) }
