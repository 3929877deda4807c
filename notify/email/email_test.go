package email_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/email"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/sample"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func config(p *post) notify.EmailConfig {
	return notify.EmailConfig{
		Host: p.host, Port: p.port, TLS: notify.TLSStart, CAFile: p.caFile, Username: user, Password: password,
		From: "Tocsin <tocsin@example.com>", To: []string{"ops@example.com", "Ada <ada@example.com>"}, ReplyTo: "ops@example.com", Hello: "monitor.example.com",
	}
}

func channel(t *testing.T, cfg notify.EmailConfig) notify.Channel {
	t.Helper()
	c, err := email.New(email.Options{Name: "mail", Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEmail_Conformance(t *testing.T) {
	notifytest.Channel(t, func(t *testing.T) notify.Channel { return channel(t, config(newPost(t, nil))) })
}

func TestEmail_TLSAndLogin(t *testing.T) {
	f := func(name, way, auth, offered, wantLogin string, secure bool) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			p := newPost(t, func(p *post) { p.full, p.starts, p.auth = way == notify.TLSFull, way == notify.TLSStart, offered })
			cfg := config(p)
			cfg.TLS, cfg.Auth = way, auth
			if offered == "" {
				cfg.Username, cfg.Password = "", ""
			}
			notifytest.Life(t, channel(t, cfg), notifytest.Sample(incident.EventOpened))
			m := p.got()
			if len(m) != 1 || m[0].login != wantLogin || m[0].secure != secure || len(m[0].to) != 2 || !strings.Contains(m[0].from, "<tocsin@example.com>") {
				for i := range m {
					m[i].data = ""
				}
				t.Errorf("mails = %+v", m)
			}
		})
	}
	const all = "PLAIN LOGIN CRAM-MD5"
	f("starttls", notify.TLSStart, "", all, "PLAIN", true)
	f("tls", notify.TLSFull, notify.AuthAuto, all, "PLAIN", true)
	f("login only", notify.TLSStart, "", "LOGIN", "LOGIN", true)
	f("login by name", notify.TLSStart, notify.AuthLogin, all, "LOGIN", true)
	f("cram-md5", notify.TLSNone, notify.AuthCRAM, all, "CRAM-MD5", false)
	f("in the clear on loopback", notify.TLSNone, notify.AuthPlain, all, "PLAIN", false)
	f("without login", notify.TLSStart, "", "", "", true)
}

// TestEmail_Misbehaviour tells what is tried again from what is final.
func TestEmail_Misbehaviour(t *testing.T) {
	f := func(name, command, says string, wantRetry bool, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			p := newPost(t, func(p *post) { p.says[command] = says })
			within := time.Minute // which no conversation takes that does not hang
			if says == "hang" {
				within = 700 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			begun := time.Now()
			_, err := channel(t, config(p)).Send(ctx, notifytest.Sample(incident.EventOpened), "")
			if err == nil || errors.As(err, new(*notify.RetryError)) != wantRetry || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), password) || strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("err = %v, want retry %v and %q", err, wantRetry, want)
			}
			if took := time.Since(begun); took > 30*time.Second { // the stub gives up after a minute
				t.Errorf("took %v", took)
			}
		})
	}
	f("busy", "greeting", "421 4.3.2 too busy", true, "too busy")
	f("silent", "greeting", "hang", true, "no answer in time")
	f("not SMTP", "greeting", "HTTP/1.1 400 Bad Request", true, "greeting")
	f("hangs up at hello", "EHLO", "reset", true, "hello")
	f("wrong password", "AUTH", "535 5.7.8 "+password+" is wrong", false, "log in as tocsin")
	f("login is down", "AUTH", "454 4.7.0 try later", true, "log in as tocsin")
	f("sender refused", "MAIL", "550 5.7.1 not you", false, "sender tocsin@example.com")
	f("grey list", "RCPT ops@example.com", "451 4.7.1 come back", true, "come back")
	f("hangs at the text", "DATA", "hang", true, "no answer in time")
	f("hangs after the text", "end", "hang", true, "no answer in time")
	f("hangs up after the text", "end", "reset", true, "end the text")
	f("refuses the text", "end", "554 5.6.0 spam", false, "spam")
	f("full", "end", "452 4.3.1 disk full", true, "disk full")
}

func TestEmail_WrongTLS(t *testing.T) {
	p := newPost(t, nil)
	cfg := config(p)
	cfg.CAFile = "" // nobody this machine trusts has signed
	_, err := channel(t, cfg).Send(t.Context(), notifytest.Sample(incident.EventOpened), "")
	if !errors.As(err, new(*notify.RetryError)) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown signer: err = %v", err)
	}
	cfg = config(p)
	cfg.Host = "localhost" // not a name that the certificate bears
	if _, err = channel(t, cfg).Send(t.Context(), notifytest.Sample(incident.EventOpened), ""); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("other name: err = %v", err)
	}
	p = newPost(t, func(p *post) { p.starts = false })
	_, err = channel(t, config(p)).Send(t.Context(), notifytest.Sample(incident.EventOpened), "")
	if err == nil || errors.As(err, new(*notify.RetryError)) || !strings.Contains(err.Error(), "offers no STARTTLS") {
		t.Errorf("no STARTTLS: err = %v, want a final one", err)
	}
	if len(p.got()) != 0 {
		t.Error("a mail went out in the clear")
	}
	plain := httptest.NewServer(nil)
	defer plain.Close()
	cfg = config(newPost(t, nil))
	cfg.TLS, cfg.Host = notify.TLSFull, "127.0.0.1"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err = channel(t, cfg).Send(ctx, notifytest.Sample(incident.EventOpened), ""); !errors.As(err, new(*notify.RetryError)) || !strings.Contains(err.Error(), "TLS") {
		t.Errorf("no TLS at all: err = %v", err)
	}
}

func TestEmail_Address_LinkLocal_IsRefused(t *testing.T) {
	cfg := config(newPost(t, nil))
	cfg.Host = "169.254.169.254"
	if _, err := channel(t, cfg).Send(t.Context(), notifytest.Sample(incident.EventOpened), ""); err == nil || errors.As(err, new(*notify.RetryError)) {
		t.Errorf("err = %v, want a final one", err)
	}
}

func TestEmail_SomeReceiversRefused_OthersGetIt(t *testing.T) {
	p := newPost(t, func(p *post) { p.says["RCPT ops@example.com"] = "550 5.1.1 no such user" })
	th, err := channel(t, config(p)).Send(t.Context(), notifytest.Sample(incident.EventOpened), "")
	if err == nil || errors.As(err, new(*notify.RetryError)) || !strings.Contains(err.Error(), "refuses ops@example.com: 550 5.1.1 no such user; the others have the mail") || th == "" {
		t.Errorf("Send = %q, %v", th, err)
	}
	if m := p.got(); len(m) != 1 || len(m[0].to) != 1 || m[0].to[0] != "ada@example.com" {
		t.Errorf("mails = %+v", m)
	}
	p.say("RCPT ada@example.com", "550 5.1.1 gone")
	if _, err = channel(t, config(p)).Send(t.Context(), notifytest.Sample(incident.EventOpened), ""); err == nil || !strings.Contains(err.Error(), "no such user") {
		t.Errorf("all refused: err = %v", err)
	}
}

func parse(t *testing.T, data string) *netmail.Message {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEmail_Thread(t *testing.T) {
	p := newPost(t, nil)
	raised, resolved := notifytest.Sample(incident.EventRaised), notifytest.Sample(incident.EventResolved)
	raised.Incident.Title = "error rate and latency" // the subject stays, or the thread would break
	c := channel(t, config(p))
	th := notifytest.Life(t, c, notifytest.Sample(incident.EventOpened), raised, resolved)
	if _, err := c.Send(t.Context(), resolved, th); err != nil { // again, after an answer that was lost
		t.Fatal(err)
	}
	var ids, refs, subjects []string
	for _, m := range p.got() {
		h := parse(t, m.data).Header
		subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
		if err != nil {
			t.Fatal(err)
		}
		ids, refs, subjects = append(ids, h.Get("Message-ID")), append(refs, h.Get("References")+h.Get("In-Reply-To")), append(subjects, subject)
	}
	if ids[0] == ids[1] || ids[1] == ids[2] || ids[2] != ids[3] || !strings.HasSuffix(ids[0], "@example.com>") {
		t.Errorf("Message-IDs = %q", ids)
	}
	if diff := cmp.Diff([]string{"", ids[0] + ids[0], ids[0] + ids[0], ids[0] + ids[0]}, refs); diff != "" {
		t.Error(diff)
	}
	const s = "checkout: error rate is high"
	if diff := cmp.Diff([]string{s, "Re: " + s, "Re: " + s, "Re: " + s}, subjects); diff != "" {
		t.Error(diff)
	}
}

// leaves returns the parts of a mail that hold no others, by their type.
func leaves(t *testing.T, kind string, body io.Reader, out map[string][]byte, path string) {
	t.Helper()
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(media, "multipart/") {
		b, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		out[path+media] = b
		return
	}
	r := multipart.NewReader(body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		var part io.Reader = p
		switch p.Header.Get("Content-Transfer-Encoding") {
		case "quoted-printable":
			part = quotedprintable.NewReader(p)
		case "base64":
			part = base64.NewDecoder(base64.StdEncoding, p)
		}
		if id := p.Header.Get("Content-ID"); id != "" {
			out["Content-ID"] = []byte(id + " " + p.Header.Get("Content-Disposition"))
		}
		leaves(t, p.Header.Get("Content-Type"), part, out, path+strings.TrimPrefix(media, "multipart/")+"/")
	}
}

func TestEmail_Parts(t *testing.T) {
	p := newPost(t, nil)
	notifytest.Life(t, channel(t, config(p)), notifytest.Sample(incident.EventOpened))
	m := parse(t, p.got()[0].data)
	for name, want := range map[string]string{
		"From": `"Tocsin" <tocsin@example.com>`, "To": `<ops@example.com>, "Ada" <ada@example.com>`, "Reply-To": "<ops@example.com>", "Date": "Mon, 02 Mar 2026 10:04:00 +0000",
		"Auto-Submitted": "auto-generated", "X-Tocsin-Message": "inc-1/1", "X-Tocsin-State": "critical", "Importance": "high",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	parts := map[string][]byte{}
	leaves(t, m.Header.Get("Content-Type"), m.Body, parts, "")
	text, html, png := parts["related/alternative/text/plain"], parts["related/alternative/text/html"], parts["related/image/png"]
	if !bytes.HasPrefix(png, []byte("\x89PNG")) || !strings.HasPrefix(string(parts["Content-ID"]), "<chart> inline") {
		t.Errorf("picture of %d bytes, %s", len(png), parts["Content-ID"])
	}
	if !strings.Contains(string(text), "opened (critical): checkout: error rate is high") || !strings.Contains(string(text), "▁") {
		t.Errorf("text = %s", text)
	}
	for _, want := range []string{`src="cid:chart"`, "0.8% (0.3% to 1.9%)", "deployment checkout v41 -&gt; v42", "https://tocsin.example.com/incidents/inc-1", "not muted: no silence, no window", "background:#c92a2a"} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the HTML lacks %q", want)
		}
	}
	if strings.Contains(string(html), "ZgotmplZ") {
		t.Error("the template holds what it does not trust")
	}
}

func TestEmail_Texts_AreEscaped(t *testing.T) {
	p := newPost(t, nil)
	m := notifytest.Sample(incident.EventOpened)
	m.Incident.Title = "<script>alert(1)</script>\r\nBcc: eve@example.com"
	m.Chart = nil
	notifytest.Life(t, channel(t, config(p)), m)
	got := parse(t, p.got()[0].data)
	parts := map[string][]byte{}
	leaves(t, got.Header.Get("Content-Type"), got.Body, parts, "")
	if got.Header.Get("Bcc") != "" || bytes.Contains(parts["alternative/text/html"], []byte("<script>")) || len(parts["alternative/text/html"]) == 0 {
		t.Errorf("mail = %s", p.got()[0].data)
	}
}

func TestEmail_Group(t *testing.T) {
	p := newPost(t, nil)
	o := sample.Options{Onset: notifytest.Onset}
	notifytest.Life(t, channel(t, config(p)), sample.Group("first", o), sample.Group("resolved", o))
	m := p.got()
	if len(m) != 2 || parse(t, m[1].data).Header.Get("References") != parse(t, m[0].data).Header.Get("Message-ID") {
		t.Fatalf("%d mails", len(m))
	}
	if got := parse(t, m[0].data).Header.Get("Subject"); got != "HighErrorRate" {
		t.Errorf("subject = %q", got)
	}
}

func TestNew_Refuses(t *testing.T) {
	p := newPost(t, nil)
	f := func(name string, change func(c *notify.EmailConfig)) {
		t.Helper()
		cfg := config(p)
		change(&cfg)
		if _, err := email.New(email.Options{Name: "m", Config: cfg}); err == nil || !strings.HasPrefix(err.Error(), "channel m: ") {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	f("no receiver", func(c *notify.EmailConfig) { c.To = nil })
	f("odd receiver", func(c *notify.EmailConfig) { c.To = []string{"nobody"} })
	f("odd sender", func(c *notify.EmailConfig) { c.From = "" })
	f("no host", func(c *notify.EmailConfig) { c.Host = "" })
	f("no such file", func(c *notify.EmailConfig) { c.CAFile = "/nowhere.pem" })
	f("no certificate", func(c *notify.EmailConfig) { c.CAFile = "email_test.go" })
}
