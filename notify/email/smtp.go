package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/outbound"
)

// errServer is wrapped by errors about what a server cannot do, which trying again
// does not change.
var errServer = errors.New("the mail server does not suit the configuration")

// server is an SMTP server as it is configured.
type server struct {
	cfg    notify.EmailConfig
	port   int
	tls    *tls.Config
	dialer *net.Dialer
}

func newServer(cfg notify.EmailConfig) (server, error) {
	s := server{cfg: cfg, port: cfg.Port, dialer: outbound.NewDialer(), tls: &tls.Config{ServerName: cfg.Host, MinVersion: tls.VersionTLS12}}
	if s.cfg.TLS == "" {
		s.cfg.TLS = notify.TLSStart
	}
	if s.port == 0 {
		s.port = map[string]int{notify.TLSStart: 587, notify.TLSFull: 465, notify.TLSNone: 25}[s.cfg.TLS]
	}
	if cfg.CAFile != "" {
		pem, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return s, fmt.Errorf("ca_file: %w", err)
		}
		s.tls.RootCAs = x509.NewCertPool()
		if !s.tls.RootCAs.AppendCertsFromPEM(pem) {
			return s, fmt.Errorf("ca_file: want certificates in PEM, got none in %s", cfg.CAFile)
		}
	}
	return s, nil
}

// send hands a mail to the server within the deadline of ctx. It returns the
// receivers that the server refuses for good with its words, unless it refuses all,
// which is an error.
func (s server) send(ctx context.Context, from string, to []string, mail []byte) (refused []string, err error) {
	conn, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	// A server that hangs, and a caller that gives up, end here.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if d, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(d); err != nil {
			return nil, err
		}
	}
	c, err := smtp.NewClient(conn, s.cfg.Host)
	if err != nil {
		return nil, fmt.Errorf("greeting: %w", err)
	}
	if err := s.begin(c); err != nil {
		return nil, err
	}
	if err := c.Mail("<" + from + ">"); err != nil {
		return nil, fmt.Errorf("sender %s: %w", from, err)
	}
	var first error
	for _, t := range to {
		err := c.Rcpt("<" + t + ">")
		var said *textproto.Error
		switch {
		case err == nil:
		case errors.As(err, &said) && said.Code >= 500:
			refused = append(refused, fmt.Sprintf("%s: %d %s", t, said.Code, said.Msg))
			if first == nil {
				first = fmt.Errorf("receiver %s: %w", t, err)
			}
		default:
			return nil, fmt.Errorf("receiver %s: %w", t, err)
		}
	}
	if len(refused) == len(to) {
		return nil, first
	}
	w, err := c.Data()
	if err != nil {
		return nil, fmt.Errorf("begin the text: %w", err)
	}
	if _, err := w.Write(mail); err != nil {
		return nil, fmt.Errorf("write the text: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("end the text: %w", err)
	}
	_ = c.Quit() // the mail is taken; how the talk ends does not matter
	return refused, nil
}

func (s server) dial(ctx context.Context) (net.Conn, error) {
	addr := net.JoinHostPort(s.cfg.Host, strconv.Itoa(s.port))
	conn, err := s.dialer.DialContext(ctx, "tcp", addr)
	if err != nil || s.cfg.TLS != notify.TLSFull {
		return conn, err
	}
	secured := tls.Client(conn, s.tls)
	shake, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := secured.HandshakeContext(shake); err != nil {
		conn.Close()
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return secured, nil
}

// begin says hello, turns on TLS and logs in, as configured.
func (s server) begin(c *smtp.Client) error {
	hello := s.cfg.Hello
	if hello == "" {
		hello = "localhost"
		if name, err := os.Hostname(); err == nil && name != "" {
			hello = name
		}
	}
	if err := c.Hello(hello); err != nil {
		return fmt.Errorf("hello: %w", err)
	}
	if s.cfg.TLS == notify.TLSStart {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return fmt.Errorf("%w: it offers no STARTTLS; set tls to tls or none if that is right", errServer)
		}
		if err := c.StartTLS(s.tls); err != nil {
			return fmt.Errorf("STARTTLS: %w", err)
		}
	}
	if s.cfg.Username == "" {
		return nil
	}
	auth, err := s.auth(c)
	if err != nil {
		return err
	}
	if err := c.Auth(auth); err != nil {
		return fmt.Errorf("log in as %s: %w", s.cfg.Username, err)
	}
	return nil
}

// auth chooses how to log in: what is configured, else the first of what the server
// offers that does not show the password to anybody else.
func (s server) auth(c *smtp.Client) (smtp.Auth, error) {
	_, offered := c.Extension("AUTH")
	has := func(mechanism string) bool {
		for f := range strings.FieldsSeq(offered) {
			if strings.EqualFold(f, mechanism) {
				return true
			}
		}
		return false
	}
	user, password := s.cfg.Username, s.cfg.Password.Reveal()
	clear := s.cfg.TLS == notify.TLSNone // Validate permits it on the loopback address only
	ways := []struct {
		name, mechanism string
		make            func() smtp.Auth
	}{
		{"", "SCRAM-SHA-256", func() smtp.Auth { return smtp.ScramSHA256Auth(user, password) }},
		{notify.AuthPlain, "PLAIN", func() smtp.Auth { return smtp.PlainAuth("", user, password, s.cfg.Host, clear) }},
		{notify.AuthLogin, "LOGIN", func() smtp.Auth { return smtp.LoginAuth(user, password, s.cfg.Host, clear) }},
		{notify.AuthCRAM, "CRAM-MD5", func() smtp.Auth { return smtp.CRAMMD5Auth(user, password) }},
	}
	auto := s.cfg.Auth == "" || s.cfg.Auth == notify.AuthAuto
	for _, w := range ways {
		if (auto || w.name == s.cfg.Auth) && has(w.mechanism) {
			return w.make(), nil
		}
	}
	return nil, fmt.Errorf("%w: to log in it offers %q, which is not what auth asks for", errServer, offered)
}
