package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/web"
)

func TestHost_ForeignName_IsRefused(t *testing.T) {
	s := newServer()
	s.Options.ListenAddress = "mon.example.com:9099"
	s.Options.Config.ExternalURL = "https://tocsin.example.com"
	s.Options.Config.AllowedHosts = []string{"Alias.example.com"}
	h := s.Handler()
	f := func(host string, allowed bool) {
		t.Helper()
		for _, path := range []string{"/api/v1/tocsin/incidents", "/", "/metrics"} {
			res, body := ask(t, h, "GET", path, "", "Host", host)
			if got := res.StatusCode == 200; got != allowed {
				t.Errorf("%s at %q: got %d %s, want allowed %v", path, host, res.StatusCode, body, allowed)
			}
			if !allowed && !strings.Contains(body, "web.allowed_hosts") {
				t.Errorf("%q: got %s, want the way out in it", host, body)
			}
		}
		if res, _ := ask(t, h, "GET", "/-/ready", "", "Host", host); res.StatusCode != 200 {
			t.Errorf("probe at %q: got %d, want 200", host, res.StatusCode)
		}
	}
	f("127.0.0.1:9099", true)
	f("[::1]:9099", true)
	f("[::1]", true)
	f("192.0.2.7:9099", true)
	f("localhost:9099", true)
	f("LOCALHOST", true)
	f("tocsin", true)
	f("tocsin:9099", true)
	f("tocsin.monitoring.svc.cluster.local:9099", true)
	f("tocsin.monitoring.svc", true)
	f("host.docker.internal", true)
	f("mon.example.com:9099", true)
	f("mon.example.com.", true)
	f("tocsin.example.com", true)
	f("alias.example.com", true)
	f("evil.example", false)
	f("evil.example:9099", false)
	f("127.0.0.1.evil.example", false)
	f("localhost.evil.example", false)
	f("eviltocsin.example.com", false)
	f("x.svc.evil.example", false)
}

func TestHost_ForeignName_OfNoBrowser_MayWrite(t *testing.T) {
	s := newServer()
	h := s.Handler()
	f := func(want int, header ...string) {
		t.Helper()
		header = append(header, "Host", "mon.example.com:9099")
		if res, body := ask(t, h, "POST", "/api/v1/write", "", header...); res.StatusCode != want {
			t.Errorf("%v: got %d %s, want %d", header, res.StatusCode, body, want)
		}
	}
	f(204)
	f(403, "Origin", "http://mon.example.com:9099") // a page under a rebound name
	f(403, "Sec-Fetch-Site", "same-origin")
}

func TestHost_Star_SwitchesTheCheckOff(t *testing.T) {
	s := newServer()
	s.Options.Config.AllowedHosts = []string{"*"}
	if res, _ := ask(t, s.Handler(), "GET", "/", "", "Host", "anything.example"); res.StatusCode != 200 {
		t.Errorf("got %d, want 200", res.StatusCode)
	}
}

func TestCrossOrigin_UnsafeMethodsOfOtherSites_AreRefused(t *testing.T) {
	s := newServer()
	s.Options.Config.ExternalURL = "https://tocsin.example.com"
	h := s.Handler()
	f := func(want int, header ...string) {
		t.Helper()
		for _, path := range []string{"/-/reload", "/api/v1/tocsin/changes"} {
			res, body := ask(t, h, "POST", path, `{"service":"cart","id":"c"}`, header...)
			got := res.StatusCode
			if got == http.StatusCreated {
				got = http.StatusOK
			}
			if got != want {
				t.Errorf("%s with %v: got %d %s, want %d", path, header, res.StatusCode, body, want)
			}
		}
	}
	f(200) // no browser
	f(200, "Sec-Fetch-Site", "same-origin")
	f(200, "Sec-Fetch-Site", "none")
	f(200, "Origin", "http://127.0.0.1:9099")
	f(200, "Origin", "https://tocsin.example.com")
	f(403, "Sec-Fetch-Site", "cross-site")
	f(403, "Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:8080")
	f(403, "Origin", "https://evil.example")
	f(403, "Origin", "null")
	if res, _ := ask(t, h, "GET", "/api/v1/tocsin/incidents", "", "Sec-Fetch-Site", "cross-site"); res.StatusCode != 200 {
		t.Errorf("GET: got %d, want 200", res.StatusCode)
	}
	_, body := ask(t, h, "GET", "/metrics", "")
	if !strings.Contains(body, `tocsin_http_refused_total{reason="cross_origin"} 8`) {
		t.Errorf("want 8 refusals counted in\n%s", body)
	}
}

func TestHeaders_OnEveryAnswer(t *testing.T) {
	h := newServer().Handler()
	for _, path := range []string{"/", "/api/v1/tocsin/incidents", "/nothing", "/metrics", "/-/healthy"} {
		res, _ := ask(t, h, "GET", path, "")
		csp := res.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'self'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: policy %q lacks %s", path, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") || res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: got %v", path, res.Header)
		}
	}
}

func TestConfig_Validate(t *testing.T) {
	f := func(change func(*web.Config), want ...string) {
		t.Helper()
		c := web.DefaultConfig()
		change(&c)
		var got []string
		c.Validate(func(path, format string, args ...any) { got = append(got, path+": "+fmt.Sprintf(format, args...)) })
		if len(got) != len(want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		for i := range want {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("got %q, want it to begin with %q", got[i], want[i])
			}
		}
	}
	f(func(*web.Config) {})
	f(func(c *web.Config) { c.ExternalURL = "https://t.example.com:8443/" })
	f(func(c *web.Config) { c.ExternalURL = "t.example.com" }, "external_url: want an address such as")
	f(func(c *web.Config) { c.ExternalURL = "ftp://t.example.com" }, "external_url: want an address such as")
	f(func(c *web.Config) { c.ExternalURL = "https://u:p@t.example.com" }, "external_url: want an address without user")
	f(func(c *web.Config) { c.ExternalURL = "https://t.example.com/tocsin" }, "external_url: want only scheme, host and port")
	f(func(c *web.Config) { c.AllowedHosts = []string{"a.example", "*", "::1", "[::1]", "a_b"} })
	f(func(c *web.Config) { c.AllowedHosts = []string{"ok", "http://a", "", strings.Repeat("a", 254)} }, "allowed_hosts[1]", "allowed_hosts[2]", "allowed_hosts[3]")
	f(func(c *web.Config) { c.MaxConnections, c.MaxEventStreams, c.MaxBodyBytes = 0, -1, 10 }, "max_connections", "max_event_streams", "max_body_bytes")
	if !slices.Equal(web.DefaultConfig().AllowedHosts, nil) {
		t.Error("by default no further host is allowed")
	}
}
