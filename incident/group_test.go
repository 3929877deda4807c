package incident_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/incident"
)

func TestFromGroup_GuiltyMetrics_NamedWithTheirShares(t *testing.T) {
	v := detector.Verdict{
		Time: after(4 * time.Minute).UnixMilli(), Since: after(3 * time.Minute).UnixMilli(), Value: 2, Upper: 1.8,
		Score: 0.99999, Peak: 0.999995, Kind: detector.KindGroup, Phase: detector.PhaseOpened,
		Group: &detector.Group{Service: "web", Guilty: []detector.Guilt{
			{Labels: labels.FromStrings("__name__", "load1", "service", "web"), Share: 0.6},
			{Labels: labels.FromStrings("__name__", "queue", "service", "web"), Share: 0.4},
		}},
	}
	o, ok := incident.FromGroup(v, "prod", incident.DefaultConfig())
	if !ok || o.Key != "group:web" || o.Service != "web" || o.Environment != "prod" || !o.Strong || o.Symptom || o.Kind != "group" {
		t.Errorf("got %v %+v", ok, o)
	}
	for _, want := range []string{"2 metrics odd together: load1 (60%), queue (40%)", "up to 1.8 are ordinary"} {
		if !strings.Contains(o.Summary, want) {
			t.Errorf("got summary %q, want one with %q", o.Summary, want)
		}
	}
	v.Value = 7
	if o, _ := incident.FromGroup(v, "prod", incident.DefaultConfig()); !strings.HasPrefix(o.Summary, "7 metrics odd together: load1 (60%), queue (40%) and 5 more, up to") {
		t.Errorf("of seven: got summary %q", o.Summary)
	}
	v.Group.Newly, v.Value = true, 3
	if o, _ := incident.FromGroup(v, "prod", incident.DefaultConfig()); !strings.HasPrefix(o.Summary, "3 metrics have just become odd together, the oddest are load1 (60%), queue (40%), up to") {
		t.Errorf("newly odd: got summary %q", o.Summary)
	}
	if o.Labels["guilty_2"] != `{__name__="queue", service="web"}` || !strings.Contains(o.Query, "load1") {
		t.Errorf("got labels %v and query %s", o.Labels, o.Query)
	}
	v.Phase, v.Peak, v.Score = detector.PhaseClosed, 0.995, 0
	if o, _ := incident.FromGroup(v, "", incident.DefaultConfig()); o.Condition != incident.ConditionCleared || o.Strong {
		t.Errorf("closed and not so strong: got %s, strong %v", o.Condition, o.Strong)
	}
	v.Phase = detector.PhaseQuiet
	if _, ok := incident.FromGroup(v, "", incident.DefaultConfig()); ok {
		t.Error("a quiet verdict is an occurrence")
	}
	if _, ok := incident.FromGroup(detector.Verdict{Phase: detector.PhaseOpened}, "", incident.DefaultConfig()); ok {
		t.Error("a verdict on a series is one on a group")
	}
}

// When it is over, whoever recovers last is not who was at fault.
func TestGroup_GuiltyAreThoseOfTheWorstMoment(t *testing.T) {
	report := func(at time.Time, phase detector.Phase, odd float64, names ...string) incident.Occurrence {
		v := detector.Verdict{Time: at.UnixMilli(), Since: noon.UnixMilli(), Value: odd, Upper: 1.8, Score: 1 - 0.1/odd, Peak: 0.999999,
			Kind: detector.KindGroup, Phase: phase, Group: &detector.Group{Service: "web"}}
		for _, n := range names {
			v.Group.Guilty = append(v.Group.Guilty, detector.Guilt{Labels: labels.FromStrings("__name__", n), Share: 1 / float64(len(names))})
		}
		o, ok := incident.FromGroup(v, "", incident.DefaultConfig())
		if !ok {
			t.Fatal("no occurrence")
		}
		return o
	}
	b := newBench(t)
	log := incident.NewAnomalyLog(b.db, nil)
	b.apply(alert("x", "web", noon))
	for _, r := range []incident.AnomalyReport{
		{Occurrence: report(noon, detector.PhaseOpened, 2, "early", "queue"), Phase: detector.PhaseOpened},
		{Occurrence: report(after(time.Minute), detector.PhaseChanged, 5, "load1", "queue", "latency"), Phase: detector.PhaseChanged},
		{Occurrence: report(after(2*time.Minute), detector.PhaseClosed, 1, "memory"), Phase: detector.PhaseClosed},
	} {
		if err := log.Record(ctx, r.Occurrence, r.Phase); err != nil {
			t.Fatal(err)
		}
		b.apply(r.Occurrence)
	}
	list, err := log.List(ctx, incident.AnomalyFilter{})
	if err != nil {
		t.Fatal(err)
	}
	i, _ := b.get("inc-001")
	for where, o := range map[string]incident.Occurrence{"log": list[0].Occurrence, "incident": i.Occurrences[1]} {
		if o.Labels["guilty_1"] != `{__name__="load1"}` || len(o.Labels) != 3 || o.Query != `{__name__="load1"}` || o.Condition != incident.ConditionCleared {
			t.Errorf("%s: got %v, query %s, %s", where, o.Labels, o.Query, o.Condition)
		}
	}
}
