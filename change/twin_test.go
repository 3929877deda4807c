package change_test

import (
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// A deployment that two senders tell of is one change, whichever is first.
func TestTwoSenders_OneChange(t *testing.T) {
	f, _ := newFeed(t)
	github := telemetry.Change{ID: "github-1", Service: "pay", Environment: "production", VersionTo: "f95f852bd8fc", Author: "ann", Status: telemetry.StatusStarted, Started: noon,
		Labels: map[string]string{telemetry.LabelSender: "github", "ref": "main"}}
	argo := telemetry.Change{ID: "argocd-9", Service: "pay", Environment: "production", VersionTo: "f95f852bd8fc0a1b2c3d", Author: "argocd", Link: "https://argo.test/pay", Status: telemetry.StatusStarted, Started: noon.Add(2 * time.Minute),
		Labels: map[string]string{telemetry.LabelSender: "argocd", "revision": "f95f852bd8fc0a1b2c3d"}}
	record(t, f, github, noon)
	one, created := record(t, f, argo, noon.Add(2*time.Minute))
	if created || one.ID != "github-1" || one.Author != "ann" || one.Link != "https://argo.test/pay" || !one.Started.Equal(noon) ||
		one.Labels[telemetry.LabelSender] != "github" || one.Labels["revision"] == "" || one.VersionTo != "f95f852bd8fc" {
		t.Errorf("got %+v, created %t", one, created)
	}
	argo.Status, argo.Finished = telemetry.StatusFailed, noon.Add(5*time.Minute)
	if one, _ = record(t, f, argo, noon.Add(5*time.Minute)); one.Status != telemetry.StatusFailed || !one.Finished.Equal(noon.Add(5*time.Minute)) {
		t.Errorf("the second sender told of the end, got %+v", one)
	}
	if got, err := f.Get(t.Context(), "argocd-9"); err != nil || got.ID != "github-1" {
		t.Errorf("by the other id: %+v, %v", got, err)
	}
	if got := all(t, f); len(got) != 1 {
		t.Errorf("got %q", got)
	}
	// Said once more it changes nothing.
	if again, created := record(t, f, argo, noon.Add(6*time.Minute)); created || again.Status != telemetry.StatusFailed {
		t.Errorf("got %+v", again)
	}
}

func TestTwoSenders_StayApart(t *testing.T) {
	of := func(id, sender, version, environment string, started time.Time) telemetry.Change {
		c := telemetry.Change{ID: id, Service: "pay", Environment: environment, VersionTo: version, Status: telemetry.StatusSucceeded, Started: started, Finished: started.Add(time.Minute)}
		if sender != "" {
			c.Labels = map[string]string{telemetry.LabelSender: sender}
		}
		return c
	}
	for name, second := range map[string]telemetry.Change{
		"another version":     of("b", "argocd", "v3", "production", noon),
		"no version":          of("b", "argocd", "", "production", noon),
		"another environment": of("b", "argocd", "v2", "staging", noon),
		"much later":          of("b", "argocd", "v2", "production", noon.Add(time.Hour)),
		"the same sender":     of("b", "github", "v2", "production", noon),
		"no sender":           of("b", "", "v2", "production", noon),
	} {
		f, _ := newFeed(t)
		record(t, f, of("a", "github", "v2", "production", noon), noon.Add(time.Minute))
		if _, created := record(t, f, second, noon.Add(2*time.Hour)); !created {
			t.Errorf("%s: became one with the first", name)
		}
	}
}
