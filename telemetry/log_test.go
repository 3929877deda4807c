package telemetry_test

import (
	"testing"

	"github.com/tocsinhq/tocsin/telemetry"
)

func TestSeverity_WordsAndLevels(t *testing.T) {
	for word, want := range map[string]string{
		"INFO": "info", "Warning": "warn", "err": "error", "CRITICAL": "error", "emerg": "fatal",
		"notice": "info", "dbg": "debug", "verbose": "trace",
	} {
		s, ok := telemetry.ParseSeverity(word)
		if !ok || s.String() != want || s.Level().String() != want || (s.Level()-1)%4 != 0 {
			t.Errorf("%s: got %d (%s), %v; want %s", word, s, s, ok, want)
		}
	}
	for _, word := range []string{"", "informations", "warned", "a word that is far too long to be one"} {
		if s, ok := telemetry.ParseSeverity(word); ok {
			t.Errorf("%q: got %s, want none", word, s)
		}
	}
	for _, s := range []telemetry.Severity{0, 25, 255} {
		if s.String() != "unknown" || s.Level() != 0 {
			t.Errorf("%d: got %s, level %d", s, s, s.Level())
		}
	}
}

func TestLogBatch_Reset_KeepsMemoryAndForgetsData(t *testing.T) {
	b := telemetry.LogBatch{Source: "s"}
	for range 2 {
		r := b.Next()
		r.Body, r.Service, r.TraceID[0] = []byte("x"), "pay", 1
		r.Stream = append(r.Stream, telemetry.Pair{Name: []byte("a")})
		r.Attributes = append(r.Attributes, telemetry.Pair{Name: []byte("b")})
	}
	b.Reset()
	if len(b.Records) != 0 || b.Source != "" {
		t.Errorf("got %+v", b)
	}
	if n := testing.AllocsPerRun(10, func() {
		b.Reset()
		b.Next().Stream = append(b.Records[0].Stream, telemetry.Pair{})
	}); n != 0 {
		t.Errorf("a batch in use again allocates %v times", n)
	}
	r := b.Records[:2][1]
	if r.Body != nil || r.Service != "" || r.TraceID[0] != 0 || len(r.Stream)+len(r.Attributes) != 0 || r.Stream[:1][0].Name != nil {
		t.Errorf("a record of an earlier request shows: %+v", r)
	}
}

func TestLogResult_CountsByReason(t *testing.T) {
	var r telemetry.LogResult
	r.Reject(telemetry.LogRejection{Record: 3, Reason: telemetry.ReasonLineTooLong})
	r.Reject(telemetry.LogRejection{Record: 5, Reason: telemetry.ReasonLineTooLong})
	if r.Refused[telemetry.ReasonLineTooLong] != 2 || len(r.Rejected) != 2 || r.Rejected[1].Record != 5 {
		t.Errorf("got %+v", r)
	}
}
