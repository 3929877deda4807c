package logs

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Credentials say who we are to another log store.
type Credentials struct {
	// Username and Password are for basic authentication.
	Username string `yaml:"username"`
	// Password goes with username.
	Password yamldoc.Secret `yaml:"password"`
	// BearerToken is sent instead of them.
	BearerToken yamldoc.Secret `yaml:"bearer_token"`
	// APIKey is sent instead of them, as Elasticsearch wants it: the encoded form of id and key.
	APIKey yamldoc.Secret `yaml:"api_key"`
	// Tenant is sent as X-Scope-OrgID, which Loki with several tenants wants; to
	// VictoriaLogs that is asked, 12 or 12:34, as AccountID and ProjectID.
	Tenant string `yaml:"tenant"`
}

// Authorize puts them into the headers of a request.
func (c Credentials) Authorize(r *http.Request) {
	switch {
	case c.APIKey != "":
		r.Header.Set("Authorization", "ApiKey "+string(c.APIKey))
	case c.BearerToken != "":
		r.Header.Set("Authorization", "Bearer "+string(c.BearerToken))
	case c.Username != "":
		r.SetBasicAuth(c.Username, string(c.Password))
	}
	if c.Tenant != "" {
		r.Header.Set("X-Scope-OrgID", c.Tenant)
	}
}

// ForwardConfig says where records are sent on to, beside being kept here.
type ForwardConfig struct {
	// URL is where to send: for loki the address with its path, such as
	// http://loki:3100/loki/api/v1/push, which VictoriaLogs has as /insert/loki/api/v1/push;
	// for elasticsearch the address of the cluster. Empty: nothing is sent on.
	URL string `yaml:"url"`
	// Protocol is that of the other store: loki or elasticsearch.
	Protocol string `yaml:"protocol"`
	// Index is the data stream of elasticsearch.
	Index string `yaml:"index"`
	// MaxQueue bounds the bytes on disk that wait to be sent; beyond it the oldest are
	// dropped, and counted.
	MaxQueue yamldoc.Bytes `yaml:"max_queue"`
	// Timeout is how long one request may take.
	Timeout     yamldoc.Duration `yaml:"timeout"`
	Credentials `yaml:",inline"`
}

// DefaultForwardConfig returns the settings of a store that sends nothing on.
func DefaultForwardConfig() ForwardConfig {
	return ForwardConfig{Protocol: ForwardLoki, Index: "logs-tocsin-default", MaxQueue: 1 << 30, Timeout: yamldoc.Duration(30 * time.Second)}
}

// Protocols of forwarding.
const (
	ForwardLoki    = "loki"
	ForwardElastic = "elasticsearch"
)

func (c ForwardConfig) validate(report func(path, format string, args ...any)) {
	checkURL(c.URL, report)
	if c.Protocol != ForwardLoki && c.Protocol != ForwardElastic {
		report("protocol", "want loki or elasticsearch, got %q", c.Protocol)
	}
	if c.Protocol == ForwardElastic && (c.Index == "" || c.Index != strings.ToLower(c.Index) || strings.ContainsAny(c.Index, " /\\*?\"<>|,#")) {
		report("index", "want the name of a data stream in lower case, got %q", c.Index)
	}
	if c.MaxQueue < 16<<20 {
		report("max_queue", "want at least 16MiB, got %s", c.MaxQueue)
	}
	if c.Timeout < yamldoc.Duration(time.Second) {
		report("timeout", "want at least 1s, got %s", c.Timeout)
	}
}

func checkURL(text string, report func(path, format string, args ...any)) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		report("url", "want http://host:port or https://..., got %q", text)
	}
}
