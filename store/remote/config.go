package remote

import (
	"net/url"
	"time"

	promconfig "github.com/prometheus/common/config"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config says where a server is and how to be let in.
type Config struct {
	// URL is where its API begins, without /api/v1, such as
	// http://prometheus:9090. A user and password in it are used for basic
	// authentication.
	URL string `yaml:"url"`
	// Timeout bounds each request. Range 1 second to 1 hour.
	Timeout yamldoc.Duration `yaml:"timeout"`
	// MaxResponse is the size beyond which an answer is refused. Range 1 MiB to
	// 4 GiB.
	MaxResponse yamldoc.Bytes `yaml:"max_response"`
	// Step is the distance of samples when the server gives nothing but
	// query_range; that of its scrapes is right. Range 1 second to 1 hour.
	Step yamldoc.Duration `yaml:"step"`
	// BearerToken is sent as authorization.
	BearerToken yamldoc.Secret `yaml:"bearer_token"`
	// BasicAuth is sent as authorization; not beside bearer_token.
	BasicAuth BasicAuth `yaml:"basic_auth"`
	// TLS is about certificates.
	TLS TLSConfig `yaml:"tls"`
}

// BasicAuth is a user and a password.
type BasicAuth struct {
	// Username is the name; empty is no authentication.
	Username string `yaml:"username"`
	// Password belongs to it.
	Password yamldoc.Secret `yaml:"password"`
}

// TLSConfig says whom to trust and what to show. Files are read anew when they
// change.
type TLSConfig struct {
	// CAFile holds the certificates that are trusted; empty: the system's.
	CAFile string `yaml:"ca_file"`
	// CertFile holds the certificate that is shown.
	CertFile string `yaml:"cert_file"`
	// KeyFile holds its key.
	KeyFile string `yaml:"key_file"`
	// ServerName is the name that the server's certificate must have; empty:
	// that of the URL.
	ServerName string `yaml:"server_name"`
	// InsecureSkipVerify takes any certificate.
	InsecureSkipVerify bool `yaml:"insecure_skip_verify"`
}

// DefaultConfig returns the settings of a server of which only the URL is to be
// named.
func DefaultConfig() Config {
	return Config{Timeout: yamldoc.Duration(time.Minute), MaxResponse: 256 << 20, Step: yamldoc.Duration(time.Minute)}
}

// Validate reports every setting that cannot work, by its path. An empty URL is
// left to those who need one.
func (c Config) Validate(report func(path, format string, args ...any)) {
	if c.URL != "" {
		if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			report("url", "want the address of a server, such as http://prometheus:9090, got %q", withoutUser(c.URL))
		} else if u.User != nil && (c.BearerToken != "" || c.BasicAuth.Username != "") {
			report("url", "want a user either here or in basic_auth or bearer_token, not both")
		}
	}
	span := func(path string, got yamldoc.Duration, low, high time.Duration) {
		if d := got.Std(); d < low || d > high {
			report(path, "want a duration from %s to %s, got %q", yamldoc.Duration(low), yamldoc.Duration(high), got)
		}
	}
	span("timeout", c.Timeout, time.Second, time.Hour)
	span("step", c.Step, time.Second, time.Hour)
	if c.MaxResponse < 1<<20 || c.MaxResponse > 4<<30 {
		report("max_response", "want a size from 1MiB to 4GiB, got %s", c.MaxResponse)
	}
	if c.BearerToken != "" && c.BasicAuth.Username != "" {
		report("bearer_token", "want either this or basic_auth, not both")
	}
	if c.BasicAuth.Username == "" && c.BasicAuth.Password != "" {
		report("basic_auth.username", "want a name beside the password, got none")
	}
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		report("tls", "want cert_file and key_file, or neither")
	}
}

// withoutUser returns an address without user and password, "<address>" when it
// cannot be read and so may hold them anywhere.
func withoutUser(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "<address>"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// http returns the settings for the HTTP client and the address without user.
func (c Config) http() (promconfig.HTTPClientConfig, *url.URL, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return promconfig.HTTPClientConfig{}, nil, err
	}
	h := promconfig.DefaultHTTPClientConfig
	h.TLSConfig = promconfig.TLSConfig{
		CAFile: c.TLS.CAFile, CertFile: c.TLS.CertFile, KeyFile: c.TLS.KeyFile,
		ServerName: c.TLS.ServerName, InsecureSkipVerify: c.TLS.InsecureSkipVerify,
	}
	switch {
	case c.BearerToken != "":
		h.Authorization = &promconfig.Authorization{Type: "Bearer", Credentials: promconfig.Secret(c.BearerToken.Reveal())}
	case c.BasicAuth.Username != "":
		h.BasicAuth = &promconfig.BasicAuth{Username: c.BasicAuth.Username, Password: promconfig.Secret(c.BasicAuth.Password.Reveal())}
	case u.User != nil:
		password, _ := u.User.Password()
		h.BasicAuth = &promconfig.BasicAuth{Username: u.User.Username(), Password: promconfig.Secret(password)}
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return h, u, h.Validate()
}
