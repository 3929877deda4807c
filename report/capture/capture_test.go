package capture_test

import (
	"bytes"
	"compress/gzip"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/report/capture"
	"github.com/tocsinhq/tocsin/telemetry"
)

var noon = time.Date(2026, time.March, 3, 12, 0, 0, 0, time.UTC)

func head() capture.Head {
	return capture.Head{Incident: "01INC", Service: "pay", HistoryFrom: noon.Add(-time.Hour), From: noon, To: noon.Add(time.Hour),
		Services: []string{"pay"}, Notes: []string{}, Recorded: []capture.Outcome{{Service: "pay", Opened: noon.Add(time.Minute)}}}
}

func written(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := capture.NewWriter(&b, head())
	if err != nil {
		t.Fatal(err)
	}
	l := labels.FromStrings("__name__", "up", "service", "pay")
	for _, err := range []error{
		w.Settings("incidents: {resolve_after: 1m}\n"),
		w.File(capture.File{Kind: capture.FileAlerts, Name: "alerts.yml", Text: "alerts: []\n"}),
		w.Change(telemetry.Change{ID: "c1", Kind: telemetry.KindDeployment, Service: "pay", Started: noon, Status: telemetry.StatusSucceeded}),
		w.Act(capture.Act{At: noon.Add(2 * time.Minute), Verb: "mitigate", Service: "pay", Actor: "someone"}),
		w.Line(capture.Line{At: noon, Service: "pay", Severity: telemetry.SeverityError, Body: "it failed <&>"}),
		w.Series(capture.Series{Labels: l, History: true, Samples: []telemetry.Sample{{T: noon.UnixMilli() - 2, V: 1}, {T: noon.UnixMilli() - 1, V: math.Inf(1)}}}),
		w.Series(capture.Series{Labels: l, Samples: []telemetry.Sample{{T: noon.UnixMilli(), V: 0.1}, {T: noon.UnixMilli() + 15000, V: math.NaN()}, {T: noon.UnixMilli() + 30001, V: math.Float64frombits(value.StaleNaN)}}}),
		w.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestRead_WhatWasWritten(t *testing.T) {
	c, err := capture.Read("a.tocsin", bytes.NewReader(written(t)), capture.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if c.Head.Service != "pay" || c.Settings == "" || len(c.Files) != 1 || len(c.Changes) != 1 || len(c.Acts) != 1 || len(c.Lines) != 1 || len(c.Series) != 2 {
		t.Errorf("got %+v", c)
	}
	w := c.Window()
	if len(w) != 3 || w[0].Sample.V != 0.1 || !math.IsNaN(w[1].Sample.V) || value.IsStaleNaN(w[1].Sample.V) || !value.IsStaleNaN(w[2].Sample.V) {
		t.Errorf("window: got %+v", w)
	}
	if !math.IsInf(c.Series[0].Samples[1].V, 1) || c.Lines[0].Body != "it failed <&>" {
		t.Errorf("got %+v, %+v", c.Series[0], c.Lines[0])
	}
}

func zipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text)) //nolint:errcheck // a bytes.Buffer takes everything
	w.Close()             //nolint:errcheck // as above
	return b.Bytes()
}

func unzipped(t testing.TB, b []byte) string {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := out.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRead_Refuses(t *testing.T) {
	text := unzipped(t, written(t))
	lines := strings.SplitAfter(text, "\n")
	small := capture.DefaultLimits()
	small.Bytes, small.Samples = 1<<20, 4
	f := func(name string, body []byte, l capture.Limits, says string) {
		t.Helper()
		if _, err := capture.Read("a.tocsin", bytes.NewReader(body), l); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want %q", name, err, says)
		}
	}
	all := capture.DefaultLimits()
	f("no gzip", []byte("hello"), all, "tocsin incident export")
	f("cut off", zipped(strings.Join(lines[:4], "")), all, "line 5: the file is cut off")
	f("torn gzip", written(t)[:200], all, "cut off")
	f("line missing", zipped(strings.Join(append(append([]string{}, lines[:3]...), lines[4:]...), "")), all, "want 8 lines")
	f("after the end", zipped(text+"x"), all, "nothing after the end")
	f("unknown field", zipped(strings.Replace(text, `"act"`, `"fact"`, 1)), all, "line 5")
	f("two fields", zipped(lines[0]+`{"settings":"","act":{"verb":"ack"}}`+"\n"), all, "one field")
	f("two heads", zipped(lines[0]+lines[0]), all, "nowhere else")
	f("version", zipped(strings.Replace(text, `"version":1`, `"version":2`, 1)), all, "version 1")
	f("verb", zipped(strings.Replace(text, `"verb":"mitigate"`, `"verb":"eat"`, 1)), all, "want ack, mitigate")
	f("time goes back", zipped(strings.Replace(text, " 15000 NaN", " -15000 NaN", 1)), all, "a time after the one before")
	f("no number", zipped(strings.Replace(text, " 15000 NaN", " 15000 one", 1)), all, "want a number")
	f("outside", zipped(strings.Replace(text, `"history":true,`, "", 1)), all, "want samples from")
	f("too many samples", zipped(text), small, "at most 4 samples")
	small.Bytes = 100
	f("too large", zipped(text), small, "at most 100 bytes")
	small = all
	small.Line = 64
	f("long line", zipped(text), small, "at most 64 bytes in a line")
}
