package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/backtest"
	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/topology"
)

// troubled is two hours and a half of samples with all that befalls a series:
// spikes, a new level, a gap that is odd, duplicates, samples out of order and
// values that are no numbers.
func troubled() []telemetry.Sample {
	var out []telemetry.Sample
	at := monday
	for i := range 600 {
		at = at.Add(15 * time.Second)
		v := 100 + 3*math.Sin(float64(i)*1.7) + math.Cos(float64(i)*0.9)
		switch {
		case i == 200 || i == 205:
			v = 400
		case i > 280 && i < 400:
			v += 60
		case i == 450:
			at = at.Add(20 * time.Minute)
		case i == 500:
			v = math.Inf(1)
		}
		out = append(out, telemetry.Sample{T: at.UnixMilli(), V: v})
		switch i {
		case 100:
			out = append(out, out[len(out)-1])
		case 150:
			out = append(out, telemetry.Sample{T: at.Add(-20 * time.Second).UnixMilli(), V: 1})
		}
	}
	return out
}

// judge runs a source through the backtest and returns its CSV.
func judge(t *testing.T, s backtest.Source, c detector.Config, columns backtest.Columns) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := backtest.Run(t.Context(), backtest.Options{Source: s, Detector: c, Workers: 2, Out: &out, Format: backtest.CSV(columns)}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The same samples through the running daemon and through tocsin backtest give
// the same bytes. The daemon works bands out for odd samples only, so those of
// others are left out on both sides, and it remembers them as float32.
func TestBacktest_SameBytesAsLive(t *testing.T) {
	h := newHouse(t, "").open()
	series := labels.FromStrings("__name__", "queue_depth", "service", "pay")
	format := backtest.CSV(backtest.Columns{})
	live := format.Head(nil)
	var file strings.Builder
	file.WriteString("timestamp,queue_depth\n")
	newest, odd := int64(0), 0
	for _, x := range troubled() {
		fmt.Fprintf(&file, "%d,%v\n", x.T, x.V)
		for next := h.now.Truncate(10 * time.Second).Add(10 * time.Second); next.UnixMilli() < x.T; next = next.Add(10 * time.Second) {
			h.now = next // as the clock loop does
			h.core.Sweep(next)
		}
		if x.T > h.now.UnixMilli() {
			h.now = time.UnixMilli(x.T).UTC()
		}
		h.write("queue_depth", h.now.Sub(time.UnixMilli(x.T)), x.V)
		row := backtest.NotJudgedRow(x.T, x.V, "late or no number")
		if x.T > newest && !math.IsInf(x.V, 0) {
			v, _ := h.core.Last(series)
			isOdd := false
			if v.Phase == detector.PhaseQuiet { // its band is that of the next sample
				v.Expected, v.Lower, v.Upper = math.NaN(), math.NaN(), math.NaN()
			} else {
				isOdd = h.core.BankForTest().Odd(v)
			}
			row = backtest.NewRow(v, isOdd)
		}
		row.Stamp = fmt.Sprint(x.T)
		newest = max(newest, x.T)
		if row.Anomalous {
			odd++
		}
		live = format.Append(live, &row)
	}
	if odd < 3 {
		t.Fatalf("got %d odd samples live, want some to compare", odd)
	}
	path := filepath.Join(t.TempDir(), "pay.csv")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := backtest.NewCSV(backtest.CSVOptions{Paths: []string{path}, TimeColumn: "timestamp"})
	if err != nil {
		t.Fatal(err)
	}
	got, want := oddBands(t, judge(t, source, h.config.Detector, backtest.Columns{})), oddBands(t, string(live))
	if got != want {
		t.Errorf("first difference: %s", firstDifference(got, want))
	}
}

// oddBands leaves expected, lower and upper out of rows that are not anomalous, and
// gives those of others as float32.
func oddBands(t *testing.T, table string) string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(table), "\n")
	for i, line := range lines[1:] {
		f := strings.Split(line, ",")
		for j := 3; j <= 5; j++ {
			bound, err := strconv.ParseFloat(f[j], 64)
			if err != nil {
				t.Fatalf("line %q: %v", line, err)
			}
			f[j] = ""
			if f[6] == "true" {
				f[j] = strconv.FormatFloat(bound, 'g', -1, 32)
			}
		}
		lines[i+1] = strings.Join(f, ",")
	}
	return strings.Join(lines, "\n")
}

// What a running daemon has stored is judged as the file that it was sent from.
func TestBacktest_Store_SameAsTheFile(t *testing.T) {
	h := newHouse(t, "").open()
	var file strings.Builder
	file.WriteString("timestamp,queue_depth\n")
	for _, x := range troubled() {
		if at := time.UnixMilli(x.T).UTC(); at.After(h.now) { // a store has neither duplicates nor disorder
			h.now = at
			h.write("queue_depth", 0, x.V)
			fmt.Fprintf(&file, "%s,%v\n", at.Format(time.RFC3339), x.V)
		}
	}
	path := filepath.Join(t.TempDir(), "pay.csv")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := backtest.NewCSV(backtest.CSVOptions{Paths: []string{path}, TimeColumn: "timestamp"})
	if err != nil {
		t.Fatal(err)
	}
	want := judge(t, source, h.config.Detector, backtest.Columns{})
	got := slices.DeleteFunc(strings.SplitAfter(stored(t, h), "\n"), func(line string) bool { // a file has no row of a silence
		return strings.HasSuffix(line, ",true,missing\n")
	})
	if got := strings.Join(got, ""); got != want || strings.Count(got, "true") < 3 {
		t.Errorf("first difference: %s", firstDifference(got, want))
	}
}

// stored judges what the house has stored, while it is running, and returns its CSV.
func stored(t *testing.T, h *house) string {
	t.Helper()
	return storedRows(t, h, 2, backtest.CSV(backtest.Columns{}), `{service="pay"}`, "queue_depth")
}

// storedRows judges what the house has stored as services, while it is running.
func storedRows(t *testing.T, h *house, workers int, f backtest.Format, match ...string) string {
	t.Helper()
	q, done, err := store.OpenReadOnly(h.dir, 0, math.MaxInt64, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	selectors, err := backtest.Selectors(match)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	_, err = backtest.RunPast(t.Context(), backtest.PastOptions{
		Read: backtest.Stored(q), Selectors: selectors, To: h.now.UnixMilli(), Owner: topology.NewOwner(h.config.Services.Labels).Service,
		Detector: h.config.Detector, Format: f, Out: &out, Workers: workers,
	})
	if err := errors.Join(err, done()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// firstDifference names the first line in which two texts differ.
func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d: got %s, want %s", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("got %d lines, want %d", len(x), len(y))
}
