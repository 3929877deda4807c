package outbound

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/notify"
)

var now = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func TestRetryAfter(t *testing.T) {
	f := func(h string, want time.Duration) {
		t.Helper()
		if got := RetryAfter(h, now); got != want {
			t.Errorf("RetryAfter(%q) = %v, want %v", h, got, want)
		}
	}
	f("30", 30*time.Second)
	f(" 5 ", 5*time.Second)
	f("0", 0)
	f("-5", 0)
	f("1.5", 0)
	f("", 0)
	f("Mon, 02 Mar 2026 10:02:00 GMT", 2*time.Minute)
	f("Mon, 02 Mar 2026 09:00:00 GMT", 0)
	f("18446744073709551615", 366*24*time.Hour)
	f("99999999999999999999999", 0)
}

func TestControl_RefusesAddresses(t *testing.T) {
	f := func(addr string, ok bool) {
		t.Helper()
		if err := control("tcp", addr, nil); (err == nil) != ok || (err != nil && !errors.Is(err, ErrAddress)) {
			t.Errorf("control(%s) = %v, want ok %v", addr, err, ok)
		}
	}
	f("127.0.0.1:80", true)
	f("10.1.2.3:443", true)
	f("93.184.216.34:443", true)
	f("[2606:2800::1]:443", true)
	f("169.254.169.254:80", false)
	f("[::ffff:169.254.169.254]:80", false)
	f("[fe80::1%eth0]:80", false)
	f("[fd00:ec2::254]:80", false)
	f("0.0.0.0:80", false)
	f("[::]:80", false)
	f("224.0.0.1:80", false)
	f("nonsense", false)
}

func TestDo_Answer_CutAndReadable(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, MaxBody+1000))
	}))
	defer s.Close()
	req, _ := http.NewRequest(http.MethodGet, s.URL, nil)
	resp, err := New(Options{HTTP: s.Client()}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(resp.Body); len(b) != MaxBody {
		t.Errorf("body of %d bytes, want %d", len(b), MaxBody)
	}
}

func TestDo_Canceled_IsNotARetry(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer s.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/hidden-path-123", nil)
	_, err := New(Options{}).Do(req)
	var r *notify.RetryError
	if !errors.Is(err, context.Canceled) || errors.As(err, &r) || strings.Contains(err.Error(), "hidden") {
		t.Errorf("err = %v, want context.Canceled without the address", err)
	}
}

func TestDo_AnswerThatBreaksOff_IsARetry(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
	}))
	defer s.Close()
	req, _ := http.NewRequest(http.MethodGet, s.URL, nil)
	_, err := New(Options{}).Do(req)
	var r *notify.RetryError
	if !errors.As(err, &r) {
		t.Errorf("err = %v, want one that asks for another try", err)
	}
}

func TestScrub(t *testing.T) {
	c := New(Options{Secrets: []string{"", "xoxb-1+2", "https://u:passw0rd@h.test/services/T1/B2?k=v3v3v3v3"}})
	f := func(in, want string) {
		t.Helper()
		cause := errors.New(in)
		err := c.Scrub(cause)
		if err.Error() != want || !errors.Is(err, cause) {
			t.Errorf("Scrub(%q) = %q, want %q", in, err, want)
		}
	}
	f("nothing to hide", "nothing to hide")
	f("bad xoxb-1+2.", "bad <secret>.")
	f("bad token=xoxb-1%2B2", "bad token=<secret>")
	f("no /services/T1/B2?k=v3v3v3v3", "no <secret>")
	f("no /services/T1/B2", "no <secret>")
	f("passw0rd", "<secret>")
	if c.Scrub(nil) != nil {
		t.Error("Scrub(nil) is not nil")
	}
}

func TestNewTransport_Proxy(t *testing.T) {
	if NewTransport(false).Proxy != nil || NewTransport(true).Proxy == nil {
		t.Error("the proxy of the environment is used only when told so")
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("30")
	f.Add("Mon, 02 Mar 2026 10:02:00 GMT")
	f.Fuzz(func(t *testing.T, h string) {
		if d := RetryAfter(h, now); d < 0 {
			t.Errorf("RetryAfter(%q) = %v", h, d)
		}
	})
}
