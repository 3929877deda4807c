package web

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// contentSecurityPolicy permits nothing but our own files. The UI library puts
// <style> tags into the page at run time; they carry the nonce of the page
// load, so neither scripts nor styles need 'unsafe-inline'.
func contentSecurityPolicy(nonce string) string {
	style := "style-src 'self'"
	if nonce != "" {
		style += " 'nonce-" + nonce + "'"
	}
	return strings.Join([]string{
		"default-src 'self'", "script-src 'self'", style, "img-src 'self' data:", "font-src 'self'",
		"connect-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
	}, "; ")
}

// headed sets the headers that every answer carries.
func headed(next http.Handler) http.Handler {
	policy := contentSecurityPolicy("")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses unsafe methods that a browser sends for another site.
// Callers that are not browsers send neither Origin nor Sec-Fetch-Site and pass.
func (s *server) sameOrigin(next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	if u, err := url.Parse(s.opts.Config.ExternalURL); err == nil && u.Host != "" {
		// Behind a proxy that rewrites Host, the page's origin is the external
		// one. Validate has checked its form, which is all that can go wrong.
		_ = p.AddTrustedOrigin(u.Scheme + "://" + u.Host)
	}
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.metrics.origin.Inc()
		s.fail(w, r, &Error{Kind: KindForbidden, Message: "cross-origin " + r.Method + " refused: it came from a page of another site; set web.external_url if that site is this daemon behind a proxy"})
	}))
	return p.Handler(next)
}

// hostCheck refuses requests whose Host header is a name that this daemon does
// not go by. Without it, a page of an attacker could point its own name at
// 127.0.0.1 and read everything here (DNS rebinding).
type hostCheck struct {
	any   bool
	names []string // lower case, without port
}

func newHostCheck(c Config, listenAddress string) hostCheck {
	var k hostCheck
	for _, h := range c.AllowedHosts {
		if h == "*" {
			k.any = true
		}
		k.names = append(k.names, bareHost(h))
	}
	if u, err := url.Parse(c.ExternalURL); err == nil && u.Host != "" {
		k.names = append(k.names, bareHost(u.Host))
	}
	if h := bareHost(listenAddress); h != "" {
		k.names = append(k.names, h)
	}
	return k
}

// allows says whether a Host header may pass. Addresses pass because an
// address cannot be rebound; names without a dot and under suffixes that no
// stranger can register pass because an attacker's page cannot bear them.
func (k hostCheck) allows(hostport string) bool {
	h := bareHost(hostport)
	if k.any || h == "" || !strings.Contains(h, ".") || slices.Contains(k.names, h) {
		return true // HTTP/1.0 without Host is no browser
	}
	if _, err := netip.ParseAddr(h); err == nil {
		return true
	}
	for _, suffix := range []string{".localhost", ".internal", ".svc", ".svc.cluster.local"} {
		if strings.HasSuffix(h, suffix) {
			return true
		}
	}
	return false
}

// bareHost strips port, brackets and the final dot, and lowers the case.
func bareHost(hostport string) string {
	h := hostport
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		h = host
	}
	h = strings.TrimSuffix(strings.TrimPrefix(h, "["), "]")
	return strings.ToLower(strings.TrimSuffix(h, "."))
}

// mayBeBrowser is false for what no browser sends: an unsafe method without
// Origin. So Prometheus can write, and pipelines can tell of changes, under
// any name that resolves to this machine, with nothing to configure.
func mayBeBrowser(r *http.Request) bool {
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	return safe || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != ""
}

func (s *server) hostChecked(next http.Handler) http.Handler {
	check := newHostCheck(s.opts.Config, s.opts.ListenAddress)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Probes ask by whatever name their platform uses and learn nothing.
		probe := r.URL.Path == "/-/healthy" || r.URL.Path == "/-/ready"
		if !probe && mayBeBrowser(r) && !check.allows(r.Host) {
			s.metrics.host.Inc()
			s.fail(w, r, &Error{Kind: KindForbidden, Message: "host " + quoted(r.Host) + " is not one of this daemon's names; add it to web.allowed_hosts"})
			return
		}
		next.ServeHTTP(w, r)
	})
}
