package logs_test

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logstest"
	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/telemetry"
)

// begin is a time of day at which a stream of some hours crosses midnight.
var begin = time.Date(2026, 11, 25, 23, 30, 0, 0, time.UTC)

var tookLong = regexp.MustCompile("took [0-9][0-9][0-9]+ ms")

var seed = maphash.MakeSeed()

type setting struct {
	dir    string
	now    time.Time
	change func(*logs.Config)
}

func open(t testing.TB, st setting) (*logs.Store, *metrics.Set) {
	t.Helper()
	cfg := logs.DefaultConfig()
	cfg.MinFreeDisk = 0
	if st.change != nil {
		st.change(&cfg)
	}
	if st.now.IsZero() {
		st.now = begin.Add(2 * time.Hour)
	}
	return openAt(t, st.dir, cfg, func() time.Time { return st.now })
}

func openAt(t testing.TB, dir string, cfg logs.Config, now func() time.Time) (*logs.Store, *metrics.Set) {
	t.Helper()
	set := metrics.NewSet()
	s, err := logs.Open(logs.Options{
		Dir: dir, Config: cfg, Miner: logstest.Cutter{Seed: seed}, Now: now,
		Logger: slog.New(slog.DiscardHandler), Metrics: set,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, set
}

// write writes batches of a stream and returns what was stored, as text, in order.
func write(t testing.TB, s *logs.Store, from *logstest.Stream, batches, size int) []string {
	t.Helper()
	var out []string
	var b telemetry.LogBatch
	for range batches {
		b.Reset()
		for range size {
			from.Next(b.Next())
			r := &b.Records[len(b.Records)-1]
			r.Body = bytes.Clone(r.Body) // of the stream
			out = append(out, textOf(r.Time, r.Service, r.TraceID, r.Body))
		}
		res, err := s.WriteLogs(context.Background(), &b)
		if err != nil || res.Stored != size {
			t.Fatalf("got %+v, %v; want %d stored", res, err, size)
		}
	}
	return out
}

func textOf(at int64, service string, trace [16]byte, body []byte) string {
	return fmt.Sprintf("%d %s %x %s", at, service, trace, body)
}

func all(q logs.Query) logs.Query {
	q.From, q.To = begin.Add(-48*time.Hour).UnixNano(), begin.Add(48*time.Hour).UnixNano()
	return q
}

func search(t testing.TB, s *logs.Store, q logs.Query) []string {
	t.Helper()
	var out []string
	_, err := s.Search(context.Background(), all(q), func(r *logs.Record) error {
		out = append(out, textOf(r.Time, r.Stream.Service, r.Trace, r.Body))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: got %d records, want %d", what, len(got), len(want))
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: record %d: got\n%s\nwant\n%s", what, i, got[i], want[i])
			return
		}
	}
}

func flush(t *testing.T, s *logs.Store) {
	t.Helper()
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
}

// inEachPlace calls f with a store that has the same records in memory, in segments, in
// both, merged, and after a restart.
func inEachPlace(t *testing.T, f func(t *testing.T, s *logs.Store, stored []string)) {
	stream := func() *logstest.Stream { return logstest.NewStream(1, begin) }
	for name, prepare := range map[string]func(*testing.T) (*logs.Store, []string){
		"memory": func(t *testing.T) (*logs.Store, []string) {
			s, _ := open(t, setting{dir: t.TempDir()})
			return s, write(t, s, stream(), 20, 100)
		},
		"segments": func(t *testing.T) (*logs.Store, []string) {
			s, _ := open(t, setting{dir: t.TempDir()})
			out := write(t, s, stream(), 20, 100)
			flush(t, s)
			return s, out
		},
		"both": func(t *testing.T) (*logs.Store, []string) {
			s, _ := open(t, setting{dir: t.TempDir()})
			from := stream()
			out := write(t, s, from, 9, 100)
			flush(t, s)
			return s, append(out, write(t, s, from, 11, 100)...)
		},
		"merged": func(t *testing.T) (*logs.Store, []string) {
			s, set := open(t, setting{dir: t.TempDir(), now: begin.Add(49 * time.Hour)})
			from := stream()
			var out []string
			for range 10 {
				out = append(out, write(t, s, from, 2, 100)...)
				flush(t, s)
			}
			if n, err := s.Merge(context.Background()); err != nil || n == 0 {
				t.Fatalf("merged %d times, %v", n, err)
			}
			if n := counter(set, "tocsin_logs_segments"); n > 2 {
				t.Errorf("%v segments are left, want one for each day", n)
			}
			return s, out
		},
		"restart": func(t *testing.T) (*logs.Store, []string) {
			dir := filepath.Join(t.TempDir(), "[a-c]*") // signs that mean something in patterns of files
			s, _ := open(t, setting{dir: dir})
			from := stream()
			out := write(t, s, from, 9, 100)
			flush(t, s)
			out = append(out, write(t, s, from, 11, 100)...)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s, _ = open(t, setting{dir: dir})
			return s, out
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, stored := prepare(t)
			f(t, s, stored)
		})
	}
}

func counter(set *metrics.Set, name string) float64 {
	var b strings.Builder
	set.WritePrometheus(&b)
	for line := range strings.Lines(b.String()) {
		var v float64
		if _, err := fmt.Sscanf(strings.TrimPrefix(line, name), " %g", &v); err == nil && strings.HasPrefix(line, name+" ") {
			return v
		}
	}
	return -1
}

func TestStore_WhatWasAcknowledged_ComesBackInOrder(t *testing.T) {
	inEachPlace(t, func(t *testing.T, s *logs.Store, stored []string) {
		same(t, "oldest first", search(t, s, logs.Query{Oldest: true}), stored)
		newest := slices.Clone(stored)
		slices.Reverse(newest)
		same(t, "newest first", search(t, s, logs.Query{}), newest)
		for _, limit := range []int{1, 7, 150, 1999, 2000, 5000} {
			same(t, fmt.Sprint("newest ", limit), search(t, s, logs.Query{Limit: limit}), newest[:min(limit, 2000)])
			same(t, fmt.Sprint("oldest ", limit), search(t, s, logs.Query{Limit: limit, Oldest: true}), stored[:min(limit, 2000)])
		}
	})
}

func TestStore_EveryFilter_IsAsReadingAllOfIt(t *testing.T) {
	inEachPlace(t, func(t *testing.T, s *logs.Store, stored []string) {
		body := func(text string) string { return strings.SplitN(text, " ", 4)[3] }
		service := func(text string) string { return strings.SplitN(text, " ", 4)[1] }
		expr, err := logs.Matches(`took \d{3,} ms`, false)
		if err != nil {
			t.Fatal(err)
		}
		notExpr, _ := logs.Matches("(?i)request RECEIVED", true)
		needle := body(stored[777])
		for _, c := range []struct {
			name string
			q    logs.Query
			want func(text string) bool
		}{
			{"constant", logs.Query{Lines: []logs.LineFilter{logs.Contains("Request received", false)}}, func(x string) bool { return strings.Contains(x, "Request received") }},
			{"not constant", logs.Query{Lines: []logs.LineFilter{logs.Contains("Request received", true)}}, func(x string) bool { return !strings.Contains(x, "Request received") }},
			{"across", logs.Query{Lines: []logs.LineFilter{logs.Contains("took 1", false)}}, func(x string) bool { return strings.Contains(x, "took 1") }},
			{"whole", logs.Query{Lines: []logs.LineFilter{logs.Contains(needle, false)}}, func(x string) bool { return strings.Contains(x, needle) }},
			{"expression", logs.Query{Lines: []logs.LineFilter{expr}}, tookLong.MatchString},
			{"not expression", logs.Query{Lines: []logs.LineFilter{notExpr}}, func(x string) bool { return !strings.Contains(x, "Request received") }},
			{"word", logs.Query{Words: []string{"took"}}, func(x string) bool { return strings.Contains(x, "took ") }},
			{"half a word", logs.Query{Words: []string{"too"}}, func(string) bool { return false }},
			{"none", logs.Query{Lines: []logs.LineFilter{logs.Contains("6f1d2d68-0000-4000-a000-000000000000", false)}}, func(string) bool { return false }},
			{"service", logs.Query{Stream: func(s *segment.Stream) bool { return s.Service == "ts-food-service" }}, func(x string) bool { return service(x) == "ts-food-service" }},
			{"level", logs.Query{Levels: 1 << segment.LevelOf(telemetry.SeverityError)}, func(x string) bool { return strings.Contains(x, " ERROR ") }},
		} {
			var want []string
			for _, x := range stored {
				if c.want(x) {
					want = append(want, x)
				}
			}
			c.q.Oldest = true
			same(t, c.name, search(t, s, c.q), want)
		}
	})
}

func TestStore_TraceIDs_AreFound(t *testing.T) {
	inEachPlace(t, func(t *testing.T, s *logs.Store, stored []string) {
		var trace [16]byte
		if _, err := fmt.Sscanf(strings.Fields(stored[500])[2], "%x", &[]byte{}); err != nil {
			t.Fatal(err)
		}
		text := strings.Fields(stored[500])[2]
		var raw []byte
		fmt.Sscanf(text, "%x", &raw)
		copy(trace[:], raw)
		var want []string
		for _, x := range stored {
			if strings.Fields(x)[2] == text {
				want = append(want, x)
			}
		}
		same(t, "by id", search(t, s, logs.Query{Trace: trace, Oldest: true}), want)
	})
}

func TestStore_Histogram_CountsWhatSearchFinds(t *testing.T) {
	inEachPlace(t, func(t *testing.T, s *logs.Store, stored []string) {
		for _, step := range []time.Duration{time.Minute, time.Hour, 96 * time.Hour} {
			h, err := s.Histogram(context.Background(), all(logs.Query{}), step)
			if err != nil {
				t.Fatal(err)
			}
			n, errs := 0, 0
			for _, bar := range h.Bars {
				for level, rows := range bar {
					n += rows
					if level == segment.LevelOf(telemetry.SeverityError) {
						errs += rows
					}
				}
			}
			want := 0
			for _, x := range stored {
				if strings.Contains(x, " ERROR ") {
					want++
				}
			}
			if n != len(stored) || errs != want {
				t.Errorf("step %s: got %d records, %d errors; want %d, %d", step, n, errs, len(stored), want)
			}
		}
	})
}

func TestStore_AwkwardBytes_ComeBack(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, setting{dir: dir})
	rng := rand.New(rand.NewPCG(3, 3))
	var want []string
	var b telemetry.LogBatch
	for range 30 {
		b.Reset()
		for range 1 + rng.IntN(40) {
			r := b.Next()
			r.Time = begin.UnixNano() + int64(len(want)) // no two alike, so that order is known
			r.Severity = telemetry.Severity(rng.IntN(26))
			body := make([]byte, rng.IntN(60))
			for i := range body {
				body[i] = "\x00\xff\n\r a1-/\xc3\x28\"z"[rng.IntN(13)]
			}
			r.Body = body
			for range rng.IntN(3) {
				r.Attributes = append(r.Attributes, telemetry.Pair{Name: []byte{byte(rng.IntN(256))}, Value: body[:rng.IntN(len(body)+1)]})
			}
			want = append(want, fmt.Sprintf("%d %d %q %q", r.Time, r.Severity, r.Body, r.Attributes))
		}
		if res, err := s.WriteLogs(context.Background(), &b); err != nil || res.Stored != len(b.Records) {
			t.Fatalf("got %+v, %v", res, err)
		}
	}
	read := func() (got []string) {
		_, err := s.Search(context.Background(), all(logs.Query{Oldest: true}), func(r *logs.Record) error {
			got = append(got, fmt.Sprintf("%d %d %q %q", r.Time, r.Severity, r.Body, r.Attributes))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	same(t, "memory", read(), want)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, _ = open(t, setting{dir: dir})
	same(t, "log", read(), want)
	flush(t, s)
	same(t, "segments", read(), want)
}

func TestStore_WhatCannotBeKept_IsNamed(t *testing.T) {
	s, _ := open(t, setting{dir: t.TempDir(), change: func(c *logs.Config) { c.Limits.MaxAttributes = 2 }})
	var b telemetry.LogBatch
	good := func() *telemetry.LogRecord {
		r := b.Next()
		r.Time, r.Body = begin.UnixNano(), []byte("fine")
		return r
	}
	good()
	good().Body = bytes.Repeat([]byte("x"), 256<<10+1)
	good().Time = begin.Add(-16 * 24 * time.Hour).UnixNano()
	good().Time = begin.Add(3 * time.Hour).UnixNano()
	good().Attributes = make([]telemetry.Pair, 3)
	good().Stream = make([]telemetry.Pair, 65)
	good().Time = 0 // ours counts
	res, err := s.WriteLogs(context.Background(), &b)
	if err != nil || res.Stored != 2 {
		t.Fatalf("got %+v, %v", res, err)
	}
	var got []string
	for _, x := range res.Rejected {
		got = append(got, fmt.Sprint(x.Record, " ", x.Reason))
	}
	same(t, "rejected", got, []string{"1 line_too_long", "2 too_old", "3 too_far_in_future", "4 too_many_fields", "5 too_many_fields"})
}

func TestStore_TooManyStreams_LabelsBecomeAttributes(t *testing.T) {
	s, _ := open(t, setting{dir: t.TempDir(), change: func(c *logs.Config) { c.Limits.MaxStreams = 3 }})
	var b telemetry.LogBatch
	for i := range 10 {
		r := b.Next()
		r.Time, r.Body, r.Service = begin.UnixNano()+int64(i), []byte("x"), "pay"
		r.Stream = append(r.Stream, telemetry.Pair{Name: []byte("request"), Value: fmt.Appendf(nil, "%d", i)})
	}
	if _, err := s.WriteLogs(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var got []string
		streams := map[string]bool{}
		_, err := s.Search(context.Background(), all(logs.Query{Oldest: true}), func(r *logs.Record) error {
			streams[r.Stream.Key()] = true
			v, _ := r.Stream.Get("request")
			for _, a := range r.Attributes {
				v += string(a.Value)
			}
			got = append(got, v+r.Stream.Service)
			return nil
		})
		if err != nil || len(streams) > 4 {
			t.Fatalf("%d streams, %v", len(streams), err)
		}
		same(t, "label", got, []string{"0pay", "1pay", "2pay", "3pay", "4pay", "5pay", "6pay", "7pay", "8pay", "9pay"})
		flush(t, s)
	}
}

func TestStore_LogCutAtEveryByte_LosesNothingBeforeTheCut(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, setting{dir: dir})
	from := logstest.NewStream(5, begin)
	var ends []int64
	var counts []int
	path := filepath.Join(dir, "wal", "000000000001.wal")
	stored := []string{}
	for range 3 {
		stored = append(stored, write(t, s, from, 1, 1)...)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		ends, counts = append(ends, info.Size()), append(counts, len(stored))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(data) + 1 {
		want := 0
		for i, e := range ends {
			if int64(cut) >= e {
				want = counts[i]
			}
		}
		again := t.TempDir()
		os.MkdirAll(filepath.Join(again, "wal"), 0o755)
		os.WriteFile(filepath.Join(again, "wal", "000000000001.wal"), data[:cut], 0o644)
		s2, _ := open(t, setting{dir: again})
		if cut%7 == 0 {
			flush(t, s2)
		}
		same(t, fmt.Sprint("cut at ", cut), search(t, s2, logs.Query{Oldest: true}), stored[:want])
		s2.Close()
		if t.Failed() {
			return
		}
	}
}

func TestStore_SegmentsWhoseLogIsThere_AreMadeAgain(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, setting{dir: dir})
	path := filepath.Join(dir, "wal", "000000000001.wal")
	stored := write(t, s, logstest.NewStream(5, begin), 10, 100)
	log, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flush(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, log, 0o644); err != nil { // as if the end had come before it was removed
		t.Fatal(err)
	}
	s, set := open(t, setting{dir: dir})
	same(t, "once", search(t, s, logs.Query{Oldest: true}), stored)
	if n := counter(set, "tocsin_logs_unfinished_segments_total"); n < 1 {
		t.Errorf("got %v unfinished segments", n)
	}
}

func TestStore_MergedAndItsPartsAfterACrash_CountOnce(t *testing.T) {
	dir := t.TempDir()
	late := begin.Add(49 * time.Hour)
	s, _ := open(t, setting{dir: dir, now: late})
	from := logstest.NewStream(5, begin)
	var stored []string
	for range 3 {
		stored = append(stored, write(t, s, from, 1, 100)...)
		flush(t, s)
	}
	parts, _ := filepath.Glob(filepath.Join(dir, "2026-*", "0*.seg"))
	keep := map[string][]byte{}
	for _, p := range parts {
		keep[p], _ = os.ReadFile(p)
	}
	if n, err := s.Merge(context.Background()); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	s.Close()
	for p, data := range keep {
		os.WriteFile(p, data, 0o644)
	}
	for range 2 {
		s, _ = open(t, setting{dir: dir, now: late})
		same(t, "once", search(t, s, logs.Query{Oldest: true}), stored)
		stored = append(stored, write(t, s, from, 1, 10)...) // under a name that was not replaced
		flush(t, s)
		s.Close()
	}
}

func TestStore_DamagedSegment_IsSetAsideAndTheRestServes(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, setting{dir: dir})
	from := logstest.NewStream(5, begin)
	first := write(t, s, from, 1, 100)
	flush(t, s)
	write(t, s, from, 1, 100)
	flush(t, s)
	s.Close()
	bad := filepath.Join(dir, "2026-11-25", "000000000002.seg")
	data, err := os.ReadFile(bad)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(bad, data[:len(data)-9], 0o644)
	s, set := open(t, setting{dir: dir})
	same(t, "the other", search(t, s, logs.Query{Oldest: true}), first)
	if aside, _ := os.ReadDir(filepath.Join(dir, "broken")); len(aside) != 1 || counter(set, `tocsin_logs_damaged_total{file="segment"}`) != 1 {
		t.Errorf("got %v aside", aside)
	}
}

func TestStore_Retention_ByAgeAndSize(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, setting{dir: dir})
	from := logstest.NewStream(5, begin)
	write(t, s, from, 1, 100)
	flush(t, s)
	s.Close()
	s, _ = open(t, setting{dir: dir, now: begin.Add(16 * 24 * time.Hour)})
	if n, err := s.Prune(); n != 1 || err != nil || len(search(t, s, logs.Query{})) != 0 {
		t.Errorf("pruned %d, %v", n, err)
	}
	s.Close()
	if left, _ := filepath.Glob(filepath.Join(dir, "2026-*")); len(left) != 0 {
		t.Errorf("folders are left: %v", left)
	}
	s, _ = open(t, setting{dir: dir, change: func(c *logs.Config) { c.RetentionSize = 50_000 }})
	var stored []string
	for range 5 {
		stored = append(stored, write(t, s, from, 1, 100)...)
		flush(t, s)
	}
	if _, err := s.Prune(); err != nil {
		t.Fatal(err)
	}
	if got := search(t, s, logs.Query{Oldest: true}); len(got) == 0 || len(got) == len(stored) || got[len(got)-1] != stored[len(stored)-1] {
		t.Errorf("got %d of %d records, want the newest", len(got), len(stored))
	}
}

func TestStore_RunWithWritersAndReaders_KeepsAll(t *testing.T) {
	s, _ := open(t, setting{dir: t.TempDir(), change: func(c *logs.Config) { c.Memory = 1 << 20 }})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() { write(t, s, logstest.NewStream(uint64(w), begin), 30, 100) })
	}
	wg.Go(func() {
		for range 20 {
			search(t, s, logs.Query{Limit: 10, Words: []string{"took"}})
		}
	})
	wg.Wait()
	if n := len(search(t, s, logs.Query{})); n != 12000 {
		t.Errorf("got %d records, want 12000", n)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
