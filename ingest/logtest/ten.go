package logtest

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Line is one of the ten records, in the words of its sender.
type Line struct {
	Time    time.Time // whole milliseconds
	Service string
	Host    string
	Level   string // a word; empty: the text tells
	Text    string
	Trace   string // 32 hexadecimal digits, or empty
	Span    string // 16 hexadecimal digits, or empty

	severity telemetry.Severity // that must be found
}

// Ten returns the records that the receivers of all protocols must store alike.
func Ten() []Line {
	const trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	lines := []Line{
		{Service: "cart", Level: "info", Text: "cart of 3 items opened", severity: 9},
		{Service: "cart", Level: "error", Text: "payment refused: card expired", Trace: trace, Span: span, severity: 17},
		{Service: "cart", Level: "warn", Text: `quotes " and \ and	tab`, severity: 13},
		{Service: "payment", Level: "debug", Text: "grüße 日本 😀", severity: 5},
		{Service: "payment", Level: "", Text: "2026-11-23 07:59:03,120 ERROR [main] db.Pool - no connection", severity: 17},
		{Service: "payment", Level: "", Text: "level=warn msg=\"slow query\" took=320ms trace_id=" + trace, Trace: trace, severity: 13},
		{Service: "web", Level: "", Text: `10.0.0.1 - - [23/Nov/2026:07:59:04 +0000] "GET /cart HTTP/1.1" 503 12`, severity: 17},
		{Service: "web", Level: "fatal", Text: "panic: out of memory", severity: 21},
		{Service: "web", Level: "info", Text: strings.Repeat("a long line ", 500) + "ends", severity: 9},
		{Service: "web", Level: "info", Text: "{\"not\": \"taken apart\"", severity: 9},
	}
	for i := range lines {
		lines[i].Time = Now.Add(time.Duration(i-60) * 1001 * time.Millisecond)
		lines[i].Host = "h1"
	}
	return lines
}

// CheckTen compares what a receiver stored of the ten records. known says what the
// protocol cannot tell: it may change what is wanted.
func CheckTen(t *testing.T, got []telemetry.LogRecord, known func(want *Line)) {
	t.Helper()
	lines := Ten()
	if len(got) != len(lines) {
		t.Errorf("got %d records, want %d", len(got), len(lines))
	}
	for i := range min(len(got), len(lines)) {
		want, r := lines[i], &got[i]
		if known != nil {
			known(&want)
		}
		host, _ := Get(r.Stream, "host")
		if want.Host == "h1" && host == "" {
			for _, name := range []string{"host.name", "hostname", "_HOSTNAME"} {
				if v, ok := Get(r.Stream, name); ok {
					host = v
				}
			}
		}
		if r.Time != want.Time.UnixNano() || r.Severity != want.severity || r.Service != want.Service || string(r.Body) != want.Text ||
			host != want.Host || hex.EncodeToString(r.TraceID[:]) != orZero(want.Trace, 32) || hex.EncodeToString(r.SpanID[:]) != orZero(want.Span, 16) {
			t.Errorf("record %d:\ngot  %.300s\nwant %s %d %q %q host %s trace %s span %s", i, Show(r), want.Time.Format(time.RFC3339Nano), want.severity, want.Service, want.Text, want.Host, want.Trace, want.Span)
		}
		if r.Observed == 0 {
			t.Errorf("record %d: no time of observation", i)
		}
	}
}

// SetSeverity is for known: protocols that name a level for every record.
func (l *Line) SetSeverity(s telemetry.Severity) { l.severity = s }

// Severity returns the severity that must be found.
func (l *Line) Severity() telemetry.Severity { return l.severity }

func orZero(id string, n int) string {
	if id == "" {
		return strings.Repeat("0", n)
	}
	return id
}
