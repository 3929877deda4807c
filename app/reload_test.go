package app_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/web"
)

const reloadedMetric = "tocsin_config_last_reload_successful"

func (d *daemon) reload(status int, says ...string) {
	d.t.Helper()
	got, body := d.post("/-/reload", "")
	if got != status {
		d.t.Errorf("reload: got %d %s, want %d", got, body, status)
	}
	for _, s := range says {
		if !strings.Contains(body, s) {
			d.t.Errorf("reload: got %q, want %q in it", body, s)
		}
	}
}

func TestReload_NewAlert_IsLive(t *testing.T) {
	d := newDaemon(t, "tocsin.yml", plainConfig, "alerts.yml", noAlerts).start()
	d.failDeployment("pay")
	d.file("alerts.yml", deploymentAlert+"  - name: busy\n    condition: request_rate > 0\n    severity: warning\n")
	d.reload(200, "reloaded")
	d.failDeployment("mail")
	d.eventually("the new rule told of mail", func() bool { return strings.Contains(d.console.String(), "mail") })
	if got := d.metric(reloadedMetric); got != "1" {
		t.Errorf("%s: got %s, want 1", reloadedMetric, got)
	}
	// A rule over metrics is evaluated after the request that reloaded is over.
	d.remoteWrite("http_requests_total", 10*time.Second, 0, 100, 200, 300, 400, 500, 600)
	d.eventually("the rule over metrics fires", func() bool {
		for _, a := range d.app.Core().Alerts() {
			if a.Name == "busy" && a.State == "firing" {
				return true
			}
		}
		return false
	})
}

func TestReload_OtherChannel_NextMessageGoesThere(t *testing.T) {
	stub := notifytest.NewStub(t, "ok")
	d := newDaemon(t, "tocsin.yml", plainConfig, "alerts.yml", deploymentAlert).start()
	d.failDeployment("pay")
	d.eventually("the console was told", func() bool { return strings.Contains(d.console.String(), "pay") })
	d.file("tocsin.yml", plainConfig+"notify:\n  channels: [{name: hook, webhook: {url: "+stub.URL+"}}]\n")
	for range 3 { // one outbox after the other
		d.reload(200)
	}
	printed := d.console.String()
	d.failDeployment("mail")
	d.eventually("the webhook was told", func() bool { return len(stub.Calls()) > 0 })
	if !strings.Contains(string(stub.Calls()[0].Body), "mail") {
		t.Errorf("the webhook got %s", stub.Calls()[0].Body)
	}
	if d.console.String() != printed {
		t.Errorf("the console is configured no more and was told: %s", strings.TrimPrefix(d.console.String(), printed))
	}
	var s web.Status
	d.json("/api/v1/tocsin/status", &s)
	if len(s.Channels) != 1 || s.Channels[0].Name != "hook" {
		t.Errorf("status: got channels %+v, want the webhook", s.Channels)
	}
}

func TestReload_WhatCannotBe_OldConfigurationStays(t *testing.T) {
	for _, tt := range []struct {
		name, config, alerts string
		says                 []string
	}{
		{"broken alert", plainConfig, "alerts:\n  - name: high\n    condition: error_rate >\n    severity: loud\n", []string{"alerts.yml:3", "alerts.yml:4"}},
		{"unknown field", plainConfig + "notfiy: {}\n", deploymentAlert, []string{"tocsin.yml:3", "notify"}},
		{"missing file", "rules:\n  alert_files: [other.yml]\n", deploymentAlert, []string{"other.yml"}},
		{"not at run time", plainConfig + "storage: {retention: 3d}\nweb: {max_connections: 7}\n", deploymentAlert, []string{"storage", "web.max_connections", "only at a start"}},
		{"interval", "rules:\n  alert_files: [alerts.yml]\n  interval: 5s\n", deploymentAlert, []string{"rules.interval"}},
		{"unknown default channel", plainConfig + "notify:\n  default: [nowhere]\n", deploymentAlert, []string{"nowhere"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDaemon(t, "tocsin.yml", plainConfig, "alerts.yml", deploymentAlert).start()
			d.file("tocsin.yml", tt.config)
			d.file("alerts.yml", tt.alerts)
			d.reload(400, tt.says...)
			if got := d.metric(reloadedMetric); got != "0" {
				t.Errorf("%s: got %s, want 0", reloadedMetric, got)
			}
			var s web.Status
			d.json("/api/v1/tocsin/status", &s)
			if s.Reload.OK || !strings.Contains(s.Reload.Error, tt.says[0]) {
				t.Errorf("status: got %+v, want the reason", s.Reload)
			}
			d.failDeployment("pay")
			d.eventually("the old rule tells by the old channel", func() bool { return strings.Contains(d.console.String(), "pay") })
			d.file("tocsin.yml", plainConfig)
			d.file("alerts.yml", deploymentAlert)
			d.app.RequestReload() // as SIGHUP does
			d.eventually("the good file is taken", func() bool { return d.metric(reloadedMetric) == "1" })
		})
	}
}

func TestReload_ByHangup_RefusalIsLogged(t *testing.T) {
	d := newDaemon(t, "tocsin.yml", plainConfig, "alerts.yml", noAlerts).start()
	d.file("tocsin.yml", "rules: 5\n")
	d.app.RequestReload()
	d.app.RequestReload()
	d.eventually("the refusal is in the log", func() bool { return strings.Contains(d.log.String(), "reload refused") })
}

// A reload that comes while the daemon ends must not wait for an outbox that
// nobody runs any more.
func TestReload_WhileTheDaemonEnds_DoesNotHoldItUp(t *testing.T) {
	d := newDaemon(t, "tocsin.yml", plainConfig, "alerts.yml", noAlerts).start()
	var stop atomic.Bool
	var g sync.WaitGroup
	for range 4 {
		g.Go(func() {
			for !stop.Load() {
				ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
				req, err := http.NewRequestWithContext(ctx, "POST", "http://"+d.app.Address()+"/-/reload", nil)
				if err == nil {
					var res *http.Response
					if res, err = http.DefaultClient.Do(req); err == nil {
						res.Body.Close()
					}
				}
				cancel()
				if err != nil {
					return // the listener is closed
				}
			}
		})
	}
	d.eventually("reloads are under way", func() bool { return strings.Count(d.log.String(), "configuration reloaded") > 5 })
	d.stop()
	stop.Store(true)
	g.Wait()
	_, log, _ := strings.Cut(d.log.String(), `step="drain requests"`)
	if n := strings.Count(log, "configuration reloaded"); n > 1 {
		t.Errorf("%d reloads were carried out when the daemon was to end, want no more than the one under way", n)
	}
}

func TestReload_AfterTheEnd_ReturnsAtOnce(t *testing.T) {
	d := newDaemon(t, "tocsin.yml", plainConfig, "alerts.yml", noAlerts).start()
	d.stop()
	done := make(chan error, 1)
	go func() { done <- d.app.Reload(context.Background()) }()
	select {
	case err := <-done:
		if err == nil {
			t.Error("got no error for the reload of a daemon that has ended")
		}
	case <-time.After(time.Minute):
		t.Fatal("Reload waits for a daemon that has ended")
	}
}
