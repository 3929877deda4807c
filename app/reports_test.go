package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/report/capture"
	"github.com/tocsinhq/tocsin/trial/rerun"
	"github.com/tocsinhq/tocsin/web"
)

// An incident of a running daemon: its postmortem, a runbook that is bound to its alert,
// and the incident again from a file.
func TestDaemon_Reports(t *testing.T) {
	d := newDaemon(t, "alerts.yml", deploymentAlert, "tocsin.yml", plainConfig).start()
	d.failDeployment("pay")
	var list web.IncidentList
	d.eventually("an incident is open", func() bool {
		d.json("/api/v1/tocsin/incidents", &list)
		return len(list.Incidents) == 1
	})
	id := list.Incidents[0].ID

	var p web.Postmortem
	d.json("/api/v1/tocsin/incidents/"+id+"/postmortem", &p)
	if p.Postmortem.Service != "pay" || p.Postmortem.Ended || !strings.Contains(p.Markdown, "it goes on") || len(p.Postmortem.Timeline) == 0 {
		t.Errorf("postmortem: got %+v", p.Postmortem)
	}
	if status, body := d.get("/api/v1/tocsin/incidents/" + id + "/postmortem.md"); status != 200 || !strings.HasPrefix(body, "# Postmortem: ") {
		t.Errorf("postmortem.md: %d %.100s", status, body)
	}
	if status, _ := d.get("/api/v1/tocsin/incidents/nope/postmortem"); status != 404 {
		t.Errorf("postmortem of nothing: got %d", status)
	}

	if status, body := d.post("/api/v1/tocsin/incidents/"+id+"/resolve", `{"actor":"ann"}`); status != 200 {
		t.Fatalf("resolve: %d %s", status, body)
	}
	status, body := d.post("/api/v1/tocsin/runbooks", `{"names":["deployment_failure"]}`)
	var written web.RunbooksWritten
	if err := json.Unmarshal([]byte(body), &written); status != 200 || err != nil || len(written.Runbooks) != 1 || written.Runbooks[0].Incidents != 1 {
		t.Fatalf("runbooks: %d %s", status, body)
	}
	if _, err := os.Stat(filepath.Join(d.dir, "data", "runbooks", "deployment_failure.md")); err != nil {
		t.Error(err)
	}
	if status, body := d.get("/runbooks/deployment_failure"); status != 200 || !strings.Contains(body, "<h1") {
		t.Errorf("page: %d %.200s", status, body)
	}
	n := 0
	d.eventually("an alert carries the runbook", func() bool {
		n++
		d.failDeployment(fmt.Sprintf("mail%d", n))
		_, body := d.get("/api/v1/tocsin/alerts")
		return strings.Contains(body, "/runbooks/deployment_failure")
	})
	if status, body := d.post("/api/v1/tocsin/runbooks", `{"names":["no_such"]}`); status != 404 {
		t.Errorf("runbook of nothing: %d %s", status, body)
	}
	var week web.Week
	d.json("/api/v1/tocsin/week", &week)
	if len(week.Week.Incidents) < 2 || !strings.Contains(week.Markdown, "deployment\\_failure") {
		t.Errorf("week: got %+v", week.Week)
	}
	d.runsAgain(id)
}

// runsAgain exports an incident and plays it: the same must come out.
func (d *daemon) runsAgain(id string) {
	d.t.Helper()
	status, body := d.get("/api/v1/tocsin/incidents/" + id + "/export?before=1m&after=1s&history=1h")
	if status != 200 {
		d.t.Fatalf("export: %d %s", status, body)
	}
	c, err := capture.Read("export", bytes.NewReader([]byte(body)), capture.DefaultLimits())
	if err != nil {
		d.t.Fatal(err)
	}
	if len(c.Changes) == 0 || len(c.Acts) != 1 || c.Acts[0].Actor == "ann" || strings.Contains(c.Settings, "notify") {
		d.t.Errorf("capture: got %+v", c)
	}
	c.Head.Recorded = c.Head.Recorded[:1]
	r, err := rerun.Run(d.t.Context(), rerun.Options{Capture: c, Dir: d.t.TempDir(), Tolerance: 20 * time.Second, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		d.t.Fatal(err)
	}
	if !r.Same {
		d.t.Errorf("another outcome: %q\nrecorded %+v\nreplayed %+v", r.Differences, r.Recorded, r.Replayed)
	}
}
