package web_test

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

var builtUI = fstest.MapFS{
	"index.html":            {Data: []byte(`<html><meta name="csp-nonce" content="__NONCE__"></html>`)},
	"theme.js":              {Data: []byte("document.title")},
	"assets/index-abc.js":   {Data: bytes.Repeat([]byte("let x=1;"), 1000)},
	"assets/font-x.woff2":   {Data: bytes.Repeat([]byte("f"), 5000)},
	"assets/thing.unknown1": {Data: []byte("?")},
	".gitkeep":              {Data: []byte("")},
}

func TestPages_ServedWithNonceAndFallback(t *testing.T) {
	s := newServer()
	s.Options.UI = builtUI
	h := s.Handler()
	seen := map[string]bool{}
	for _, path := range []string{"/", "/index.html", "/incidents/" + burning, "/explore?query=up"} {
		res, body := ask(t, h, "GET", path, "")
		_, rest, _ := strings.Cut(body, `content="`)
		nonce, _, _ := strings.Cut(rest, `"`)
		csp := res.Header.Get("Content-Security-Policy")
		if res.StatusCode != 200 || nonce == "" || nonce == "__NONCE__" || !strings.Contains(csp, "style-src 'self' 'nonce-"+nonce+"'") {
			t.Errorf("%s: got %d, nonce %q, policy %q", path, res.StatusCode, nonce, csp)
		}
		if strings.Contains(csp, "unsafe-inline") || res.Header.Get("Cache-Control") != "no-cache" || seen[nonce] {
			t.Errorf("%s: policy %q, cache %q, nonce seen before: %v", path, csp, res.Header.Get("Cache-Control"), seen[nonce])
		}
		seen[nonce] = true
	}
}

func TestPages_AssetsAreCachedAndZipped(t *testing.T) {
	s := newServer()
	s.Options.UI = builtUI
	h := s.Handler()
	f := func(path, cache, contentType, encoding string) {
		t.Helper()
		res, body := ask(t, h, "GET", path, "", "Accept-Encoding", "gzip, br")
		if res.StatusCode != 200 || res.Header.Get("Cache-Control") != cache || res.Header.Get("Content-Type") != contentType || res.Header.Get("Content-Encoding") != encoding {
			t.Errorf("%s: got %d %v", path, res.StatusCode, res.Header)
		}
		if fmt.Sprint(len(body)) != res.Header.Get("Content-Length") {
			t.Errorf("%s: Content-Length %s, body %d", path, res.Header.Get("Content-Length"), len(body))
		}
	}
	f("/assets/index-abc.js", "public, max-age=31536000, immutable", "text/javascript; charset=utf-8", "gzip")
	f("/assets/font-x.woff2", "public, max-age=31536000, immutable", "font/woff2", "")
	f("/assets/thing.unknown1", "public, max-age=31536000, immutable", "application/octet-stream", "")
	f("/theme.js", "no-cache", "text/javascript; charset=utf-8", "")
	if res, body := ask(t, h, "GET", "/assets/index-abc.js", ""); res.Header.Get("Content-Encoding") != "" || len(body) != 8000 {
		t.Errorf("without gzip: got %q, %d bytes", res.Header.Get("Content-Encoding"), len(body))
	}
}

func TestPages_NotBuilt_SaysWhatToDo(t *testing.T) {
	s := newServer()
	s.Options.UI = fstest.MapFS{".gitkeep": {}}
	res, body := ask(t, s.Handler(), "GET", "/incidents", "")
	if res.StatusCode != 200 || !strings.Contains(body, `the user interface was not built; run "make ui"`) {
		t.Errorf("got %d %q", res.StatusCode, body)
	}
}

func TestPages_AddressOfNoPage_Is404(t *testing.T) {
	s := newServer()
	s.Options.UI = builtUI
	h := s.Handler()
	const browser = "text/html,application/xhtml+xml,*/*;q=0.8"
	for _, path := range []string{"/healthz", "/debug/pprof/", "/favicon.ico", "/incidentsx"} {
		res, body := ask(t, h, "GET", path, "", "Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5,*/*;q=0.1")
		if res.StatusCode != 404 || !strings.Contains(body, path) || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: got %d %s %q", path, res.StatusCode, res.Header.Get("Content-Type"), body)
		}
		res, body = ask(t, h, "GET", path, "", "Accept", browser)
		if res.StatusCode != 404 || !strings.Contains(body, "csp-nonce") {
			t.Errorf("%s of a browser: got %d %q, want the page that says so", path, res.StatusCode, body)
		}
	}
	// Whoever adds a page must tell the server.
	app, err := os.ReadFile("ui/src/app.tsx")
	if err != nil {
		t.Fatal(err)
	}
	routes := regexp.MustCompile(`<Route path="([^"]+)"`).FindAllSubmatch(app, -1)
	if len(routes) < 10 {
		t.Fatalf("found %d routes in app.tsx", len(routes))
	}
	for _, r := range routes {
		path := strings.ReplaceAll(string(r[1]), ":", "")
		if res, _ := ask(t, h, "GET", path, "", "Accept", browser); res.StatusCode != 200 {
			t.Errorf("page %s: got %d; pageRoots lacks it", r[1], res.StatusCode)
		}
	}
}
