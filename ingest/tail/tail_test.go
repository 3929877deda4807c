package tail_test

import (
	"compress/gzip"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/logtest"
	"github.com/tocsinhq/tocsin/ingest/position"
	"github.com/tocsinhq/tocsin/ingest/tail"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/store"
)

// rig is a follower over a folder, with a clock that moves by hand.
type rig struct {
	t        *testing.T
	dir      string
	now      time.Time
	db       *sql.DB
	config   tail.Config
	sink     *logtest.Sink
	options  ingest.LogOptions
	follower *tail.Follower
	line     yamldoc.Bytes // max_line; 0 is the default
}

func newRig(t *testing.T, change func(*tail.Config)) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), now: time.Now().Add(time.Hour), config: tail.DefaultConfig(), sink: new(logtest.Sink)}
	var err error
	if r.db, err = store.OpenState(t.Context(), filepath.Join(t.TempDir(), "state.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.db.Close() })
	r.config.TimeZone = "UTC"
	r.config.Files = []tail.Files{{Paths: []string{filepath.Join(r.dir, "*.log")}, Service: "cart", FromStart: true}}
	if change != nil {
		change(&r.config)
	}
	r.restart()
	return r
}

// restart makes a new follower over the same state, as a process that was killed would.
func (r *rig) restart() {
	r.t.Helper()
	if r.options = logtest.Options(r.sink); r.line > 0 {
		r.options.Config.Logs.MaxLine = r.line
	}
	var err error
	if r.follower, err = tail.New(r.options, r.config, position.NewStore(r.db)); err != nil {
		r.t.Fatal(err)
	}
}

// permit sets how long lines may be.
func (r *rig) permit(n int) {
	r.line = yamldoc.Bytes(n)
	r.restart()
}

// round lets time go by and reads until there is no more.
func (r *rig) round(d time.Duration) {
	r.t.Helper()
	r.now = r.now.Add(d)
	for range 1000 {
		more, err := r.follower.Round(r.t.Context(), r.now)
		if err != nil {
			r.t.Fatal(err)
		}
		if !more {
			return
		}
	}
	r.t.Fatal("there is always more")
}

// settle gives the last lines out.
func (r *rig) settle() {
	r.round(6 * time.Second)
	r.round(2 * time.Second)
}

func (r *rig) path(name string) string { return filepath.Join(r.dir, name) }

func (r *rig) write(name, text string) {
	r.t.Helper()
	f, err := os.OpenFile(r.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) want(bodies ...string) {
	r.t.Helper()
	if got := r.sink.Bodies(); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", bodies) {
		r.t.Errorf("got  %.400q\nwant %.400q", got, bodies)
	}
}

func TestFollower_ReadsAsFilesGrow(t *testing.T) {
	r := newRig(t, nil)
	r.write("a.log", "2026-11-23 07:59:00,5 ERROR one\n\tat x.Y.z(Y.java:1)\n{\"msg\":\"two\",\"level\":\"warn\",\"n\":7}\nthree, not wh")
	r.round(0)
	r.want("2026-11-23 07:59:00,5 ERROR one\n\tat x.Y.z(Y.java:1)")
	r.settle()
	r.want("2026-11-23 07:59:00,5 ERROR one\n\tat x.Y.z(Y.java:1)", "two")
	r.write("a.log", "ole\r\n\nfour\n")
	r.settle()
	r.want("2026-11-23 07:59:00,5 ERROR one\n\tat x.Y.z(Y.java:1)", "two", "three, not whole", "four")
	got := r.sink.Records()
	if got[0].Service != "cart" || got[0].Severity.String() != "error" || time.Unix(0, got[0].Time).UTC().Format(time.RFC3339Nano) != "2026-11-23T07:59:00.5Z" {
		t.Errorf("got %s", logtest.Show(&got[0]))
	}
	if got[1].Severity.String() != "warn" || len(got[1].Attributes) != 1 {
		t.Errorf("got %s", logtest.Show(&got[1]))
	}
	if v, _ := logtest.Get(got[0].Stream, "filename"); v != r.path("a.log") {
		t.Errorf("got %s", logtest.Show(&got[0]))
	}
}

func TestFollower_StackTrace_WrittenSlowly_IsOneRecord(t *testing.T) {
	r := newRig(t, nil)
	for _, l := range []string{"ERROR x\n", "java.io.IOException: y\n", "\tat a.B.c(B.java:1)\n", "Caused by: z\n"} {
		r.write("a.log", l)
		r.round(500 * time.Millisecond)
	}
	r.want()
	r.settle()
	r.want("ERROR x\njava.io.IOException: y\n\tat a.B.c(B.java:1)\nCaused by: z")
}

func TestFollower_RotationByRename_LosesAndRepeatsNothing(t *testing.T) {
	r := newRig(t, nil)
	r.write("a.log", "one\ntwo\n")
	r.round(0)
	r.write("a.log", "three\n")
	if err := os.Rename(r.path("a.log"), r.path("a.log.1")); err != nil {
		t.Fatal(err)
	}
	r.write("a.log.1", "four\n") // the writer still has it open
	r.write("a.log", "five\n")
	r.settle()
	r.write("a.log.1", "six, late and without an end")
	r.settle()
	r.settle()
	r.settle()
	got := strings.Join(r.sink.Bodies(), " ")
	for _, w := range []string{"one", "two", "three", "four", "five", "six, late and without an end"} {
		if strings.Count(got, w) != 1 {
			t.Errorf("%s: %d times in %q", w, strings.Count(got, w), got)
		}
	}
}

func TestFollower_CopyAndTruncate_BeginsAgain(t *testing.T) {
	r := newRig(t, nil)
	r.write("a.log", strings.Repeat("old line\n", 100))
	r.settle()
	if err := os.Truncate(r.path("a.log"), 0); err != nil {
		t.Fatal(err)
	}
	r.write("a.log", "new 1\nnew 2\n")
	r.settle()
	// Truncated and grown beyond where it was between two looks.
	if err := os.Truncate(r.path("a.log"), 0); err != nil {
		t.Fatal(err)
	}
	r.write("a.log", strings.Repeat("x", 50)+"\n"+strings.Repeat("newer line\n", 200))
	r.settle()
	got := r.sink.Bodies()
	if len(got) != 100+2+1+200 || got[100] != "new 1" || got[102] != strings.Repeat("x", 50) {
		t.Errorf("got %d records", len(got))
	}
	if n := logtest.Counter(r.options, "tocsin_tail_truncations_total"); n != "2" {
		t.Errorf("counted %s truncations", n)
	}
}

func TestFollower_Restart_GoesOnWhereItWas(t *testing.T) {
	r := newRig(t, nil)
	r.write("a.log", "one\ntwo\nthree")
	r.settle()
	r.restart()
	r.write("a.log", "\nfour\n")
	r.settle()
	r.want("one", "two", "three", "four")
	// Rotated and written on while nobody looked; the new name is not asked for.
	r.write("a.log", "five\n")
	if err := os.Rename(r.path("a.log"), r.path("a.log.1")); err != nil {
		t.Fatal(err)
	}
	r.write("a.log", "six\n")
	r.restart()
	r.settle()
	got := r.sink.Bodies()
	if len(got) != 6 || strings.Count(strings.Join(got, " "), "five") != 1 || strings.Count(strings.Join(got, " "), "six") != 1 {
		t.Errorf("got %q", got)
	}
	// Another file under the inode and name of the old one.
	r.restart()
	if err := os.WriteFile(r.path("a.log"), []byte("a new world\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.settle()
	if got := r.sink.Bodies(); len(got) != 7 || got[6] != "a new world" {
		t.Errorf("got %q", got)
	}
}

func TestFollower_TheSinkFails_OffsetsStay(t *testing.T) {
	r := newRig(t, nil)
	r.write("a.log", "one\ntwo\n")
	r.sink.SetFail(fmt.Errorf("disk full"))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.follower.Round(ctx, r.now); err != nil {
		t.Fatal(err)
	}
	r.sink.SetFail(nil)
	r.restart()
	r.settle()
	r.want("one", "two")
}

// Labels stand in one order on all records of a file, so that they are of one stream.
func TestFollower_ManyLabels_OneOrder(t *testing.T) {
	r := newRig(t, func(c *tail.Config) {
		c.Files[0].Labels = map[string]string{"zone": "b", "env": "prod", "team": "pay", "region": "eu", "cluster": "one"}
	})
	r.write("a.log", strings.Repeat("2026-11-23 07:59:00 INFO a line\n", 30))
	r.settle()
	got := r.sink.Records()
	if len(got) != 30 {
		t.Fatalf("got %d records", len(got))
	}
	for i := range got {
		if fmt.Sprintf("%s %s", got[i].Stream, got[i].Attributes) != fmt.Sprintf("%s %s", got[0].Stream, got[0].Attributes) {
			t.Fatalf("record %d has %s, the first %s", i, got[i].Attributes, got[0].Attributes)
		}
	}
}

func TestFollower_WhichFiles(t *testing.T) {
	r := newRig(t, func(c *tail.Config) {
		c.Files[0].FromStart = false
		c.Files[0].Service = ""
		c.Files[0].Paths = append(c.Files[0].Paths, strings.Replace(c.Files[0].Paths[0], "*.log", "*.log*", 1))
		c.Files[0].Exclude = []string{"secret*"}
		c.Files[0].Labels = map[string]string{"env": "prod"}
		c.MaxFiles = 4
	})
	r.write("old.log", "written before\n")
	r.write("secret.log", "x\n")
	r.write("packed.log.gz", "x\n")
	f, err := os.Create(r.path("hidden.log.2"))
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	_, _ = z.Write([]byte("packed\n"))
	z.Close()
	f.Close()
	if err := os.Mkdir(r.path("dir.log"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(r.path("nowhere"), r.path("link.log")); err != nil {
		t.Fatal(err)
	}
	r.settle()
	r.write("old.log", "written after\n")
	r.write("later.log", "whole\n")
	r.settle()
	got := r.sink.Records()
	if len(got) != 2 {
		t.Fatalf("got %q", r.sink.Bodies())
	}
	for _, x := range got {
		env, _ := logtest.Get(x.Stream, "env")
		if name := map[string]string{"written after": "old", "whole": "later"}[string(x.Body)]; x.Service != name || env != "prod" {
			t.Errorf("got %s", logtest.Show(&x))
		}
	}
	for i := range 10 {
		r.write(fmt.Sprintf("more%d.log", i), "x\n")
	}
	r.settle()
	if n := len(r.sink.Records()); n != 4 {
		t.Errorf("got %d records, want those of two more files", n)
	}
	if n := logtest.Counter(r.options, "tocsin_tail_ignored_files_total"); n != "1" {
		t.Errorf("counted %s ignored", n)
	}
}

func TestFollower_HostileFiles(t *testing.T) {
	r := newRig(t, nil)
	r.write("a.log", "before\n"+strings.Repeat("x", 3<<20)+"\nafter\n"+"nul\x00and\xff\n")
	r.write("b.log", strings.Repeat("ERROR x\n\tat y(z)\n"+strings.Repeat("\tat a.B.c(B.java:1)\n", 8000), 3)+"end\n")
	r.settle()
	all := strings.Join(r.sink.Bodies(), "\n")
	if strings.Count(all, "before") != 1 || strings.Count(all, "...[truncated]") != 1 || strings.Count(all, "after") != 1 || !strings.Contains(all, "nul\x00and\xff") {
		t.Errorf("got %d records, %d bytes", len(r.sink.Bodies()), len(all))
	}
	if n := strings.Count(all, "\tat a.B.c(B.java:1)"); n != 24_000 || strings.Count(all, "end") != 1 {
		t.Errorf("got %d frames", n)
	}
}

func TestFollower_Run_StopsAndKeepsItsPlace(t *testing.T) {
	r := newRig(t, func(c *tail.Config) { c.PollInterval = 10_000_000 })
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	r.options = logtest.Options(r.sink)
	r.options.Now = time.Now
	follower, err := tail.New(r.options, r.config, position.NewStore(r.db))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- follower.Run(ctx) }()
	r.write("a.log", "one\ntwo\n")
	r.sink.Wait(t, 1)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	r.restart()
	r.settle()
	r.want("one", "two")
}

func BenchmarkRound(b *testing.B) {
	dir := b.TempDir()
	var text strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&text, "2026-05-04 12:00:00,%03d INFO [main] orders.Service - order %d of customer 42 with 7 items was placed after 320 ms\n", i%1000, i)
	}
	db, err := store.OpenState(b.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	c := tail.DefaultConfig()
	c.Files = []tail.Files{{Paths: []string{filepath.Join(dir, "*.log")}, FromStart: true}}
	f, err := tail.New(logtest.Options(logtest.Discard()), c, position.NewStore(db))
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		if err := os.WriteFile(filepath.Join(dir, "a.log"), []byte(text.String()), 0o600); err != nil {
			b.Fatal(err)
		}
		if err := os.Truncate(filepath.Join(dir, "a.log"), 0); err != nil {
			b.Fatal(err)
		}
		if _, err := f.Round(b.Context(), now); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "a.log"), []byte(text.String()), 0o600); err != nil {
			b.Fatal(err)
		}
		now = now.Add(10 * time.Second)
		b.StartTimer()
		if _, err := f.Round(b.Context(), now); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*5000), "ns/record")
}

// A line may be longer than what is read at once else.
func TestFollower_LineAsLongAsIsPermitted_IsReadWhole(t *testing.T) {
	const long = 3 << 20
	r := newRig(t, nil)
	r.permit(long)
	body, cut := strings.Repeat("x", long), strings.Repeat("y", long+9)
	r.write("a.log", body+"\n"+cut+"\nend\n")
	r.settle()
	got := r.sink.Bodies()
	if len(got) != 3 || got[0] != body || len(got[1]) != long || got[2] != "end" {
		t.Errorf("got %d records", len(got))
	}
}

// A stack trace whose lines fill what is read at once is given out as far as it goes.
func TestFollower_TraceBeforeALineAsLongAsIsPermitted_GoesOn(t *testing.T) {
	const long = 1 << 20
	r := newRig(t, nil)
	r.permit(long)
	trace := "panic: x\n\ngoroutine 1 [running]:\nmain.main()"
	body := strings.Repeat("x", long-10)
	r.write("a.log", trace+"\n"+body+"\nend\n")
	r.settle()
	r.want(trace, body, "end")
}
