package logline_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tocsinhq/tocsin/ingest/jsonscan"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/telemetry"
)

func TestSheet_IsStoredWhenFull_AndCountsEntries(t *testing.T) {
	s := new(logline.Sheet)
	var stored, batches int
	var refused []int
	s.Store = func() {
		batches++
		for i := range s.Records {
			want := stored + i
			if string(s.Records[i].Body) != fmt.Sprint(want) {
				t.Fatalf("record %d is %q", want, s.Records[i].Body)
			}
		}
		stored += len(s.Records)
	}
	s.OnReject = func(entry int, _, _ string) { refused = append(refused, entry) }
	n := 0
	for i := range 30_000 {
		if i%10_000 == 5 {
			s.Refuse(telemetry.ReasonBadRecord, "x")
			continue
		}
		r := s.Begin()
		r.Body = s.Copy([]byte(fmt.Sprint(n)))
		if i%10_000 == 7 {
			s.Refuse(telemetry.ReasonBadRecord, "y")
			continue
		}
		n++
		s.End()
	}
	s.Flush()
	if stored != n || batches < 3 || s.Entries() != 30_000 {
		t.Errorf("stored %d of %d in %d batches, %d entries", stored, n, batches, s.Entries())
	}
	if fmt.Sprint(refused) != "[5 7 10005 10007 20005 20007]" {
		t.Errorf("refused %v", refused)
	}
}

func document(t *testing.T, text string, limits logline.Limits) (*telemetry.LogRecord, *logline.Fields) {
	t.Helper()
	s := &logline.Sheet{Limits: limits}
	var c jsonscan.Cursor
	c.Reset([]byte(text), s.Grabber())
	f := new(logline.Fields)
	if !f.Document(s, &c, nil) {
		t.Fatalf("%s: %v", text, c.Err())
	}
	s.End()
	return &s.Records[0], f
}

func TestFields_Document_PutsFieldsWhereTheyBelong(t *testing.T) {
	r, _ := document(t, `{"@timestamp":"2026-05-04T12:00:00Z","log":{"level":"error"},"message":"boom","service":{"name":"cart"},"trace":{"id":"4bf92f3577b34da6a3ce929d0e0e4736"},
		"host":{"name":"h1"},"n":7,"nested":{"a":{"b":true,"c":[1,{"d":2}]}},"none":null,"empty":{}}`, logline.Limits{})
	if r.Service != "cart" || r.Severity != telemetry.SeverityError || string(r.Body) != "boom" || r.TraceID[0] != 0x4b || r.Time != 1777896000e9 {
		t.Errorf("got %+v", r)
	}
	var got []string
	for _, p := range append(r.Stream, r.Attributes...) {
		got = append(got, string(p.Name)+"="+string(p.Value))
	}
	if want := `service.name=cart host.name=h1 n=7 nested.a.b=true nested.a.c=[1,{"d":2}]`; strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
	r, _ = document(t, `{"a":1,"status_code":500}`, logline.Limits{})
	if string(r.Body) != `{"a":1,"status_code":500}` || len(r.Attributes) != 0 || r.Severity != telemetry.SeverityError {
		t.Errorf("without a text: got %q %v %s", r.Body, r.Attributes, r.Severity)
	}
	r, _ = document(t, `{"log":"line","message":"text","app":"x","service.name":"y"}`, logline.Limits{})
	if string(r.Body) != "text" || r.Service != "y" || len(r.Attributes) != 1 || string(r.Attributes[0].Name) != "log" {
		t.Errorf("the better field must win: got %q %q %v", r.Body, r.Service, r.Attributes)
	}
}

func TestFields_Limits_HoldBeforeMemoryIsTaken(t *testing.T) {
	var wide strings.Builder
	wide.WriteString(`{"message":"m"`)
	for i := range 100_000 {
		fmt.Fprintf(&wide, `,"k%d":1`, i)
	}
	wide.WriteString("}")
	r, f := document(t, wide.String(), logline.Limits{Attributes: 50})
	if len(r.Attributes) != 50 || f.Dropped() != 100_000-50 || cap(r.Attributes) > 200 {
		t.Errorf("%d attributes (room for %d), %d dropped", len(r.Attributes), cap(r.Attributes), f.Dropped())
	}
	r, _ = document(t, `{"message":"m","v":"`+strings.Repeat("ä", 1000)+`"}`, logline.Limits{Value: 101})
	if v := r.Attributes[0].Value; len(v) > 101 || !utf8.Valid(v) || !bytes.HasSuffix(v, []byte(logline.Mark)) {
		t.Errorf("got %d bytes %q", len(v), v)
	}
}

func TestFinish_AbsurdTimes_AreThoseOfTheArrival(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	s := &logline.Sheet{Limits: logline.Limits{Line: 1000}}
	times := []int64{0, 1, -1, 1 << 62, -1 << 63, 1<<63 - 1, now.Add(2 * time.Hour).UnixNano(), now.Add(time.Minute).UnixNano(), now.Add(-1000 * time.Hour).UnixNano()}
	for _, at := range times {
		r := s.Begin()
		r.Time = at
		s.End()
	}
	long := s.Begin()
	long.Body = []byte(strings.Repeat("日", 1000))
	s.End()
	done := logline.Finish(s, now, time.Hour)
	if done.Times != 6 || done.Cut != 1 {
		t.Errorf("got %+v", done)
	}
	for i, at := range times {
		r := s.Records[i]
		odd := i >= 1 && i <= 6
		if r.Observed != now.UnixNano() || odd && (r.Time != 0 || string(r.Attributes[0].Name) != logline.OriginalTime) || !odd && r.Time != at {
			t.Errorf("time %d: got %d, observed %d, %v", at, r.Time, r.Observed, r.Attributes)
		}
	}
	if b := s.Records[len(times)].Body; len(b) > 1000 || !utf8.Valid(b) || !strings.HasSuffix(string(b), logline.Mark) {
		t.Errorf("got %d bytes", len(b))
	}
}
