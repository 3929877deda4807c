package notify

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// EmailConfig sends mail through an SMTP server, as HTML and as text, with the
// chart inside. The mails of one incident are one thread.
type EmailConfig struct {
	// Host is the name of the SMTP server.
	Host string `yaml:"host"`
	// Port is 587 with starttls, 465 with tls and 25 with none, when it is 0.
	Port int `yaml:"port"`
	// TLS is starttls (which must be offered), tls (from the first byte) or none.
	// Empty means starttls.
	TLS string `yaml:"tls"`
	// CAFile holds the certificates that sign the server's, when those of the
	// machine do not.
	CAFile string `yaml:"ca_file"`
	// Username logs in, with Password; leave both out where the server asks for none.
	Username string `yaml:"username"`
	// Password goes with Username.
	Password yamldoc.Secret `yaml:"password"`
	// Auth is auto (the best that the server offers), plain, login or cram-md5.
	// Empty means auto.
	Auth string `yaml:"auth"`
	// From is the sender, such as "Tocsin <tocsin@example.com>".
	From string `yaml:"from"`
	// To are the receivers.
	To []string `yaml:"to"`
	// ReplyTo is where answers go. Empty means the sender.
	ReplyTo string `yaml:"reply_to"`
	// Hello is the name that this machine goes by. Empty means its host name.
	Hello string `yaml:"hello"`
}

// The ways of EmailConfig.TLS.
const (
	TLSStart = "starttls"
	TLSFull  = "tls"
	TLSNone  = "none"
)

// The ways of EmailConfig.Auth.
const (
	AuthAuto  = "auto"
	AuthPlain = "plain"
	AuthLogin = "login"
	AuthCRAM  = "cram-md5"
)

func (c EmailConfig) validate(path string, report func(path, format string, args ...any)) {
	if c.Host == "" || strings.ContainsAny(c.Host, " /\r\n\t") {
		report(path+".host", "want the name of an SMTP server without port and scheme, got %q", c.Host)
	}
	if c.Port < 0 || c.Port > 65535 {
		report(path+".port", "want a port from 1 to 65535, or 0 for the usual one, got %d", c.Port)
	}
	oneOf(path+".tls", c.TLS, []string{"", TLSStart, TLSFull, TLSNone}, report)
	oneOf(path+".auth", c.Auth, []string{"", AuthAuto, AuthPlain, AuthLogin, AuthCRAM}, report)
	if (c.Username == "") != (c.Password == "") {
		report(path+".username", "want username and password, or neither")
	}
	if c.Password != "" && c.TLS == TLSNone && c.Auth != AuthCRAM && !loopbackName(c.Host) {
		report(path+".tls", "want starttls or tls, since the password would be sent in the clear")
	}
	address(path+".from", c.From, report)
	if len(c.To) == 0 {
		report(path+".to", "want at least one receiver, got none")
	}
	if len(c.To) > 100 {
		report(path+".to", "want at most 100 receivers, got %d; use the address of a list", len(c.To))
	}
	for i, a := range c.To {
		address(fmt.Sprintf("%s.to[%d]", path, i), a, report)
	}
	if c.ReplyTo != "" {
		address(path+".reply_to", c.ReplyTo, report)
	}
	if strings.ContainsAny(c.Hello, " \r\n\t") {
		report(path+".hello", "want a host name, got %q", c.Hello)
	}
}

func loopbackName(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

func address(path, text string, report func(path, format string, args ...any)) {
	if _, err := mail.ParseAddress(text); err != nil {
		report(path, "want a mail address such as ops@example.com, got %q", text)
	}
}

func oneOf(path, got string, wanted []string, report func(path, format string, args ...any)) {
	if !slices.Contains(wanted, got) {
		named := slices.DeleteFunc(slices.Clone(wanted), func(s string) bool { return s == "" })
		report(path, "want one of %s, got %q", strings.Join(named, ", "), got)
	}
}
