package syslog_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/logtest"
	"github.com/tocsinhq/tocsin/ingest/syslog"
	"github.com/tocsinhq/tocsin/telemetry"
)

// rig is a server that listens on loopback in all ways.
type rig struct {
	t             *testing.T
	sink          *logtest.Sink
	config        syslog.Config
	options       ingest.LogOptions
	udp, tcp, tls string
	stop          func()
}

func start(t *testing.T, change func(*ingest.LogOptions, *syslog.Config)) *rig {
	t.Helper()
	r := &rig{t: t, sink: new(logtest.Sink)}
	r.options = logtest.Options(r.sink)
	r.options.Now = time.Now // records are let go by the clock
	c := syslog.DefaultConfig()
	c.TimeZone = "UTC"
	c.CertFile, c.KeyFile, c.ClientCAFile = certificate(t)
	c.TLSListenAddress = "127.0.0.1:0"
	if change != nil {
		change(&r.options, &c)
	}
	r.config = c
	s, err := syslog.NewServer(r.options, c)
	if err != nil {
		t.Fatal(err)
	}
	secure, err := syslog.TLSConfig(c)
	if err != nil {
		t.Fatal(err)
	}
	var l syslog.Listeners
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	if l.Packets, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	l.Streams, l.TLS = listen(), listen()
	r.udp, r.tcp, r.tls = l.Packets.LocalAddr().String(), l.Streams.Addr().String(), l.TLS.Addr().String()
	l.TLS = tls.NewListener(l.TLS, secure)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, l) }()
	done := false
	r.stop = func() {
		if done {
			return
		}
		done = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %s", err)
		}
	}
	t.Cleanup(r.stop)
	return r
}

// certificate writes a certificate that is its own authority.
func certificate(t *testing.T) (cert, key, ca string) {
	t.Helper()
	dir := t.TempDir()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cert = write("cert.pem", "CERTIFICATE", der)
	return cert, write("key.pem", "PRIVATE KEY", private), cert
}

// ten are the ten records as messages; format makes one of a line and a priority.
func ten(format func(pri int, l logtest.Line) string) (all []string) {
	for _, l := range logtest.Ten() {
		level := map[string]int{"trace": 7, "debug": 7, "info": 6, "warn": 4, "error": 3, "fatal": 0}[l.Severity().String()]
		all = append(all, format(16*8+level, l))
	}
	return all
}

func rfc5424(pri int, l logtest.Line) string {
	data := "-"
	if l.Trace != "" {
		data = fmt.Sprintf(`[trace trace_id="%s" span_id="%s"]`, l.Trace, l.Span)
	}
	return fmt.Sprintf("<%d>1 %s %s %s 7 - %s %s", pri, l.Time.UTC().Format(time.RFC3339Nano), l.Host, l.Service, data, l.Text)
}

func rfc3164(pri int, l logtest.Line) string {
	return fmt.Sprintf("<%d>%s %s %s[7]: %s", pri, l.Time.UTC().Format("2006-01-02T15:04:05.000000Z07:00"), l.Host, l.Service, l.Text)
}

// plain is what RFC 3164 cannot tell.
func plain(l *logtest.Line) {
	emergency(l)
	if l.Span != "" {
		l.Trace, l.Span = "", ""
	}
}

// emergency is the severity that syslog has for fatal.
func emergency(l *logtest.Line) {
	if l.Level == "fatal" {
		l.SetSeverity(telemetry.SeverityFatal + 1)
	}
}

func TestServer_TenRecords_EveryTransportAndFraming(t *testing.T) {
	counted := func(m string) string { return fmt.Sprintf("%d %s", len(m), m) }
	line := func(m string) string { return m + "\n" }
	for _, tt := range []struct {
		name   string
		format func(int, logtest.Line) string
		frame  func(string) string
		known  func(*logtest.Line)
		dial   func(r *rig) (net.Conn, error)
	}{
		{"5424 by UDP", rfc5424, func(m string) string { return m }, emergency, func(r *rig) (net.Conn, error) { return net.Dial("udp", r.udp) }},
		{"5424 by TCP, counted", rfc5424, counted, emergency, func(r *rig) (net.Conn, error) { return net.Dial("tcp", r.tcp) }},
		{"5424 by TCP, lines", rfc5424, line, emergency, func(r *rig) (net.Conn, error) { return net.Dial("tcp", r.tcp) }},
		{"3164 by TCP, lines", rfc3164, line, plain, func(r *rig) (net.Conn, error) { return net.Dial("tcp", r.tcp) }},
		{"3164 by UDP", rfc3164, line, plain, func(r *rig) (net.Conn, error) { return net.Dial("udp", r.udp) }},
		{"5424 by TLS, counted", rfc5424, counted, emergency, func(r *rig) (net.Conn, error) { return dialTLS(r, true) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := start(t, nil)
			c, err := tt.dial(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range ten(tt.format) {
				if _, err := io.WriteString(c, tt.frame(m)); err != nil {
					t.Fatal(err)
				}
			}
			c.Close()
			got := r.sink.Wait(t, 10)
			slicesByTime(got)
			logtest.CheckTen(t, got, tt.known)
		})
	}
}

func slicesByTime(r []telemetry.LogRecord) {
	for i := range r {
		for j := i; j > 0 && r[j].Time < r[j-1].Time; j-- {
			r[j], r[j-1] = r[j-1], r[j]
		}
	}
}

func dialTLS(r *rig, withCertificate bool) (net.Conn, error) {
	c := &tls.Config{InsecureSkipVerify: true} // the certificate was made a moment ago
	if withCertificate {
		pair, err := tls.LoadX509KeyPair(r.config.CertFile, r.config.KeyFile)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return tls.Dial("tcp", r.tls, c)
}

func TestServer_TLS_WantsACertificate(t *testing.T) {
	r := start(t, nil)
	c, err := dialTLS(r, false)
	if err == nil {
		defer c.Close()
		fmt.Fprint(c, "<13>1 - h a - - - without\n")
		// With TLS 1.3 the refusal comes after the dial.
		if _, err = c.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("got %v, want a refusal", err)
		}
	}
	good, err := dialTLS(r, true)
	if err != nil {
		t.Fatal(err)
	}
	defer good.Close()
	fmt.Fprint(good, "<13>1 - h a - - - with\n")
	if got := r.sink.Wait(t, 1); string(got[0].Body) != "with" {
		t.Errorf("got %q", r.sink.Bodies())
	}
}

func TestServer_Stops_AndStoresWhatItHad(t *testing.T) {
	defer goleak.VerifyNone(t)
	r := start(t, nil)
	c, err := net.Dial("tcp", r.tcp)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// The first is let go when the second of its stream comes; the second is held.
	fmt.Fprint(c, "<13>1 - h a - - - one\n<13>1 - h a - - - two\n")
	r.sink.Wait(t, 1)
	r.stop()
	if got := r.sink.Bodies(); len(got) != 2 || got[1] != "two" {
		t.Errorf("got %q", got)
	}
}

func TestServer_StackTrace_OverManyMessages_IsOneRecord(t *testing.T) {
	r := start(t, nil)
	c, err := net.Dial("udp", r.udp)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	lines := []string{"ERROR order failed", "java.lang.IllegalStateException: no stock", "	at a.B.c(B.java:1)", "Caused by: x.Y: z", "	... 2 more"}
	for _, l := range lines {
		fmt.Fprintf(c, "<11>1 - h shop - - - %s", l)
	}
	if got := r.sink.Wait(t, 1); string(got[0].Body) != strings.Join(lines, "\n") {
		t.Errorf("got %q", got[0].Body)
	}
}

func TestServer_TheSinkFails_NothingIsLost(t *testing.T) {
	r := start(t, nil)
	failing := make(chan struct{})
	r.sink.SetFail(fmt.Errorf("disk full"))
	c, err := net.Dial("tcp", r.tcp)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 20 {
		fmt.Fprintf(c, "<13>1 - h a%d - - - text %d\n", i, i)
	}
	go func() {
		defer close(failing)
		for logtest.Counter(r.options, `tocsin_ingest_refused_requests_total{protocol="syslog",reason="unavailable"}`) == "" {
			runtime.Gosched()
		}
		r.sink.SetFail(nil)
	}()
	<-failing
	r.sink.Wait(t, 20)
}

func TestServer_HostileSenders_CostNobodyElse(t *testing.T) {
	r := start(t, func(o *ingest.LogOptions, _ *syslog.Config) { o.Config.Logs.MaxLine = 4 << 10 })
	endless, err := net.Dial("tcp", r.tcp)
	if err != nil {
		t.Fatal(err)
	}
	defer endless.Close()
	go func() {
		for range 1000 {
			if _, err := endless.Write([]byte(strings.Repeat("x", 10_000))); err != nil {
				return
			}
		}
	}()
	plainOnTLS, err := net.Dial("tcp", r.tls)
	if err != nil {
		t.Fatal(err)
	}
	defer plainOnTLS.Close()
	fmt.Fprint(plainOnTLS, "<13>1 - h a - - - no handshake\n")
	slow, err := net.Dial("tcp", r.tcp)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	fmt.Fprint(slow, "99 <13>1 - h a")
	udp, err := net.Dial("udp", r.udp)
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	for _, m := range []string{"", "\x00", "\xff\xfe", strings.Repeat("y", 60_000), "<13>1 - h good - - - good"} {
		fmt.Fprint(udp, m)
	}
	for {
		got := r.sink.Wait(t, 3)
		for _, x := range got {
			if string(x.Body) == "good" {
				return
			}
		}
		r.sink.Wait(t, len(got)+1)
	}
}
