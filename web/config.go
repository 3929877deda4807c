package web

import (
	"net/netip"
	"net/url"
	"strings"
)

// Config is the `web` section of the configuration file. The listen address is
// a flag and not here, because a reload cannot change it.
type Config struct {
	// ExternalURL is the address under which people reach the daemon; links in
	// messages start with it. Empty means http:// and the listen address.
	ExternalURL string `yaml:"external_url"`
	// AllowedHosts are further host names that a request may name in its Host
	// header when it may come from a browser. IP addresses, localhost, names without a dot, the reserved
	// suffixes .internal and .svc, the listen address and the host of
	// external_url are always allowed. "*" switches the check off.
	AllowedHosts []string `yaml:"allowed_hosts"`
	// MaxConnections bounds open connections; further ones wait to be accepted.
	MaxConnections int `yaml:"max_connections"`
	// MaxEventStreams bounds live streams of incident events; further ones are
	// answered with 503.
	MaxEventStreams int `yaml:"max_event_streams"`
	// MaxBodyBytes bounds the body of a POST to /api/v1/tocsin.
	MaxBodyBytes int64 `yaml:"max_body_bytes"`
}

// DefaultConfig returns the configuration of a daemon that was given none.
func DefaultConfig() Config {
	return Config{MaxConnections: 1024, MaxEventStreams: 64, MaxBodyBytes: 1 << 20}
}

// Validate reports every wrong field by its path within the section.
func (c Config) Validate(report func(path, format string, args ...any)) {
	if c.ExternalURL != "" {
		u, err := url.Parse(c.ExternalURL)
		switch {
		case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
			report("external_url", "want an address such as https://tocsin.example.com, got %q", c.ExternalURL)
		case u.User != nil:
			report("external_url", "want an address without user and password")
		case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
			report("external_url", "want only scheme, host and port, got %q; the pages are not served below a path", c.ExternalURL)
		}
	}
	for i, h := range c.AllowedHosts {
		if h != "*" && !validHost(h) {
			report(indexed("allowed_hosts", i), "want a host name without scheme, port or path, or \"*\", got %q", h)
		}
	}
	if c.MaxConnections < 1 {
		report("max_connections", "want at least 1, got %d", c.MaxConnections)
	}
	if c.MaxEventStreams < 1 {
		report("max_event_streams", "want at least 1, got %d", c.MaxEventStreams)
	}
	if c.MaxBodyBytes < 1024 || c.MaxBodyBytes > 64<<20 {
		report("max_body_bytes", "want from 1024 to 67108864, got %d", c.MaxBodyBytes)
	}
}

func validHost(h string) bool {
	if _, err := netip.ParseAddr(strings.Trim(h, "[]")); err == nil {
		return true
	}
	if h == "" || len(h) > 253 {
		return false
	}
	for _, r := range h {
		ok := r == '-' || r == '.' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !ok {
			return false
		}
	}
	return true
}
