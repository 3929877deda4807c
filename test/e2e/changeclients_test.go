//go:build linux

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

// changes returns what the daemon knows of a service, the latest first.
func (d *logDaemon) changes(service string) []telemetry.Change {
	d.t.Helper()
	res, err := http.Get(d.url + "/api/v1/tocsin/changes?service=" + service)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	var list web.ChangeList
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		d.t.Fatal(err)
	}
	return list.Changes
}

// sentryCLI returns the path of sentry-cli, of the version of
// testdata/changeclients. TOCSIN_CHANGE_CLIENTS names a folder in which it is
// installed; with CI=true or TOCSIN_E2E=1 it is fetched.
func sentryCLI(t *testing.T) string {
	t.Helper()
	program(t, "node", "nodejs")
	dir := os.Getenv("TOCSIN_CHANGE_CLIENTS")
	if dir == "" {
		if os.Getenv("CI") != "true" && os.Getenv("TOCSIN_E2E") != "1" {
			t.Skip("TOCSIN_CHANGE_CLIENTS names no folder with the packages of testdata/changeclients/package.json; \"npm ci --ignore-scripts\" in a copy of it makes one")
		}
		dir = t.TempDir()
		for _, name := range []string{"package.json", "package-lock.json"} {
			runToEnd(t, "cp", filepath.Join("testdata/changeclients", name), dir)
		}
		runToEnd(t, "npm", "ci", "--prefix", dir, "--no-audit", "--no-fund", "--ignore-scripts")
	}
	path, err := filepath.Abs(filepath.Join(dir, "node_modules/.bin/sentry-cli"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// gitFolder makes a repository with one commit.
func gitFolder(t *testing.T) (dir, commit string) {
	t.Helper()
	dir = t.TempDir()
	program(t, "git", "git")
	runToEnd(t, "git", "-C", dir, "init", "-q")
	writeFile(t, dir, "pay.go", "package pay\n")
	runToEnd(t, "git", "-C", dir, "add", ".")
	runToEnd(t, "git", "-C", dir, "-c", "user.name=Mona", "-c", "user.email=mona@acme.example", "commit", "-q", "-m", "Retry payments")
	return dir, strings.TrimSpace(runToEnd(t, "git", "-C", dir, "rev-parse", "HEAD"))
}

func TestChangeClients_SentryCLI(t *testing.T) {
	cli := sentryCLI(t)
	repository, commit := gitFolder(t)
	d := receiveLogs(t, "changes: {sentry: {secrets: [a-secret-of-ours], record: both}}\n")
	run := func(token string, args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, cli, args...)
		cmd.Dir = repository
		cmd.Env = append(os.Environ(), "SENTRY_URL="+d.url, "SENTRY_AUTH_TOKEN="+token, "SENTRY_ORG=acme", "SENTRY_PROJECT=checkout", "SENTRY_DISABLE_UPDATE_CHECK=1", "NO_COLOR=1")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, tt := range []struct{ args, says string }{
		{"info", "project:releases"},
		{"releases new 1.4.2 --url https://ci.acme.example/1", "Created release 1.4.2"},
		{"releases set-commits 1.4.2 --local", "Success! Set commits for release 1.4.2"},
		{"releases finalize 1.4.2", "Finalized release 1.4.2"},
		{"deploys new -r 1.4.2 -e production -t 100 --url https://ci.acme.example/2", "Created new deploy"},
		{"deploys list -r 1.4.2", "production"},
		{"releases list", "1.4.2"},
		{"releases info 1.4.2", "1.4.2"},
		{"releases new 1.4.3", "Created release 1.4.3"},
	} {
		out, err := run("a-secret-of-ours", strings.Fields(tt.args)...)
		if err != nil || !strings.Contains(out, tt.says) {
			t.Errorf("sentry-cli %s: %v, want %q in\n%s", tt.args, err, tt.says, out)
		}
	}
	if out, err := run("a-secret-of-ours", "deploys", "new", "-r", "9.9", "-e", "production"); err == nil || !strings.Contains(out, "Release not found") {
		t.Errorf("a deploy of a release that nobody told of: %v\n%s", err, out)
	}
	if out, err := run("a-wrong-secret", "releases", "new", "1.4.4"); err == nil || !strings.Contains(out, "changes.sentry.secrets") {
		t.Errorf("a wrong token: %v\n%s", err, out)
	}
	byID := map[string]telemetry.Change{}
	for _, c := range d.changes("checkout") {
		kind, _, _ := strings.Cut(strings.TrimPrefix(c.ID, "sentry-"), "-")
		byID[kind+" "+c.VersionTo] = c
	}
	deploy, release := byID["deploy 1.4.2"], byID["release 1.4.2"]
	if took := deploy.Finished.Sub(deploy.Started); deploy.Environment != "production" || took < 99*time.Second || took > 101*time.Second || deploy.Status != "succeeded" ||
		deploy.Author != "Mona" || deploy.Labels["sha"] != commit || deploy.Labels["commit_time"] == "" || deploy.Link != "https://ci.acme.example/2" {
		t.Errorf("the deploy: got %+v", deploy)
	}
	if release.Status != "succeeded" || release.Finished.Before(release.Started) || release.Link != "https://ci.acme.example/1" {
		t.Errorf("the release: got %+v", release)
	}
	if c := byID["release 1.4.3"]; c.Status != "started" || len(byID) != 3 {
		t.Errorf("got %+v", byID)
	}
}

func TestChangeClients_Ansible(t *testing.T) {
	playbook := program(t, "ansible-playbook", "ansible-core")
	plugins, err := filepath.Abs("../../deploy/ansible")
	if err != nil {
		t.Fatal(err)
	}
	d := receiveLogs(t, "changes: {ansible: {secrets: [a-secret-of-ours]}}\n")
	dir := t.TempDir()
	target := filepath.Join(dir, "installed")
	run := func(secret string, args ...string) string {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, playbook, append([]string{"deploy.yml", "-i", "localhost,", "-e", "target=" + target}, args...)...)
		cmd.Dir = "testdata/changeclients/ansible"
		cmd.Env = append(os.Environ(), "ANSIBLE_CALLBACK_PLUGINS="+plugins, "ANSIBLE_HOME="+dir, "ANSIBLE_LOCAL_TEMP="+dir, "ANSIBLE_REMOTE_TEMP="+dir, "TOCSIN_URL="+d.url, "TOCSIN_SECRET="+secret, "ANSIBLE_NOCOLOR=1")
		out, _ := cmd.CombinedOutput() // a playbook that fails is one of the cases
		return string(out)
	}
	version := func(v string) []string {
		return []string{"-e", "tocsin_version=" + v, "-e", "tocsin_service=checkout,cart", "-e", "tocsin_environment=production"}
	}
	check := func(when string, want ...string) {
		t.Helper()
		var got []string
		for _, c := range d.changes("checkout") {
			got = append(got, fmt.Sprintf("%s %s %s", c.VersionTo, c.Environment, c.Status))
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("%s: got %q, want %q", when, got, want)
		}
	}
	const secret = "a-secret-of-ours"
	out := run(secret, append(version("v1"), "--check")...)
	check("after --check\n" + out)
	out = run(secret, version("v1")...)
	check("after a run\n"+out, "v1 production succeeded")
	out = run(secret, version("v1")...)
	check("after a run that altered nothing\n"+out, "v1 production succeeded")
	out = run(secret, append(version("v2"), "-e", "check_command=/bin/false")...)
	check("after a run that failed\n"+out, "v2 production failed", "v1 production succeeded")
	if got := d.changes("cart"); len(got) != 2 || got[0].Labels["task"] != "Install the package" || got[0].Labels["hosts"] != "localhost" {
		t.Errorf("the other service: got %+v", got)
	}
	if out := run("a-wrong-secret", version("v3")...); !strings.Contains(out, "tocsin: HTTP Error 401") || !strings.Contains(out, "failed=0") {
		t.Errorf("a wrong secret: got\n%s", out)
	}
}
