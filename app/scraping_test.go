package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/web"
)

// scraping is a section that scrapes one target each 100 ms.
func scraping(job, target string, more ...string) string {
	return fmt.Sprintf("global: {scrape_interval: 100ms, scrape_timeout: 100ms}\nscrape_configs:\n  - job_name: %s\n    static_configs: [{targets: [%q]}]\n%s",
		job, strings.TrimPrefix(target, "http://"), strings.Join(more, ""))
}

func TestScraping_SamplesAreWatchedAndTargetsReported(t *testing.T) {
	var dead atomic.Bool
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if dead.Load() {
			http.Error(w, "out of order", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, "queue_depth 3\n")
	}))
	t.Cleanup(target.Close)
	d := newDaemon(t, "tocsin.yml", scraping("shop", target.URL)).start()
	var s web.Status
	d.eventually("the detector watches what is scraped", func() bool {
		d.json("/api/v1/tocsin/status", &s)
		return s.Scrape.Up == 1 && s.Detector.Watched > 0
	})
	dead.Store(true)
	d.eventually("the target is reported as down", func() bool {
		d.json("/api/v1/tocsin/status", &s)
		return s.Scrape.Down == 1
	})
	if f := s.Scrape.Failing; len(f) != 1 || f[0].Job != "shop" || !strings.Contains(f[0].Error, "503") {
		t.Errorf("got %+v", f)
	}
}

func TestReload_ScrapeJobsThatCannotBe_ChangeNothingElse(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "queue_depth 3\n") }))
	t.Cleanup(target.Close)
	d := newDaemon(t, "tocsin.yml", plainConfig+scraping("one", target.URL), "alerts.yml", noAlerts).start()
	scraped := func() bool {
		var s web.Status
		d.json("/api/v1/tocsin/status", &s)
		return s.Scrape.Up == 1
	}
	d.eventually("the target is scraped", scraped)
	d.file("alerts.yml", deploymentAlert)
	for i, tt := range []struct{ config, says string }{
		{scraping("two", target.URL, "    scrape_intervall: 1s\n"), `tocsin.yml:7: scrape_configs[0]: unknown field "scrape_intervall"`},
		{scraping("two", target.URL, "    tls_config: {ca_file: /nowhere.pem}\n"), `job "two"`},
		{scraping("two", target.URL, "    scrape_failure_log_file: /nowhere/x/log\n"), "/nowhere/x/log"}, // seen only when it is applied
		{scraping("two", target.URL) + "remote_write: [{url: \"" + d.app.URL() + "/api/v1/write\"}]\n", "is this daemon itself"},
		{"scrape: {config_files: [none.yml]}\n", "none.yml"},
	} {
		d.file("tocsin.yml", plainConfig+tt.config)
		d.reload(400, tt.says)
		d.failDeployment(fmt.Sprint("pay", i))
		if !scraped() {
			t.Errorf("%s: the job before is scraped no more", tt.says)
		}
	}
	if got := d.console.String(); strings.Contains(got, "pay") {
		t.Errorf("an alert of a configuration that was refused fired: %s", got)
	}
	d.file("tocsin.yml", plainConfig+scraping("two", target.URL))
	d.reload(200)
	d.failDeployment("mail")
	d.eventually("the alert of the new configuration fired", func() bool { return strings.Contains(d.console.String(), "mail") })
}

func TestNew_ForwardingToItself_IsRefused(t *testing.T) {
	d := newDaemon(t)
	address := d.app.Address()
	d.start()
	d.stop()
	d.file("tocsin.yml", "remote_write: [{url: \"http://"+address+"/api/v1/write\"}]\n")
	o := d.options()
	o.ListenAddress = address
	if _, err := app.New(t.Context(), o); err == nil || !strings.Contains(err.Error(), "is this daemon itself") {
		t.Errorf("got %v", err)
	}
}
