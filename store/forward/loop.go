package forward

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// lookupTimeout bounds how long the name of a receiver may take to resolve when
// it could be our own.
const lookupTimeout = 2 * time.Second

// CheckLoop returns an error for each receiver that is this daemon itself, whose
// samples would go round for ever. listen is the address of its listener as
// host:port, externalURL the address under which people reach it. A name is looked
// up only when the port is our own. Longer ways round are not found.
func (t Targets) CheckLoop(ctx context.Context, listen, externalURL string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("own address %q: %w", listen, err)
	}
	var errs []error
	for i, c := range t.configs {
		if isExternal(c.URL.URL, externalURL) || portOf(c.URL.URL) == port && reaches(ctx, c.URL.Hostname(), host) {
			errs = append(errs, fmt.Errorf("%s: remote_write[%d]: %s is this daemon itself, so that samples would go round for ever; name another server",
				t.file, i, c.URL.Redacted()))
		}
	}
	return errors.Join(errs...)
}

func isExternal(u *url.URL, externalURL string) bool {
	own, err := url.Parse(externalURL)
	return err == nil && own.Host != "" && strings.EqualFold(own.Hostname(), u.Hostname()) && portOf(own) == portOf(u) &&
		strings.TrimRight(u.Path, "/") == strings.TrimRight(own.Path, "/")+"/api/v1/write"
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// reaches reports whether a connection to host ends at a listener bound to bound
// on this machine.
func reaches(ctx context.Context, host, bound string) bool {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	ips := addressesOf(ctx, host)
	at := net.ParseIP(bound)
	if at == nil && bound != "" { // bound by name
		own := addressesOf(ctx, bound)
		return slices.ContainsFunc(ips, func(ip net.IP) bool { return slices.ContainsFunc(own, ip.Equal) })
	}
	everywhere := bound == "" || at.IsUnspecified()
	return slices.ContainsFunc(ips, func(ip net.IP) bool {
		if ip.IsUnspecified() { // dialled, it is the loopback
			return everywhere || at.IsLoopback()
		}
		return ip.Equal(at) || everywhere && isOwn(ip)
	})
}

// addressesOf resolves a name; none when that fails, for then nothing is sent to it
// either.
func addressesOf(ctx context.Context, host string) []net.IP {
	if ip := net.ParseIP(host); ip != nil {
		return []net.IP{ip}
	}
	if name, err := os.Hostname(); host == "" || strings.EqualFold(host, "localhost") || err == nil && strings.EqualFold(host, name) {
		loopback := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
		found, err := net.DefaultResolver.LookupIP(ctx, "ip", host)
		if err != nil {
			return loopback
		}
		return append(loopback, found...)
	}
	found, err := net.DefaultResolver.LookupIP(ctx, "ip", host)
	if err != nil {
		return nil
	}
	return found
}

// isOwn reports whether an address is one of this machine's.
func isOwn(ip net.IP) bool {
	if ip.IsLoopback() {
		return true
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(addrs, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.Equal(ip)
	})
}
