package opsgenie_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/opsgenie"
	"github.com/tocsinhq/tocsin/notify/sample"
)

const (
	key   = "c0ffee00-1111-2222-3333-secretkey444"
	taken = `{"result":"Request will be processed","took":0.1,"requestId":"43a29c5c"}`
)

func channel(t *testing.T, url string, now func() time.Time) notify.Channel {
	t.Helper()
	c, err := opsgenie.New(opsgenie.Options{Name: "og", Now: now, Config: notify.OpsgenieConfig{
		APIKey: key, APIURL: url, Teams: []string{"shop"}, Tags: []string{"a, b"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOpsgenie_Conformance(t *testing.T) {
	notifytest.Channel(t, func(t *testing.T) notify.Channel { return channel(t, notifytest.NewStub(t, taken).URL, nil) })
	notifytest.HTTP(t, notifytest.HTTPCase{OK: taken, Make: channel, Secrets: []string{key}})
}

func TestOpsgenie_Life_OneAlias(t *testing.T) {
	s := notifytest.NewStub(t, taken)
	note := notifytest.Sample(incident.EventNote)
	note.Incident.State = incident.StateResolved
	group := sample.Group("resolved", sample.Options{Onset: notifytest.Onset})
	notifytest.Life(t, channel(t, s.URL, nil),
		notifytest.Sample(incident.EventOpened), notifytest.Sample(incident.EventAcked), notifytest.Sample(incident.EventRaised),
		notifytest.Sample(incident.EventSuspects), notifytest.Sample(incident.EventResolved), note, notifytest.Sample(incident.EventReopened), group)
	var got []string
	for _, c := range s.Calls() {
		if a := c.Header.Get("Authorization"); a != "GenieKey "+key {
			t.Errorf("Authorization = %q", a)
		}
		var v struct{ Alias, Priority, Message string }
		if err := json.Unmarshal(c.Body, &v); err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSpace(c.Path+" "+v.Alias+" "+v.Priority+" "+v.Message))
	}
	on := "/v2/alerts/tocsin-inc-1"
	create := "/v2/alerts tocsin-inc-1 P1 checkout: error rate is high"
	want := []string{create, on + "/acknowledge", create, on + "/priority  P1", on + "/notes", on + "/close", on + "/notes", create}
	if diff := cmp.Diff(want, got[:8]); diff != "" {
		t.Error(diff)
	}
	if len(got) != 9 || !strings.HasPrefix(got[8], "/v2/alerts/tocsin-group-") || !strings.HasSuffix(got[8], "/close") {
		t.Errorf("group: %q", got[8:])
	}
}

func TestOpsgenie_Alert(t *testing.T) {
	s := notifytest.NewStub(t, taken)
	notifytest.Life(t, channel(t, s.URL, nil), notifytest.Sample(incident.EventOpened))
	var v struct {
		Responders  []struct{ Name, Type string }
		Tags        []string
		Details     map[string]string
		Description string
	}
	if err := json.Unmarshal(s.Calls()[0].Body, &v); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a  b", "tocsin", "critical", "checkout"}, v.Tags); diff != "" {
		t.Error(diff)
	}
	if len(v.Responders) != 1 || v.Responders[0].Name != "shop" || v.Details["Incident"] == "" || v.Details["Chart"] == "" || !strings.Contains(v.Description, "suspects") {
		t.Errorf("alert = %+v", v)
	}
}

func TestOpsgenie_CloseWhatIsNotThere_IsDone(t *testing.T) {
	s := notifytest.NewStub(t, taken)
	s.Behave(notifytest.Status(404, ""))
	if _, err := channel(t, s.URL, nil).Send(t.Context(), notifytest.Sample(incident.EventResolved), ""); err != nil {
		t.Errorf("Send = %v, want nil", err)
	}
	if _, err := opsgenie.New(opsgenie.Options{Name: "og"}); err == nil {
		t.Error("New without a key: want an error")
	}
}
