package email_test

import (
	"bufio"
	"crypto/hmac"
	"crypto/md5"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// post is an SMTP server on the loopback address that behaves as told.
type post struct {
	host   string
	port   int
	caFile string
	auth   string            // mechanisms that are offered, "" for none
	starts bool              // STARTTLS is offered
	says   map[string]string // answers in place of good ones, by command; "hang" and "reset" do so
	full   bool              // TLS from the first byte

	mu    sync.Mutex
	mails []received
	tls   *tls.Config
}

type received struct {
	from   string
	to     []string
	data   string
	secure bool
	login  string
}

func newPost(t *testing.T, change func(p *post)) *post {
	t.Helper()
	certificate := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(certificate.Close)
	p := &post{host: "127.0.0.1", auth: "PLAIN LOGIN CRAM-MD5", starts: true, says: map[string]string{}, tls: &tls.Config{Certificates: certificate.TLS.Certificates}}
	p.caFile = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate().Raw})
	if err := os.WriteFile(p.caFile, block, 0o600); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(p)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.port = l.Addr().(*net.TCPAddr).Port
	var talks sync.WaitGroup
	t.Cleanup(func() { l.Close(); talks.Wait() })
	talks.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			talks.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(time.Minute))
				if p.full {
					conn = tls.Server(conn, p.tls)
				}
				p.talk(conn)
			})
		}
	})
	return p
}

// talk is one conversation.
func (p *post) talk(conn net.Conn) {
	r := textproto.NewReader(bufio.NewReader(conn))
	secure := p.full
	var mail received
	// say answers; false ends the conversation.
	say := func(command, good string) bool {
		p.mu.Lock()
		other := p.says[command]
		p.mu.Unlock()
		switch other {
		case "hang":
			_, _ = io.Copy(io.Discard, conn) // until the other side gives up
			return false
		case "reset":
			return false
		case "":
			other = good
		}
		_, err := fmt.Fprintf(conn, "%s\r\n", strings.ReplaceAll(other, "\n", "\r\n"))
		return err == nil && (other == good || !strings.HasPrefix(other, "421"))
	}
	if !say("greeting", "220 stub ESMTP") {
		return
	}
	for {
		line, err := r.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		switch verb = strings.ToUpper(verb); verb {
		case "EHLO":
			lines := []string{"stub", "8BITMIME"}
			if p.starts && !secure {
				lines = append(lines, "STARTTLS")
			}
			if p.auth != "" && (secure || !p.starts) {
				lines = append(lines, "AUTH "+p.auth)
			}
			text := ""
			for i, l := range lines {
				text += "250" + map[bool]string{true: " ", false: "-"}[i == len(lines)-1] + l + "\n"
			}
			if !say(verb, strings.TrimSuffix(text, "\n")) {
				return
			}
		case "STARTTLS":
			if !say(verb, "220 go ahead") {
				return
			}
			conn = tls.Server(conn, p.tls)
			r, secure = textproto.NewReader(bufio.NewReader(conn)), true
		case "AUTH":
			who, ok := p.login(conn, r, rest)
			good := "235 welcome"
			if !ok {
				good = "535 5.7.8 wrong user or password"
			}
			mail.login = who
			if !say(verb, good) {
				return
			}
		case "MAIL":
			mail.from = rest
			good := "250 ok"
			if !strings.HasPrefix(rest, "FROM:<") {
				good = "501 5.5.4 want a path"
			}
			if !say(verb, good) {
				return
			}
		case "RCPT":
			to, ok := strings.CutPrefix(rest, "TO:<")
			to, end := strings.CutSuffix(to, ">")
			if !ok || !end {
				say("", "501 5.5.4 want a path")
				return
			}
			p.mu.Lock()
			refused := p.says["RCPT "+to]
			p.mu.Unlock()
			if refused == "" {
				mail.to = append(mail.to, to)
			}
			if !say("RCPT "+to, "250 ok") {
				return
			}
		case "DATA":
			if !say(verb, "354 send") {
				return
			}
			b, err := r.ReadDotBytes()
			if err != nil {
				return
			}
			mail.data, mail.secure = string(b), secure
			p.mu.Lock()
			p.mails = append(p.mails, mail)
			p.mu.Unlock()
			mail = received{login: mail.login}
			if !say("end", "250 queued") {
				return
			}
		case "QUIT":
			say(verb, "221 bye")
			return
		default:
			say(verb, "502 what?")
		}
	}
}

const user, password = "tocsin", "secret-mail-password"

// login checks a login and returns the mechanism.
func (p *post) login(conn net.Conn, r *textproto.Reader, rest string) (string, bool) {
	mechanism, initial, _ := strings.Cut(rest, " ")
	ask := func(text string) string {
		fmt.Fprintf(conn, "334 %s\r\n", base64.StdEncoding.EncodeToString([]byte(text)))
		line, _ := r.ReadLine()
		b, _ := base64.StdEncoding.DecodeString(line)
		return string(b)
	}
	switch mechanism {
	case "PLAIN":
		b, _ := base64.StdEncoding.DecodeString(initial)
		return mechanism, string(b) == "\x00"+user+"\x00"+password
	case "LOGIN":
		return mechanism, ask("Username:") == user && ask("Password:") == password
	case "CRAM-MD5":
		h := hmac.New(md5.New, []byte(password))
		h.Write([]byte("<1@stub>"))
		return mechanism, ask("<1@stub>") == user+" "+hex.EncodeToString(h.Sum(nil))
	}
	return mechanism, false
}

func (p *post) got() []received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]received(nil), p.mails...)
}

func (p *post) say(command, answer string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.says[command] = answer
}
