package client_test

import (
	"testing"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/web/client"
)

func TestIncidents_MitigateMergeSplitFalsePositive(t *testing.T) {
	c, ctx := shop(t), t.Context()
	list, err := c.Incidents(ctx, client.IncidentQuery{State: "active"})
	if err != nil || len(list.Incidents) < 2 {
		t.Fatalf("got %d active, %v; want two", len(list.Incidents), err)
	}
	one, two := list.Incidents[0], list.Incidents[1]
	if i, err := c.Mitigate(ctx, one.ID, "ada", "moved"); err != nil || i.State != incident.StateMitigated {
		t.Errorf("mitigate: got %s, %v", i.State, err)
	}
	if i, err := c.Split(ctx, one.ID, one.Occurrences[0].Key, "ada", ""); err != nil || i.SplitFrom != one.ID {
		t.Errorf("split: got %+v, %v", i, err)
	}
	if i, err := c.Merge(ctx, two.ID, one.ID, "ada", ""); err != nil || i.ID != one.ID {
		t.Errorf("merge: got %s, %v", i.ID, err)
	}
	if i, err := c.FalsePositive(ctx, one.ID, "ada", ""); err != nil || i.State != incident.StateFalsePositive {
		t.Errorf("false positive: got %s, %v", i.State, err)
	}
	if _, err := c.Close(ctx, one.ID, "ada", ""); err == nil {
		t.Error("closing a false positive: want a refusal")
	}
	if list, err := c.Incidents(ctx, client.IncidentQuery{State: "ended"}); err != nil || len(list.Incidents) < 2 {
		t.Errorf("ended: got %d, %v", len(list.Incidents), err)
	}
	if _, err := c.Merge(ctx, two.ID, "", "ada", ""); err == nil {
		t.Error("merging with nothing: want a refusal")
	}
}
