package journal_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/store"
)

var start = time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC)

func alert(name string, state rules.AlertState, minute int, shadow bool) rules.Alert {
	l := map[string]string{"alertname": name, "service": "pay"}
	return rules.Alert{
		Fingerprint: rules.Fingerprint(l), Name: name, Service: "pay", Severity: "warning", State: state, Since: start, Shadow: shadow,
		At: start.Add(time.Duration(minute) * time.Minute), Value: 1.5, Labels: l, Summary: fmt.Sprintf("%s <%s>", name, state),
	}
}

func state(t *testing.T) *sql.DB {
	t.Helper()
	db, err := store.OpenState(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func open(t *testing.T, db *sql.DB, set *metrics.Set) *journal.Log {
	t.Helper()
	l, err := journal.NewLog(t.Context(), db, set)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func record(t *testing.T, l *journal.Log, alerts ...rules.Alert) {
	t.Helper()
	for _, a := range alerts {
		if err := l.Record(t.Context(), []rules.Alert{a}); err != nil {
			t.Fatal(err)
		}
	}
}

func said(t *testing.T, l *journal.Log, f journal.Filter) string {
	t.Helper()
	entries, err := l.Entries(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, fmt.Sprintf("%s %s %s", e.At.Sub(start), e.Name, e.State))
	}
	return strings.Join(out, ", ")
}

func TestLog_RefreshesAreNoEntries_AlsoOverRestarts(t *testing.T) {
	db := state(t)
	l := open(t, db, nil)
	record(t, l, alert("A", rules.AlertFiring, 1, false), alert("A", rules.AlertFiring, 2, false), alert("A", rules.AlertHeld, 3, false))
	l = open(t, db, nil)
	record(t, l, alert("A", rules.AlertHeld, 4, false), alert("A", rules.AlertFiring, 5, false), alert("A", rules.AlertResolved, 6, false))
	l = open(t, db, nil)
	record(t, l, alert("A", rules.AlertFiring, 9, false))
	if got, want := said(t, l, journal.Filter{}), "1m0s A firing, 3m0s A held, 5m0s A firing, 6m0s A resolved, 9m0s A firing"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestLog_ShadowAlerts_PagesAreCounted(t *testing.T) {
	set := metrics.NewSet()
	l := open(t, state(t), set)
	record(t, l, alert("A", rules.AlertFiring, 1, true), alert("A", rules.AlertHeld, 2, true), alert("A", rules.AlertFiring, 3, true),
		alert("A", rules.AlertResolved, 4, true), alert("A", rules.AlertFiring, 5, true), alert("B", rules.AlertFiring, 5, false))
	var out bytes.Buffer
	set.WritePrometheus(&out)
	if got := out.String(); got != `tocsin_rules_shadow_pages_total{alert="A"} 2`+"\n" {
		t.Errorf("got %s", got)
	}
	yes := true
	if got := said(t, l, journal.Filter{Shadow: &yes, From: start.Add(4 * time.Minute), To: start.Add(time.Hour)}); got != "4m0s A resolved, 5m0s A firing" {
		t.Errorf("got %s", got)
	}
	if got := said(t, l, journal.Filter{Name: "B", Service: "pay", Limit: 5}); got != "5m0s B firing" {
		t.Errorf("got %s", got)
	}
	if got := said(t, l, journal.Filter{Limit: 2}); got != "5m0s A firing, 5m0s B firing" {
		t.Errorf("the newest two: got %s", got)
	}
}

func TestLog_Prune_KeepsTheLastWordOnWhatStands(t *testing.T) {
	l := open(t, state(t), nil)
	record(t, l, alert("A", rules.AlertFiring, 1, false), alert("B", rules.AlertFiring, 1, false), alert("B", rules.AlertResolved, 2, false), alert("C", rules.AlertFiring, 9, false))
	n, err := l.Prune(t.Context(), start.Add(5*time.Minute))
	if err != nil || n != 2 {
		t.Errorf("removed %d, %v", n, err)
	}
	if got := said(t, l, journal.Filter{}); got != "1m0s A firing, 9m0s C firing" {
		t.Errorf("got %s", got)
	}
}

func TestLog_DatabaseFails_NextReportIsAnotherTry(t *testing.T) {
	l := open(t, state(t), nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Record(ended, []rules.Alert{alert("A", rules.AlertFiring, 1, true)}); err == nil {
		t.Error("want an error")
	}
	record(t, l, alert("A", rules.AlertFiring, 2, true))
	if got := said(t, l, journal.Filter{}); got != "2m0s A firing" {
		t.Errorf("got %s", got)
	}
}

func TestPages_HeldTimeAndEnds(t *testing.T) {
	var entries []journal.Entry
	for _, a := range []rules.Alert{
		alert("Z", rules.AlertResolved, 0, false), // began before the log
		alert("A", rules.AlertFiring, 1, false), alert("B", rules.AlertFiring, 1, true), alert("A", rules.AlertHeld, 3, false), alert("A", rules.AlertFiring, 5, false),
		alert("A", rules.AlertResolved, 9, false), alert("B", rules.AlertHeld, 10, true),
		alert("A", rules.AlertFiring, 20, false), alert("A", rules.AlertHeld, 21, false), alert("A", rules.AlertResolved, 25, false),
	} {
		entries = append(entries, journal.Of(a))
	}
	until := start.Add(30 * time.Minute)
	var got []string
	for _, p := range journal.Pages(entries, until) {
		got = append(got, fmt.Sprintf("%s at %s for %s held %gs shadow %v", p.Name, p.Fired.Sub(start), p.Lasted(until), p.Held, p.Shadow))
	}
	want := []string{
		"A at 1m0s for 8m0s held 120s shadow false", "B at 1m0s for 29m0s held 1200s shadow true", "A at 20m0s for 5m0s held 240s shadow false",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWriteJSON_OneLineEach_NothingEscaped(t *testing.T) {
	var out bytes.Buffer
	if err := journal.WriteJSON(&out, []journal.Entry{journal.Of(alert("A", rules.AlertFiring, 1, false)), journal.Of(alert("A", rules.AlertResolved, 2, false))}); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); strings.Count(s, "\n") != 2 || !strings.Contains(s, `"summary":"A <firing>"`) || strings.Contains(s, "shadow") {
		t.Errorf("got %s", s)
	}
}
