package app_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/web"
)

// hooked posts a body as a provider does, with headers "Name: value".
func (d *daemon) hooked(provider, body string, headers ...string) (int, string) {
	d.t.Helper()
	req, err := http.NewRequest("POST", "http://"+d.app.Address()+"/api/v1/tocsin/changes/"+provider, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func TestApp_ChangeHooks_StartAndFinishAreOneChange(t *testing.T) {
	const secret = "a-secret-of-ours"
	d := newDaemon(t, "tocsin.yml", "changes: {github: {secrets: ["+secret+"]}, services: {acme/shop: checkout}}\n").start()
	body := func(event, state, at string) (string, []string) {
		s := `{"action":"created","deployment":{"id":7,"sha":"f95f852bd8fca8fcc58a9a2d6c842781e32a215e","environment":"production","created_at":"2026-03-02T12:00:00Z"},` +
			`"deployment_status":{"state":"` + state + `","created_at":"` + at + `"},"repository":{"full_name":"acme/shop","html_url":"https://github.com/acme/shop"}}`
		return s, []string{"X-GitHub-Event: " + event, fmt.Sprintf("X-Hub-Signature-256: sha256=%x", hook.Algorithm("sha256").MAC(secret, []byte(s)))}
	}
	for _, x := range [][3]string{{"deployment", "", ""}, {"deployment_status", "in_progress", "2026-03-02T12:01:00Z"}, {"deployment_status", "failure", "2026-03-02T12:05:00Z"},
		{"deployment_status", "failure", "2026-03-02T12:05:00Z"}, {"deployment_status", "inactive", "2026-03-02T13:00:00Z"}} {
		text, headers := body(x[0], x[1], x[2])
		if code, answer := d.hooked("github", text, headers...); code != 200 || !strings.Contains(answer, `"verified":true`) {
			t.Errorf("%v: got %d %s", x, code, answer)
		}
	}
	text, headers := body("deployment", "", "")
	if code, answer := d.hooked("github", text+" ", headers...); code != 401 {
		t.Errorf("an altered body: got %d %s", code, answer)
	}
	var list web.ChangeList
	d.json("/api/v1/tocsin/changes", &list)
	if len(list.Changes) != 1 {
		t.Fatalf("got %+v", list.Changes)
	}
	c := list.Changes[0]
	if c.Service != "checkout" || c.Environment != "production" || c.Status != "failed" || c.Started.Minute() != 1 || c.Finished.Minute() != 5 || c.VersionTo != "f95f852bd8fc" {
		t.Errorf("got %+v", c)
	}
}

func TestApp_ChangeHooks_ReloadAndSentry(t *testing.T) {
	d := newDaemon(t, "tocsin.yml", "changes: {}\n").start()
	const run = `{"payload_version":1,"run_id":"run-1","workspace_name":"network","notifications":[{"trigger":"%s","run_status":"%s"}]}`
	if code, answer := d.hooked("terraform", fmt.Sprintf(run, "run:errored", "errored")); code != 200 || !strings.Contains(answer, `"reason":"never_began"`) {
		t.Errorf("an error before the start: got %d %s", code, answer)
	}
	if code, answer := d.hooked("terraform", fmt.Sprintf(run, "run:applying", "applying")); code != 200 || !strings.Contains(answer, `"created":true`) {
		t.Errorf("the start: got %d %s", code, answer)
	}
	if code, answer := d.hooked("jenkins", `{}`); code != 404 {
		t.Errorf("a webhook that is not configured: got %d %s", code, answer)
	}
	d.file("tocsin.yml", "changes: {terraform: {secrets: [a-secret-of-ours]}, webhooks: [{name: jenkins, fields: {service: /job}}]}\n")
	if code, answer := d.post("/-/reload", ""); code != 200 {
		t.Fatalf("reload: %d %s", code, answer)
	}
	if code, answer := d.hooked("terraform", fmt.Sprintf(run, "run:completed", "applied")); code != 401 {
		t.Errorf("after the reload, without a signature: got %d %s", code, answer)
	}
	if code, answer := d.hooked("jenkins", `{"job":"cart"}`); code != 200 || !strings.Contains(answer, `"service":"cart"`) {
		t.Errorf("after the reload: got %d %s", code, answer)
	}
	if code, answer := d.hooked("jenkins", `{}`); code != 422 || !strings.Contains(answer, "want the name of the service") {
		t.Errorf("without a service: got %d %s", code, answer)
	}
	if code, answer := d.post("/api/0/organizations/acme/releases/", `{"version":"1.4.2","projects":["cart"]}`); code != 201 {
		t.Errorf("a release: got %d %s", code, answer)
	}
	if code, answer := d.post("/api/0/organizations/acme/releases/1.4.2/deploys/", `{"environment":"prod"}`); code != 201 {
		t.Errorf("a deploy: got %d %s", code, answer)
	}
	var list web.ChangeList
	d.json("/api/v1/tocsin/changes?service=cart", &list)
	if len(list.Changes) != 2 || list.Changes[0].VersionTo != "1.4.2" {
		t.Errorf("got %+v", list.Changes)
	}
}
