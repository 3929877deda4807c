package sentrycli_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/ingest/changes/sentrycli"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

var now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// What sentry-cli 3.8.0 sent for releases new, set-commits --local, finalize and
// deploys new, with other names and fewer commits.
const (
	newBody      = `{"version":"1.4.2","projects":["checkout","cart"],"url":"https://ci.acme.example/1","dateStarted":"2026-03-02T11:50:00.982036969Z"}`
	commitsBody  = `{"commits":[{"patch_set":[{"path":"pay.go","type":"M"}],"repository":"acme/shop","author_name":"Mona","author_email":"mona@acme.example","timestamp":"2026-03-02T12:30:00+01:00","message":"Retry payments\n\nMore.","id":"bb37e03fc7b32b3cdf193e3fd406077a318408c6"},{"patch_set":[],"repository":"acme/shop","author_name":"Rick","timestamp":"2026-03-01T12:30:00+01:00","message":"Older","id":"0000003fc7b32b3cdf193e3fd406077a318408c6"}]}`
	finalizeBody = `{"projects":["checkout"],"dateReleased":"2026-03-02T11:58:00.212048260Z"}`
	deployBody   = `{"environment":"prod","name":null,"url":"https://ci.acme.example/2","dateStarted":"2026-03-02T11:55:00Z","dateFinished":"2026-03-02T11:59:00Z"}`
	bareDeploy   = `{"environment":"prod","name":null,"url":null,"dateStarted":null,"dateFinished":"2026-03-02T11:59:00.242117227Z"}`
	archiveBody  = `{"version":"1.4.2","projects":[],"status":"archived"}`
)

const org = "/api/0/organizations/acme/"

func TestDecode_Calls(t *testing.T) {
	for _, tt := range []struct {
		method, path, body string
		what               sentrycli.What
		project, version   string
		err                string
	}{
		{"GET", "/api/0/", "", sentrycli.Hello, "", "", ""},
		{"GET", org + "repos/", "", sentrycli.Repos, "", "", ""},
		{"POST", org + "releases/", newBody, sentrycli.Create, "", "1.4.2", ""},
		{"POST", "/api/0/projects/acme/checkout/releases/", newBody, sentrycli.Create, "checkout", "1.4.2", ""},
		{"PUT", org + "releases/1.4.2/", commitsBody, sentrycli.Update, "", "1.4.2", ""},
		{"PUT", org + "releases/feature%2Fx@1/", finalizeBody, sentrycli.Update, "", "feature/x@1", ""},
		{"PUT", "/api/0/projects/acme/checkout/releases/1.4.2/", finalizeBody, sentrycli.Update, "checkout", "1.4.2", ""},
		{"GET", org + "releases/1.4.2/previous-with-commits/", "", sentrycli.Previous, "", "1.4.2", ""},
		{"GET", org + "releases/1.4.2/", "", sentrycli.Show, "", "1.4.2", ""},
		{"DELETE", org + "releases/1.4.2/", "", sentrycli.Delete, "", "1.4.2", ""},
		{"GET", "/api/0/projects/acme/checkout/releases/", "", sentrycli.List, "checkout", "", ""},
		{"POST", org + "releases/1.4.2/deploys/", deployBody, sentrycli.Deploy, "", "1.4.2", ""},
		{"GET", org + "releases/1.4.2/deploys/", "", sentrycli.Deploys, "", "1.4.2", ""},
		{"POST", org + "releases/", `{"projects":["a"]}`, sentrycli.Create, "", "", "want a version of 1 to 200 bytes"},
		{"POST", org + "releases/", `{`, sentrycli.Create, "", "", "want JSON"},
		{"POST", org + "releases/1.4.2/deploys/", `{}`, sentrycli.Deploy, "", "1.4.2", "want the field environment"},
		{"PUT", org + "releases/%zz/", `{}`, "", "", "", "path: invalid URL escape"},
		{"PATCH", org + "releases/1.4.2/", `{}`, "-", "", "", ""},
		{"POST", org + "chunk-upload/", "", "-", "", "", ""},
		{"GET", "/api/0/users/", "", "-", "", "", ""},
		{"GET", org, "", "-", "", "", ""},
	} {
		c, ok, err := sentrycli.Decode(tt.method, tt.path, []byte(tt.body))
		if (tt.what == "-") == ok {
			t.Errorf("%s %s: understood %v", tt.method, tt.path, ok)
		}
		if got := ""; err != nil || tt.err != "" {
			if err != nil {
				got = err.Error()
			}
			if tt.err == "" || !strings.Contains(got, tt.err) {
				t.Errorf("%s %s: got %q, want %q", tt.method, tt.path, got, tt.err)
			}
			continue
		}
		if ok && (c.What != tt.what || c.Project != tt.project || c.Version != tt.version || tt.what != sentrycli.Hello && c.Org != "acme") {
			t.Errorf("%s %s: got %+v", tt.method, tt.path, c)
		}
	}
}

// tell gives a release one call.
func tell(t *testing.T, r *sentrycli.Release, method, path, body string) (sentrycli.Call, sentrycli.Done) {
	t.Helper()
	c, ok, err := sentrycli.Decode(method, path, []byte(body))
	if !ok || err != nil {
		t.Fatalf("%s %s: %v, %v", method, path, ok, err)
	}
	r.Org, r.Version = c.Org, c.Version
	r.Merge(c)
	if c.What == sentrycli.Deploy {
		return c, r.Deploy(c.Deploy, now)
	}
	return c, sentrycli.Done{}
}

func TestChanges_Deploy_IsOneForEachProject(t *testing.T) {
	var r sentrycli.Release
	tell(t, &r, "POST", org+"releases/", newBody)
	tell(t, &r, "PUT", org+"releases/1.4.2/", commitsBody)
	c, done := tell(t, &r, "POST", org+"releases/1.4.2/deploys/", deployBody)
	out := sentrycli.Changes(c, r, done, hook.Naming{Services: map[string]string{"acme/cart": "shopping-cart"}}, sentrycli.RecordDeploys)
	labels := map[string]string{"source": "sentry", "event": "deploy", "release": "1.4.2", "project": "checkout", "sha": "bb37e03fc7b32b3cdf193e3fd406077a318408c6",
		"repository": "acme/shop", "commit_time": "2026-03-02T11:30:00Z"}
	want := telemetry.Change{ID: "sentry-deploy-acme-checkout-1.4.2-prod-1772452740", Kind: "deployment", Service: "checkout", Environment: "prod", VersionTo: "1.4.2",
		Started: now.Add(-5 * time.Minute), Finished: now.Add(-time.Minute), Status: "succeeded", Author: "Mona", Link: "https://ci.acme.example/2", Summary: "Retry payments", Labels: labels}
	if len(out.Items) != 2 || out.Items[1].Change.Service != "shopping-cart" {
		t.Fatalf("got %+v", out)
	}
	if d := cmp.Diff(want, out.Items[0].Change); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestChanges_Release_StartsAtNewAndEndsAtFinalize(t *testing.T) {
	var r sentrycli.Release
	c, _ := tell(t, &r, "POST", org+"releases/", newBody)
	out := sentrycli.Changes(c, r, sentrycli.Done{}, hook.Naming{Environment: "prod"}, sentrycli.RecordReleases)
	if len(out.Items) != 2 {
		t.Fatalf("got %+v", out)
	}
	start := out.Items[0].Change
	c, _ = tell(t, &r, "PUT", org+"releases/1.4.2/", finalizeBody)
	end := sentrycli.Changes(c, r, sentrycli.Done{}, hook.Naming{Environment: "prod"}, sentrycli.RecordReleases).Items[0].Change
	if start.ID != end.ID || start.Status != "started" || end.Status != "succeeded" || end.Finished.IsZero() || start.Environment != "prod" {
		t.Errorf("got %+v and %+v", start, end)
	}
	c, _ = tell(t, &r, "PUT", org+"releases/1.4.2/", commitsBody)
	if out := sentrycli.Changes(c, r, sentrycli.Done{}, hook.Naming{}, sentrycli.RecordReleases); len(out.Items) != 0 || out.Ignored[0].Reason != hook.State {
		t.Errorf("commits: got %+v", out)
	}
	c, _ = tell(t, &r, "POST", org+"releases/", archiveBody)
	if out := sentrycli.Changes(c, r, sentrycli.Done{}, hook.Naming{}, sentrycli.RecordReleases); len(out.Items) != 0 {
		t.Errorf("archived: got %+v", out)
	}
}

func TestChanges_Record_LeavesOut(t *testing.T) {
	r := sentrycli.Release{Projects: []string{"a"}}
	c, _ := tell(t, &r, "POST", org+"releases/", newBody)
	d, done := tell(t, &r, "POST", org+"releases/1.4.2/deploys/", bareDeploy)
	for record, want := range map[sentrycli.Record][2]int{"deploys": {0, 3}, "releases": {3, 0}, "both": {3, 3}} {
		a, b := sentrycli.Changes(c, r, done, hook.Naming{}, record), sentrycli.Changes(d, r, done, hook.Naming{}, record)
		if got := [2]int{len(a.Items), len(b.Items)}; got != want {
			t.Errorf("%s: got %v, want %v", record, got, want)
		}
	}
	if b := sentrycli.Changes(d, r, done, hook.Naming{}, "deploys").Items[0].Change; !b.Started.Equal(b.Finished) || b.Finished.IsZero() {
		t.Errorf("a deploy without a start: got %+v", b)
	}
}

func TestChanges_PackageOfTheVersion(t *testing.T) {
	var r sentrycli.Release
	c, done := tell(t, &r, "POST", org+"releases/checkout@1.4.2/deploys/", bareDeploy)
	out := sentrycli.Changes(c, r, done, hook.Naming{}, sentrycli.RecordDeploys)
	if len(out.Items) != 1 || out.Items[0].Change.Service != "checkout" || out.Items[0].Change.VersionTo != "1.4.2" {
		t.Errorf("got %+v", out)
	}
}

func TestReleases_KeepAndFind(t *testing.T) {
	db, err := store.OpenState(t.Context(), t.TempDir()+"/state.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := sentrycli.NewReleases(db)
	if _, err := s.Get(t.Context(), "acme", "1"); !errors.Is(err, sentrycli.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	add := func(version string, at time.Time, commit string, projects ...string) sentrycli.Release {
		r, _, err := s.Change(t.Context(), "acme", version, at, func(r *sentrycli.Release) { r.Projects, r.Commit = projects, commit })
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	add("1", now, "aaa", "checkout")
	add("2", now.Add(time.Hour), "", "checkout")
	add("3", now.Add(2*time.Hour), "ccc", "cart")
	last := add("4", now.Add(3*time.Hour), "ddd", "checkout")
	if r, created, err := s.Change(t.Context(), "acme", "4", now.Add(9*time.Hour), func(*sentrycli.Release) {}); created || err != nil || !reflect.DeepEqual(r, last) {
		t.Errorf("got %+v, %v, %v, want %+v", r, created, err, last)
	}
	if r, err := s.Previous(t.Context(), last); err != nil || r.Version != "1" {
		t.Errorf("previous: got %+v, %v", r, err)
	}
	if _, err := s.Previous(t.Context(), sentrycli.Release{Org: "acme", Version: "1", Created: now, Projects: []string{"checkout"}}); !errors.Is(err, sentrycli.ErrNotFound) {
		t.Errorf("before the first: got %v", err)
	}
	if list, err := s.List(t.Context(), "acme", "checkout"); err != nil || len(list) != 3 || list[0].Version != "4" {
		t.Errorf("got %+v, %v", list, err)
	}
	if err := s.Delete(t.Context(), "acme", "4"); err != nil {
		t.Error(err)
	}
	if err := s.Prune(t.Context(), now.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if list, err := s.List(t.Context(), "acme", ""); err != nil || len(list) != 2 || list[0].Version != "3" || list[1].Version != "2" {
		t.Errorf("after pruning: got %+v, %v", list, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range [][3]string{{"POST", org + "releases/", newBody}, {"PUT", org + "releases/1.4.2/", commitsBody}, {"PUT", org + "releases/1/", finalizeBody},
		{"POST", org + "releases/a@1/deploys/", deployBody}, {"POST", org + "releases/1/deploys/", bareDeploy}, {"GET", "/api/0/", ""}, {"PUT", org + "releases/%2F/", "{}"}} {
		f.Add(s[0], s[1], []byte(s[2]))
	}
	f.Fuzz(func(t *testing.T, method, path string, body []byte) {
		c, ok, err := sentrycli.Decode(method, path, body)
		if !ok || err != nil {
			return
		}
		r := sentrycli.Release{Org: c.Org, Version: c.Version}
		r.Merge(c)
		var done sentrycli.Done
		if c.What == sentrycli.Deploy {
			done = r.Deploy(c.Deploy, now)
		}
		for _, i := range sentrycli.Changes(c, r, done, hook.Naming{}, sentrycli.RecordBoth).Items {
			hook.Tidy(&i.Change)
			if i.Change.ID == "" || !i.Change.Finished.IsZero() && i.Change.Status == "started" {
				t.Errorf("got %+v", i.Change)
			}
		}
	})
}
