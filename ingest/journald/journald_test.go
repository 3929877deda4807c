package journald_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/ingest/journald"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/ingest/logtest"
	"github.com/tocsinhq/tocsin/ingest/position"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// entry writes an entry of fields; a value with a line feed is written with its length.
func entry(fields ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(fields); i += 2 {
		if strings.Contains(fields[i+1], "\n") {
			b.WriteString(fields[i] + "\n" + string(binary.LittleEndian.AppendUint64(nil, uint64(len(fields[i+1])))) + fields[i+1] + "\n")
			continue
		}
		b.WriteString(fields[i] + "=" + fields[i+1] + "\n")
	}
	return b.String() + "\n"
}

func ten() (text string) {
	for i, l := range logtest.Ten() {
		level := map[string]string{"debug": "7", "info": "6", "warn": "4", "error": "3", "fatal": "0"}[l.Severity().String()]
		fields := []string{"__CURSOR", fmt.Sprintf("s=1;i=%d", i), "__REALTIME_TIMESTAMP", fmt.Sprint(l.Time.UnixMicro()), "_BOOT_ID", "x", "PRIORITY", level,
			"_HOSTNAME", l.Host, "SYSLOG_IDENTIFIER", l.Service, "MESSAGE", l.Text, "_PID", "7"}
		if l.Trace != "" {
			fields = append(fields, "TRACE_ID", l.Trace)
		}
		if l.Span != "" {
			fields = append(fields, "SPAN_ID", l.Span)
		}
		text += entry(fields...)
	}
	return text
}

func emergency(l *logtest.Line) {
	if l.Level == "fatal" {
		l.SetSeverity(telemetry.SeverityFatal + 1)
	}
}

func decode(from io.Reader) *logline.Sheet {
	s, d := &logline.Sheet{Limits: logline.Limits{Attributes: 1000, Value: 32 << 10}}, new(journald.Decoder)
	buf := make([]byte, 512)
	for {
		n, err := from.Read(buf)
		d.Feed(buf[:n], s)
		if err != nil {
			d.End(s)
			return s
		}
	}
}

func TestDecoder_Entries_WhateverThePieces(t *testing.T) {
	text := ten() + entry("MESSAGE", "two\nlines", "PRIORITY", "3", "_SYSTEMD_UNIT", "nginx.service") + "MESSAGE=no blank line behind\n"
	for name, from := range map[string]io.Reader{"whole": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text))} {
		s := decode(from)
		if len(s.Records) != 12 {
			t.Fatalf("%s: got %d records, want 12", name, len(s.Records))
		}
		logline.Finish(s, logtest.Now, 0)
		logtest.CheckTen(t, s.Records[:10], emergency)
		if r := s.Records[10]; string(r.Body) != "two\nlines" || r.Service != "nginx" || r.Severity != telemetry.SeverityError {
			t.Errorf("%s: got %s", name, logtest.Show(&r))
		}
		if r := s.Records[11]; string(r.Body) != "no blank line behind" {
			t.Errorf("%s: got %s", name, logtest.Show(&r))
		}
	}
}

func TestDecoder_ServiceOfAnEntry(t *testing.T) {
	for want, fields := range map[string][]string{
		"web":  {"CONTAINER_NAME", "web", "_SYSTEMD_UNIT", "docker.service", "SYSLOG_IDENTIFIER", "dockerd"},
		"sshd": {"_SYSTEMD_UNIT", "session-3.scope", "SYSLOG_IDENTIFIER", "sshd"},
		"app":  {"_SYSTEMD_UNIT", "user@1000.service", "_SYSTEMD_USER_UNIT", "app.service", "SYSLOG_IDENTIFIER", "x"},
		"cat":  {"_COMM", "cat"},
		"":     {"_PID", "1"},
	} {
		s := decode(strings.NewReader(entry(append(fields, "MESSAGE", "m")...)))
		if len(s.Records) != 1 || s.Records[0].Service != want {
			t.Errorf("%v: got %+v, want %s", fields, s.Records, want)
		}
	}
}

func TestDecoder_Hostile_CostsOneField(t *testing.T) {
	huge := "COREDUMP\n" + string(binary.LittleEndian.AppendUint64(nil, 3<<20)) + strings.Repeat("x", 3<<20) + "\n"
	many := ""
	for i := range 5000 {
		many += fmt.Sprintf("F%d=1\n", i)
	}
	text := "MESSAGE=a\n" + huge + "\nMESSAGE=b\nLONG=" + strings.Repeat("y", 3<<20) + "\n\n" + many + "\nMESSAGE=c\xff\x00\n__REALTIME_TIMESTAMP=99999999999999999999\n\n" +
		"LIES\n" + string(binary.LittleEndian.AppendUint64(nil, 1<<63)) + "x"
	s := decode(strings.NewReader(text))
	if len(s.Records) != 3 || string(s.Records[0].Body) != "a" || string(s.Records[1].Body) != "b" || string(s.Records[2].Body) != "c\xff\x00" {
		t.Errorf("got %d records", len(s.Records))
	}
}

func TestHandler_StoresBeforeTheBodyEnds(t *testing.T) {
	defer goleak.VerifyNone(t)
	sink := new(logtest.Sink)
	o := logtest.Options(sink)
	o.Now = nil
	h := journald.NewHandler(o)
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- h.Run(ctx) }()
	server := httptest.NewServer(h)
	defer server.Close()
	body, send := io.Pipe()
	answered := make(chan int, 1)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	go func() {
		q, _ := http.NewRequest(http.MethodPost, server.URL+journald.Path, body)
		q.Header.Set("Content-Type", "application/vnd.fdo.journal")
		resp, err := client.Do(q)
		if err != nil {
			answered <- 0
			return
		}
		resp.Body.Close()
		answered <- resp.StatusCode
	}()
	_, _ = io.WriteString(send, ten())
	got := sink.Wait(t, 10) // by the clock of the joiner, though the body goes on
	if len(got) != 10 {
		t.Errorf("got %d records", len(got))
	}
	_, _ = io.WriteString(send, entry("MESSAGE", "last"))
	send.Close()
	if code := <-answered; code != http.StatusAccepted {
		t.Errorf("got %d, want 202", code)
	}
	if all := sink.Bodies(); len(all) != 11 || all[10] != "last" {
		t.Errorf("got %d records when the answer came", len(all))
	}
	stop()
	if err := <-ran; err != nil {
		t.Error(err)
	}
}

func TestHandler_Stops_ThoughUploadsAreEndless(t *testing.T) {
	defer goleak.VerifyNone(t)
	sink := new(logtest.Sink)
	o := logtest.Options(sink)
	o.Now = nil
	h := journald.NewHandler(o)
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- h.Run(ctx) }()
	server := httptest.NewServer(h)
	defer server.Close()
	body, send := io.Pipe()
	defer send.Close()
	answered := make(chan int, 1)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	go func() {
		q, _ := http.NewRequest(http.MethodPost, server.URL+journald.Path, body)
		q.Header.Set("Content-Type", "application/vnd.fdo.journal")
		resp, err := client.Do(q)
		if err != nil {
			answered <- 0
			return
		}
		resp.Body.Close()
		answered <- resp.StatusCode
	}()
	_, _ = io.WriteString(send, entry("MESSAGE", "held"))
	_, _ = io.WriteString(send, entry("MESSAGE", "x", "SYSLOG_IDENTIFIER", "y"))
	sink.Wait(t, 1)
	stop()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	if code := <-answered; code != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", code)
	}
	sink.Wait(t, 2)
}

func TestHandler_Refuses(t *testing.T) {
	h := journald.NewHandler(logtest.Options(new(logtest.Sink)))
	for _, tt := range []struct {
		method, contentType, encoding string
		code                          int
	}{{"GET", "", "", 405}, {"POST", "text/plain", "", 415}, {"POST", "application/vnd.fdo.journal", "gzip", 415}, {"POST", "application/vnd.fdo.journal", "", 202}} {
		q := httptest.NewRequest(tt.method, journald.Path, strings.NewReader(""))
		q.Header.Set("Content-Type", tt.contentType)
		if tt.encoding != "" {
			q.Header.Set("Content-Encoding", tt.encoding)
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, q); w.Code != tt.code {
			t.Errorf("%+v: got %d %s", tt, w.Code, w.Body)
		}
	}
}

// script writes a program that stands for journalctl: it notes how it was called, prints a file
// and waits to be ended.
func script(t *testing.T, dir, journal string) string {
	t.Helper()
	path := filepath.Join(dir, "journalctl")
	text := "#!/bin/sh\necho \"$@\" >> " + dir + "/calls\ncat " + journal + "\nexec sleep 60\n"
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFollower_GoesOnWhereItEnded(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	journal := filepath.Join(dir, "journal")
	if err := os.WriteFile(journal, []byte(ten()), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := store.OpenState(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	positions := position.NewStore(db)
	c := journald.DefaultConfig()
	c.Command, c.Units = script(t, dir, journal), []string{"nginx.service"}
	run := func(want int) {
		t.Helper()
		sink := new(logtest.Sink)
		o := logtest.Options(sink)
		o.Now = nil
		f := journald.NewFollower(o, c, positions)
		ctx, stop := context.WithCancel(t.Context())
		ran := make(chan error, 1)
		go func() { ran <- f.Run(ctx) }()
		sink.Wait(t, want)
		for {
			if all, err := positions.All(t.Context(), "journal/"); err != nil || len(all) == 1 {
				break
			}
		}
		stop()
		if err := <-ran; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	run(10)
	run(10)
	calls, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(calls)), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "--unit=nginx.service --lines=all --since=@") || !strings.HasSuffix(lines[1], "--lines=all --after-cursor=s=1;i=9") {
		t.Errorf("got %q", lines)
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte(ten()), 7)
	f.Add([]byte("A\n\x01\x00\x00\x00\x00\x00\x00\x00x\nMESSAGE=y\n\n"), 1)
	f.Fuzz(func(t *testing.T, text []byte, piece int) {
		whole := decode(strings.NewReader(string(text)))
		d, s := new(journald.Decoder), &logline.Sheet{Limits: logline.Limits{Attributes: 1000, Value: 32 << 10}}
		for rest := text; len(rest) > 0; {
			n := min(len(rest), max(1, piece%4096))
			d.Feed(rest[:n], s)
			rest = rest[n:]
		}
		d.End(s)
		if len(s.Records) != len(whole.Records) {
			t.Errorf("%d records in pieces, %d else", len(s.Records), len(whole.Records))
		}
	})
}

func BenchmarkDecoder(b *testing.B) {
	text := []byte(strings.Repeat(entry("__CURSOR", "s=1;i=2;b=3", "__REALTIME_TIMESTAMP", "1795420569901000", "__MONOTONIC_TIMESTAMP", "5", "_BOOT_ID", "4bf92f3577b34da6a3ce929d0e0e4736", "PRIORITY", "6",
		"_HOSTNAME", "web-1", "SYSLOG_IDENTIFIER", "orders", "_SYSTEMD_UNIT", "orders.service", "_PID", "4711", "_UID", "0", "_COMM", "orders", "MESSAGE", "order 4711 of customer 42 with 7 items was placed after 320 ms"), 1000))
	s, d := new(logline.Sheet), new(journald.Decoder)
	b.ReportAllocs()
	for b.Loop() {
		s.Clear()
		if d.Feed(text, s); len(s.Records) != 1000 {
			b.Fatal(len(s.Records))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/record")
}
