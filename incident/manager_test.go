package incident_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
)

func TestManager_AlertOpens_RecoveryResolves(t *testing.T) {
	b := newBench(t)
	a := alert("high_error_rate", "checkout", noon)
	b.apply(a)
	b.apply(at(a, after(time.Minute)))
	i, _ := b.get("inc-001")
	if want := "checkout: high_error_rate, error_rate 31.2% (threshold 5%)"; i.Title != want {
		t.Errorf("title: got %q, want %q", i.Title, want)
	}
	b.apply(cleared(a, after(2*time.Minute)))
	b.tick(after(6 * time.Minute))
	b.want("inc-001 opened", "inc-001 cleared")
	b.tick(after(7 * time.Minute))
	b.want("inc-001 opened", "inc-001 cleared", "inc-001 resolved")
	i, events := b.get("inc-001")
	if i.State != incident.StateResolved || !i.Resolved.Equal(after(7*time.Minute)) || !i.Onset.Equal(noon) {
		t.Errorf("got %+v", i)
	}
	if want := "recovered: its one strong occurrence has been clear since 12:02:00 UTC; it lasted 2m"; events[2].Text != want {
		t.Errorf("text: got %q, want %q", events[2].Text, want)
	}
	if b.changed != 3 {
		t.Errorf("Changed called %d times, want 3", b.changed)
	}
}

// Evidence does not keep an incident open, and may go on for longer than it.
func TestManager_EvidenceThatClearsAfterTheEnd(t *testing.T) {
	for name, restart := range map[string]bool{"as it goes": false, "after a restart": true} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			a, evidence := alert("high_error_rate", "a", noon), rawStrong("heap_bytes", "a", after(time.Second))
			b.apply(a)
			b.apply(evidence)
			b.apply(cleared(a, after(time.Minute)))
			b.tick(after(10 * time.Minute))
			if restart {
				b.restart()
			}
			next := rawStrong("heap_bytes", "a", after(12*time.Minute))
			b.apply(cleared(next, after(13*time.Minute)))
			if i, _ := b.get("inc-001"); i.State != incident.StateResolved || i.Occurrences[1].Condition != incident.ConditionFiring {
				t.Fatalf("the end of another episode: got %s, %+v", i.State, i.Occurrences[1])
			}
			b.apply(cleared(evidence, after(15*time.Minute)))
			b.apply(cleared(evidence, after(16*time.Minute)))
			i, events := b.get("inc-001")
			if o := i.Occurrences[1]; o.Condition != incident.ConditionCleared || !o.At.Equal(after(15*time.Minute)) || i.State != incident.StateResolved {
				t.Errorf("got %s, %+v, want it cleared at 15 min", i.State, o)
			}
			if last := events[len(events)-1]; last.Kind != incident.EventResolved {
				t.Errorf("got %+v told, want nothing after the end", last)
			}
		})
	}
}

func TestManager_WhatOpens(t *testing.T) {
	info := alert("note", "a", noon)
	info.Severity, info.Strong = incident.SeverityInfo, false
	for name, c := range map[string]struct {
		reports []incident.Occurrence
		opens   bool
	}{
		"alert of warning":         {[]incident.Occurrence{alert("x", "a", noon)}, true},
		"alert of info":            {[]incident.Occurrence{info}, false},
		"symptom":                  {[]incident.Occurrence{symptom("x", "a", noon)}, true},
		"weak anomaly":             {[]incident.Occurrence{anomaly("x", "a", noon)}, false},
		"one strong":               {[]incident.Occurrence{strong("x", "a", noon)}, false},
		"three strong":             {[]incident.Occurrence{strong("x", "a", noon), rawStrong("y", "a", after(time.Minute)), strong("z", "a", after(2*time.Minute))}, true},
		"three reports of two":     {[]incident.Occurrence{strong("x", "a", noon), strong("y", "a", noon), at(strong("y", "a", noon), after(time.Minute))}, false},
		"three of two services":    {[]incident.Occurrence{strong("x", "a", noon), strong("y", "a", noon), strong("z", "b", noon)}, false},
		"three over three minutes": {[]incident.Occurrence{strong("x", "a", noon), strong("y", "a", after(time.Minute)), strong("z", "a", after(3*time.Minute))}, false},
		"one of three is over":     {[]incident.Occurrence{strong("x", "a", noon), strong("y", "a", noon), cleared(strong("x", "a", noon), after(time.Second)), strong("z", "a", after(2*time.Second))}, false},
		"three weak":               {[]incident.Occurrence{anomaly("x", "a", noon), anomaly("y", "a", noon), anomaly("z", "a", noon)}, false},
		"held alert":               {[]incident.Occurrence{held(alert("x", "a", noon), noon)}, false},
		"cleared alert":            {[]incident.Occurrence{cleared(alert("x", "a", noon), noon)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			for _, o := range c.reports {
				b.apply(o)
			}
			if got := strings.HasSuffix(b.story(), "inc-001 opened"); got != c.opens {
				t.Errorf("opened %v, want %v:\n%s", got, c.opens, b.story())
			}
		})
	}
}

func TestManager_ParkedExpire(t *testing.T) {
	b := newBench(t)
	b.apply(strong("x", "a", noon))
	b.apply(strong("y", "a", noon))
	b.tick(after(6 * time.Minute))
	b.restart()
	b.apply(alert("z", "a", after(6*time.Minute)))
	if i, _ := b.get("inc-001"); len(i.Occurrences) != 1 {
		t.Errorf("expired anomalies joined: %d occurrences", len(i.Occurrences))
	}
}

func TestManager_FoldsByServiceAndEnvironment(t *testing.T) {
	b := newBench(t)
	prod := alert("x", "a", noon)
	prod.Environment = "prod"
	dev := alert("x2", "a", noon)
	dev.Environment = "dev"
	b.apply(prod)
	b.apply(dev)
	b.apply(alert("y", "a", after(time.Second))) // names no environment: joins the oldest
	b.apply(alert("y", "b", after(time.Second))) // another service
	nameless := alert("disk", "", after(time.Second))
	b.apply(nameless)
	b.apply(alert("fan", "", after(time.Second)))
	b.want("inc-001 opened", "inc-002 opened", "inc-001 attached", "inc-003 opened", "inc-004 opened", "inc-005 opened")
	i, _ := b.get("inc-004")
	if i.Service != "" || !strings.HasPrefix(i.Title, "disk, error_rate") {
		t.Errorf("without service: got %q, %q", i.Service, i.Title)
	}
}

func TestManager_WeakEvidence_AttachesAndNeverExtends(t *testing.T) {
	b := newBench(t)
	b.apply(anomaly("cpu", "a", after(-time.Minute)))
	a := alert("x", "a", noon)
	b.apply(a)
	b.apply(anomaly("cpu", "a", after(time.Second)))
	b.apply(rawStrong("go_goroutines", "a", after(2*time.Second)))
	i, _ := b.get("inc-001")
	if len(i.Occurrences) != 3 || i.Occurrences[2].Strong || !i.Onset.Equal(noon) {
		t.Fatalf("got %d occurrences, onset %s", len(i.Occurrences), i.Onset)
	}
	b.apply(cleared(a, after(time.Minute)))
	b.apply(at(anomaly("cpu", "a", after(time.Second)), after(5*time.Minute)))
	b.tick(after(6 * time.Minute))
	b.want("inc-001 opened", "inc-001 attached", "inc-001 attached", "inc-001 cleared", "inc-001 resolved")
}

func TestManager_StrongAnomaly_Extends_AndMovesOnset(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	b.apply(a)
	s := strong("latency", "a", after(-3*time.Minute))
	b.apply(at(s, after(time.Minute)))
	b.apply(cleared(a, after(2*time.Minute)))
	b.tick(after(20 * time.Minute))
	i, _ := b.get("inc-001")
	if i.State != incident.StateOpen || !i.Onset.Equal(after(-3*time.Minute)) {
		t.Errorf("state %s onset %s", i.State, i.Onset)
	}
	b.apply(cleared(s, after(21*time.Minute)))
	b.tick(after(26 * time.Minute))
	b.want("inc-001 opened", "inc-001 attached", "inc-001 cleared", "inc-001 cleared", "inc-001 resolved")
}

func TestManager_WeakTurnsStrong(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	b.apply(a)
	b.apply(anomaly("latency", "a", after(-time.Minute)))
	b.apply(at(strong("latency", "a", after(-time.Minute)), after(time.Minute)))
	i, events := b.get("inc-001")
	if !i.Onset.Equal(after(-time.Minute)) || !strings.HasPrefix(events[2].Text, "became strong: latency 31.2%") {
		t.Errorf("onset %s, events %v", i.Onset, events)
	}
}

func TestManager_SeverityRatchet_RenamesOnce(t *testing.T) {
	b := newBench(t)
	b.apply(symptom("error_rate", "checkout", noon))
	a := alert("high_error_rate", "checkout", after(time.Minute))
	a.Severity = incident.SeverityCritical
	b.apply(a)
	low := at(a, after(2*time.Minute))
	low.Severity, low.Value = incident.SeverityWarning, 0.1
	b.apply(low)
	b.want("inc-001 opened", "inc-001 attached", "inc-001 raised")
	i, events := b.get("inc-001")
	if want := "checkout: high_error_rate, error_rate 31.2% (expected 0.5%)"; i.Title != want || i.Severity != incident.SeverityCritical {
		t.Errorf("got %q %s, want %q critical", i.Title, i.Severity, want)
	}
	if want := "severity rose from warning to critical: high_error_rate: error_rate 31.2% against a threshold of 5%"; events[2].Text != want {
		t.Errorf("got %q, want %q", events[2].Text, want)
	}
}

func TestManager_DataStopped_IsNoRecovery(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	b.apply(a)
	b.apply(held(a, after(time.Minute)))
	b.apply(held(a, after(2*time.Minute)))
	b.tick(after(48 * time.Hour))
	b.want("inc-001 opened", "inc-001 held")
	i, _ := b.get("inc-001")
	if i.State != incident.StateOpen || i.Occurrences[0].Value != 0.312 {
		t.Errorf("state %s, value %v; want open with the last known value", i.State, i.Occurrences[0].Value)
	}
	b.apply(at(a, after(49*time.Hour)))
	b.apply(cleared(a, after(50*time.Hour)))
	b.apply(held(a, after(50*time.Hour+time.Minute))) // had recovered before its data stopped
	b.tick(after(51 * time.Hour))
	b.want("inc-001 opened", "inc-001 held", "inc-001 note", "inc-001 cleared", "inc-001 resolved")
}

func TestManager_ReopensWithinWindow_LaterIsNew(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	b.apply(a)
	b.apply(cleared(a, after(time.Minute)))
	b.tick(after(6 * time.Minute))
	b.restart()
	b.apply(again(a, after(30*time.Minute)))
	i, events := b.get("inc-001")
	if i.Reopened != 1 || i.State != incident.StateOpen || !i.Resolved.IsZero() || !strings.HasPrefix(events[3].Text, "came back 24m after it had resolved") {
		t.Fatalf("got %+v %v", i, events)
	}
	b.apply(cleared(a, after(31*time.Minute)))
	b.tick(after(80 * time.Minute)) // flapping by now: four changes within the hour
	b.tick(after(120 * time.Minute))
	b.apply(again(a, after(200*time.Minute)))
	if !strings.HasSuffix(b.story(), "inc-002 opened") {
		t.Errorf("later: got\n%s", b.story())
	}
}

func TestManager_Flapping_OneIncidentFewEvents(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	for i := range 30 {
		start := after(time.Duration(i) * 4 * time.Minute)
		b.apply(again(a, start))
		b.tick(start.Add(time.Minute))
		b.apply(cleared(a, start.Add(2*time.Minute)))
		b.tick(start.Add(3 * time.Minute))
	}
	b.want("inc-001 opened", "inc-001 cleared", "inc-001 attached", "inc-001 note")
	_, events := b.get("inc-001")
	if want := "x is flapping: it changed 4 times within 6m; the incident stays open until it has stood still for 30m"; events[3].Text != want {
		t.Errorf("got %q, want %q", events[3].Text, want)
	}
	last := after(29*4*time.Minute + 2*time.Minute)
	b.tick(last.Add(29 * time.Minute))
	b.restart()
	b.tick(last.Add(30 * time.Minute))
	b.want("inc-001 opened", "inc-001 cleared", "inc-001 attached", "inc-001 note", "inc-001 cleared", "inc-001 resolved")
}

func TestManager_FlappingEndsFiring_StaysOpenSilently(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	for i := range 3 {
		b.apply(again(a, after(time.Duration(2*i)*time.Minute)))
		if i < 2 {
			b.apply(cleared(a, after(time.Duration(2*i+1)*time.Minute)))
		}
	}
	b.tick(after(time.Hour))
	b.want("inc-001 opened", "inc-001 cleared", "inc-001 attached", "inc-001 note")
	b.apply(cleared(a, after(61*time.Minute)))
	b.tick(after(66 * time.Minute))
	b.want("inc-001 opened", "inc-001 cleared", "inc-001 attached", "inc-001 note", "inc-001 cleared", "inc-001 resolved")
}

func TestManager_Storm_FoldsIntoOne(t *testing.T) {
	b := newBench(t, func(c *incident.Config) { c.StormIncidents = 3 })
	for i := range 6 {
		b.apply(alert("x", fmt.Sprintf("s%d", i), after(time.Duration(i)*time.Second)))
		if i == 3 {
			b.restart()
		}
	}
	b.want("inc-001 opened", "inc-002 opened", "inc-003 opened", "inc-004 opened", "inc-001 linked", "inc-002 linked", "inc-003 linked", "inc-004 linked", "inc-004 attached", "inc-004 attached")
	b.apply(alert("y", "s4", after(2*time.Minute))) // stays where its service is
	b.apply(alert("y", "s9", after(2*time.Minute))) // the storm is over
	i, events := b.get("inc-004")
	if i.Title != "incident storm, first s3: x, error_rate" || len(i.Occurrences) != 4 || !strings.HasPrefix(events[0].Text, "more than 3 incidents opened within a minute") {
		t.Errorf("got %q with %d: %v", i.Title, len(i.Occurrences), events)
	}
	for i := 3; i < 6; i++ {
		b.apply(cleared(alert("x", fmt.Sprintf("s%d", i), noon), after(3*time.Minute)))
	}
	b.apply(cleared(alert("y", "s4", noon), after(3*time.Minute)))
	b.tick(after(8 * time.Minute))
	if i, _ := b.get("inc-004"); i.State != incident.StateResolved {
		t.Errorf("storm's incident is %s", i.State)
	}
	if got := b.story(); !strings.Contains(got, "inc-005 opened") {
		t.Errorf("got\n%s", got)
	}
}

func TestManager_StoredOccurrencesAreBounded(t *testing.T) {
	b := newBench(t)
	b.apply(alert("x", "a", noon))
	for i := range 250 {
		b.apply(anomaly(fmt.Sprintf("m%d", i), "a", after(time.Second)))
	}
	b.apply(anomaly("m249", "a", after(2*time.Second)))
	b.apply(alert("late", "a", after(3*time.Second))) // a strong one takes a weak one's place
	i, events := b.get("inc-001")
	if len(i.Occurrences) != 200 || i.Dropped != 52 || i.Occurrences[199].Name != "late" {
		t.Errorf("got %d stored, %d dropped, last %s; want 200, 52, late", len(i.Occurrences), i.Dropped, i.Occurrences[199].Name)
	}
	if len(events) > 25 {
		t.Errorf("%d events for evidence", len(events))
	}
	if got := b.counted(`tocsin_incident_dropped_total{reason="full"}`); got != 52 {
		t.Errorf("dropped: got %d, want 52", got)
	}
}

func TestManager_OldReports_AreIgnored(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	b.apply(a)
	b.apply(cleared(a, after(2*time.Minute)))
	b.apply(at(a, after(time.Minute)))
	b.want("inc-001 opened", "inc-001 cleared")
	if got := b.counted(`tocsin_incident_dropped_total{reason="late"}`); got != 1 {
		t.Errorf("late: got %d, want 1", got)
	}
}

func TestManager_Invalid_IsRefusedAndCounted(t *testing.T) {
	b := newBench(t)
	for want, edit := range map[string]func(*incident.Occurrence){
		"key":       func(o *incident.Occurrence) { o.Key = "" },
		"name":      func(o *incident.Occurrence) { o.Name = "" },
		"at":        func(o *incident.Occurrence) { o.At = time.Time{} },
		"source":    func(o *incident.Occurrence) { o.Source = "x" },
		"condition": func(o *incident.Occurrence) { o.Condition = "x" },
	} {
		o := alert("x", "a", noon)
		edit(&o)
		if err := b.m.Apply(ctx, o); !errors.Is(err, incident.ErrInvalid) || !strings.Contains(err.Error(), want+": want") {
			t.Errorf("%s: got %v", want, err)
		}
	}
	if got := b.counted(`tocsin_incident_dropped_total{reason="invalid"}`); got != 5 {
		t.Errorf("got %d, want 5", got)
	}
}

func TestManager_StoreFails_NothingChanges(t *testing.T) {
	b := newBench(t)
	done, cancel := context.WithCancel(ctx)
	cancel()
	if err := b.m.Apply(done, alert("x", "a", noon)); err == nil {
		t.Fatal("want an error of the closed context")
	}
	b.want("")
	b.apply(alert("x", "a", noon))
	if !strings.HasSuffix(b.story(), "opened") || b.changed != 1 {
		t.Errorf("after another try: %s, changed %d", b.story(), b.changed)
	}
}

func TestManager_EndOfWeakEvidence_DoesNotMakeItStrong(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	b.apply(a)
	b.apply(anomaly("cpu", "a", after(time.Second)))
	b.apply(cleared(a, after(time.Minute)))
	b.apply(cleared(strong("cpu", "a", after(time.Second)), after(5*time.Minute)))
	b.tick(after(6 * time.Minute))
	i, _ := b.get("inc-001")
	if i.State != incident.StateResolved || i.Occurrences[1].Strong || i.Occurrences[1].Condition != incident.ConditionCleared {
		t.Errorf("got %s, %+v", i.State, i.Occurrences[1])
	}
}

func TestManager_SettledOnANewLevel_IsNoRecovery(t *testing.T) {
	b := newBench(t)
	s := symptom("error_rate", "a", noon)
	b.apply(s)
	used := cleared(s, after(30*time.Minute))
	used.Value, used.Expected, used.Lower, used.Upper = 0.3, 0.3, 0.28, 0.33 // the detector has got used to it
	b.apply(used)
	b.apply(used)
	b.tick(after(3 * time.Hour))
	b.want("inc-001 opened", "inc-001 held")
	i, events := b.get("inc-001")
	if want := "error_rate settled at 30%, far from the 0.5% expected before; nothing odd is left but no recovery was seen, the incident stays open"; events[1].Text != want {
		t.Errorf("got %q, want %q", events[1].Text, want)
	}
	if i.Occurrences[0].Expected != 0.005 {
		t.Errorf("expected: got %v, want what was expected at first", i.Occurrences[0].Expected)
	}
	dip := again(anomaly("error_rate", "a", noon), after(4*time.Hour))
	dip.Value, dip.Expected = 0.006, 0.3
	b.restart()
	b.apply(dip)
	b.apply(cleared(dip, after(4*time.Hour+30*time.Minute)))
	b.tick(after(5 * time.Hour))
	b.want("inc-001 opened", "inc-001 held", "inc-001 cleared", "inc-001 resolved")
}

func TestManager_EpisodeInTheGoodDirection_IsNoRelapse(t *testing.T) {
	b := newBench(t)
	s := symptom("error_rate", "a", noon)
	b.apply(s)
	b.apply(cleared(s, after(5*time.Minute)))
	dip := again(anomaly("error_rate", "a", noon), after(6*time.Minute))
	dip.Value = 0
	b.apply(dip)
	b.tick(after(10 * time.Minute))
	b.want("inc-001 opened", "inc-001 cleared", "inc-001 resolved")
}

func TestManager_NoSymptom_MaySettle(t *testing.T) {
	b := newBench(t)
	a, s := alert("x", "a", noon), strong("cpu_usage", "a", noon)
	b.apply(a)
	b.apply(s)
	used := cleared(s, after(30*time.Minute))
	used.Value = 0.3
	b.apply(used)
	b.apply(cleared(a, after(30*time.Minute)))
	b.tick(after(35 * time.Minute))
	b.want("inc-001 opened", "inc-001 attached", "inc-001 cleared", "inc-001 cleared", "inc-001 resolved")
}

func TestManager_AnomalyLosesItsData_SaysSo(t *testing.T) {
	b := newBench(t)
	s := symptom("error_rate", "a", noon)
	b.apply(s)
	lost := held(s, after(time.Minute))
	lost.Value = s.Value // the detector repeats the last one
	b.apply(lost)
	_, events := b.get("inc-001")
	if want := "error_rate: its data stopped at 12:01:00 UTC; this is no recovery, the incident stays open"; events[1].Text != want {
		t.Errorf("got %q, want %q", events[1].Text, want)
	}
	b.apply(cleared(s, after(5*time.Minute))) // they are back, and good
	b.tick(after(10 * time.Minute))
	b.want("inc-001 opened", "inc-001 held", "inc-001 cleared", "inc-001 resolved")
}
