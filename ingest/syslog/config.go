package syslog

import (
	"net"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config says where syslog is listened on.
type Config struct {
	// UDPListenAddress is where datagrams are listened on, such as 127.0.0.1:5514.
	// Empty: not at all. Whoever reaches an address of syslog can write; only TLS with
	// client_ca_file asks who it is.
	UDPListenAddress string `yaml:"udp_listen_address"`
	// TCPListenAddress is where connections are listened on. Empty: not at all.
	TCPListenAddress string `yaml:"tcp_listen_address"`
	// TLSListenAddress is where encrypted connections are listened on, such as
	// 0.0.0.0:6514. Empty: not at all.
	TLSListenAddress string `yaml:"tls_listen_address"`
	// CertFile holds the certificate for TLS, with those between it and its authority.
	CertFile string `yaml:"cert_file"`
	// KeyFile holds the key of the certificate.
	KeyFile string `yaml:"key_file"`
	// ClientCAFile holds the authorities of which senders must show a certificate.
	// Empty: they need none.
	ClientCAFile string `yaml:"client_ca_file"`
	// TimeZone is that of messages in RFC 3164, which name none, such as
	// Europe/Berlin. Empty: that of this machine.
	TimeZone string `yaml:"time_zone"`
	// IdleTimeout ends connections that say nothing for so long.
	IdleTimeout yamldoc.Duration `yaml:"idle_timeout"`
}

// DefaultConfig returns no addresses.
func DefaultConfig() Config {
	return Config{IdleTimeout: yamldoc.Duration(10 * time.Minute)}
}

// Validate reports every setting that cannot work, with its path.
func (c Config) Validate(report func(path, format string, args ...any)) {
	for path, address := range map[string]string{"udp_listen_address": c.UDPListenAddress, "tcp_listen_address": c.TCPListenAddress, "tls_listen_address": c.TLSListenAddress} {
		if address == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			report(path, "want host:port such as 127.0.0.1:5514, got %q", address)
		}
	}
	if c.TLSListenAddress != "" {
		if c.CertFile == "" {
			report("cert_file", "want the certificate for tls_listen_address, got none")
		}
		if c.KeyFile == "" {
			report("key_file", "want the key of the certificate, got none")
		}
	} else if c.CertFile != "" || c.KeyFile != "" || c.ClientCAFile != "" {
		report("tls_listen_address", "want an address for the certificate that is named, got none")
	}
	if _, err := c.location(); err != nil {
		report("time_zone", "want a name such as UTC or Europe/Berlin, got %q: %s", c.TimeZone, err)
	}
	if c.IdleTimeout.Std() < time.Second {
		report("idle_timeout", "want at least 1s, got %s", c.IdleTimeout)
	}
}

func (c Config) location() (*time.Location, error) {
	if c.TimeZone == "" {
		return time.Local, nil
	}
	return time.LoadLocation(c.TimeZone)
}

// Listens reports whether any address is set.
func (c Config) Listens() bool {
	return c.UDPListenAddress != "" || c.TCPListenAddress != "" || c.TLSListenAddress != ""
}
