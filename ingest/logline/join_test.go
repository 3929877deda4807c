package logline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/telemetry"
)

var traces = map[string]string{
	"java": `2026-05-04 12:00:00 ERROR [main] order failed
java.lang.IllegalStateException: no stock
	at shop.Order.place(Order.java:12)
	at shop.Main.main(Main.java:3)
Caused by: java.io.IOException: closed
	at shop.Db.read(Db.java:9)
	... 2 more`,
	"python": `ERROR:root:boom
Traceback (most recent call last):
  File "a.py", line 3, in <module>
    f()
ValueError: bad

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 5, in <module>
RuntimeError: worse`,
	"go": `panic: runtime error: index out of range [3] with length 3

goroutine 1 [running]:
main.f(...)
	/src/main.go:8
main.main()
	/src/main.go:12 +0x1d
exit status 2`,
	"node": `TypeError: Cannot read properties of undefined (reading 'id')
    at handler (/app/server.js:10:5)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)`,
	"json over lines": "{\n  \"a\": 1,\n  \"b\": [\n    2\n  ]\n}",
	"ruby":            "app.rb:3:in `f': bad (RuntimeError)\n\tfrom app.rb:7:in `<main>'",
}

// sheetOf has the lines of a text, each as a record of one stream.
func sheetOf(lines []string, stream string) *logline.Sheet {
	s := new(logline.Sheet)
	for _, line := range lines {
		r := s.Begin()
		r.Body = []byte(line)
		r.Severity = logline.FindLevel(r.Body)
		r.Stream = append(r.Stream, telemetry.Pair{Name: []byte("pod"), Value: []byte(stream)})
		s.End()
	}
	return s
}

func bodies(s *logline.Sheet) (all []string) {
	for _, r := range s.Records {
		all = append(all, strings.TrimRight(string(r.Body), "\n"))
	}
	return all
}

func TestJoin_StackTraces_BecomeOneRecord(t *testing.T) {
	for name, text := range traces {
		t.Run(name, func(t *testing.T) {
			lines := append([]string{"INFO before"}, strings.Split(text, "\n")...)
			lines = append(lines, "INFO after", "INFO later")
			s := sheetOf(lines, "a")
			joined := logline.Join(s)
			want := []string{"INFO before", text, "INFO after", "INFO later"}
			if got := bodies(s); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			if wantJoined := strings.Count(text, "\n"); joined != wantJoined {
				t.Errorf("joined %d lines, want %d", joined, wantJoined)
			}
			// Each line is an entry of the request and belongs to some record.
			var entries []int
			for i := range s.Records {
				s.EntriesOf(i, func(n int) { entries = append(entries, n) })
			}
			if len(entries) != len(lines) {
				t.Errorf("%d entries of %d lines", len(entries), len(lines))
			}
		})
	}
}

func TestJoin_StreamsAreMixed_EachKeepsItsOwn(t *testing.T) {
	s := new(logline.Sheet)
	add := func(stream, line string) {
		r := s.Begin()
		r.Body = []byte(line)
		r.Stream = append(r.Stream, telemetry.Pair{Name: []byte("pod"), Value: []byte(stream)})
		s.End()
	}
	for _, line := range strings.Split(traces["java"], "\n") {
		add("a", line)
		add("b", "b says "+line[:3])
	}
	logline.Join(s)
	if got := bodies(s); len(got) != 8 || got[0] != traces["java"] {
		t.Errorf("got %q", got)
	}
	if v := string(s.Records[1].Stream[0].Value); v != "b" {
		t.Errorf("the second record is of %s", v)
	}
}

func TestJoin_LinesThatOnlyLookAlike_StayApart(t *testing.T) {
	for _, lines := range [][]string{
		{"INFO done", "java.net.SocketException: Broken pipe", "INFO next"},
		{"java.net.SocketException: Broken pipe", "java.net.SocketException: Broken pipe"},
		{"one", "two", "three"},
		{`{"a":1}`, `{"a":2}`},
		{"attach failed", "at 12:00 we start"},
	} {
		s := sheetOf(lines, "a")
		if logline.Join(s); len(s.Records) != len(lines) {
			t.Errorf("%q: got %q", lines, bodies(s))
		}
	}
}

func TestJoin_EndlessTrace_IsBounded(t *testing.T) {
	lines := []string{"ERROR x"}
	for range 5000 {
		lines = append(lines, "\tat some.very.long.name.of.a.Class.method(File.java:1)")
	}
	s := sheetOf(lines, "a")
	logline.Join(s)
	total := 0
	for _, r := range s.Records {
		if len(r.Body) > logline.MaxJoined {
			t.Errorf("a record of %d bytes", len(r.Body))
		}
		total += strings.Count(string(r.Body), "\n") + 1
	}
	if total != len(lines) || len(s.Records) < 4 {
		t.Errorf("%d lines in %d records, want %d", total, len(s.Records), len(lines))
	}
}

func TestJoiner_JoinsOverBatches_AndLetsGoAfterASecond(t *testing.T) {
	for name, text := range traces {
		j := logline.NewJoiner()
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var out []string
		for _, line := range strings.Split(text, "\n") {
			s := sheetOf([]string{line}, "a")
			j.Take(s, now)
			out = append(out, bodies(s)...)
			s = new(logline.Sheet)
			now = now.Add(900 * time.Millisecond)
			j.Due(s, now, false)
			out = append(out, bodies(s)...)
		}
		if len(out) != 0 {
			t.Errorf("%s: let go too early: %q", name, out)
		}
		s := new(logline.Sheet)
		j.Due(s, now.Add(time.Second), false)
		if got := bodies(s); len(got) != 1 || got[0] != text {
			t.Errorf("%s: got %q", name, got)
		}
		if v := string(s.Records[0].Stream[0].Value); v != "a" {
			t.Errorf("%s: the stream is %s", name, v)
		}
		s = new(logline.Sheet)
		if j.Due(s, now.Add(time.Hour), true); len(s.Records) != 0 {
			t.Errorf("%s: told twice: %q", name, bodies(s))
		}
	}
}

// What is let go at once stands in the order in which it came.
func TestJoiner_Due_InTheOrderOfArrival(t *testing.T) {
	for _, all := range []bool{false, true} {
		j := logline.NewJoiner()
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var want []string
		for i := range 50 {
			want = append(want, fmt.Sprint("line ", i))
			j.Take(sheetOf(want[i:], fmt.Sprint(i)), now)
		}
		s := new(logline.Sheet)
		if j.Due(s, now.Add(time.Second), all); !slices.Equal(bodies(s), want) {
			t.Errorf("all %v: got %q", all, bodies(s))
		}
	}
}

func TestJoiner_ManyStreams_IsBounded(t *testing.T) {
	j := logline.NewJoiner()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	seen := 0
	for i := range 10_000 {
		s := sheetOf([]string{strings.Repeat("x", 4096)}, fmt.Sprint(i))
		j.Take(s, now)
		seen += len(s.Records)
	}
	if seen < 4000 {
		t.Errorf("%d of 10000 records let go, so 24 MB and more are held", seen)
	}
	s := new(logline.Sheet)
	j.Due(s, now, true)
	if seen+len(s.Records) != 10_000 {
		t.Errorf("%d records in all, want 10000", seen+len(s.Records))
	}
}

func FuzzJoin(f *testing.F) {
	for _, text := range traces {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		s := sheetOf(lines, "a")
		logline.Join(s)
		var all []string
		for _, r := range s.Records {
			all = append(all, string(r.Body))
		}
		if got := strings.Join(all, "\n"); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	})
}
