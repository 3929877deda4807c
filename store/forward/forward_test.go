package forward_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/klauspost/compress/s2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/internal/promfile"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/store/forward"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// receiver is a remote-write receiver that can be away.
type receiver struct {
	*httptest.Server
	away atomic.Bool
	// takes is how long an answer takes, in nanoseconds.
	takes atomic.Int64
	mu    sync.Mutex
	got   map[string][]int64 // times by series as text
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{got: map[string][]int64{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if r.away.Load() {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		<-time.After(time.Duration(r.takes.Load()))
		packed, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		raw, err := s2.Decode(nil, packed)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var in prompb.WriteRequest
		if err := in.Unmarshal(raw); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, s := range in.Timeseries {
			b := labels.NewScratchBuilder(len(s.Labels))
			for _, l := range s.Labels {
				b.Add(l.Name, l.Value)
			}
			b.Sort()
			for _, x := range s.Samples {
				r.got[b.Labels().String()] = append(r.got[b.Labels().String()], x.Timestamp)
			}
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) count(series string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got[series])
}

// rig is a store with a forwarder on it.
type rig struct {
	w  *store.Writer
	db *store.DB
	f  *forward.Forwarder
	n  atomic.Uint64
	// asked is how often the progress was asked for.
	asked atomic.Int64
	// metrics are what /metrics would show.
	metrics *prometheus.Registry
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return newRigThatFlushes(t, 2*time.Second)
}

func newRigThatFlushes(t *testing.T, within time.Duration) *rig {
	t.Helper()
	c := store.DefaultConfig()
	c.MinFreeDisk = 0
	quiet := slog.New(slog.DiscardHandler)
	db, err := store.OpenTSDB(store.TSDBOptions{Dir: t.TempDir(), Config: c, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{db: db, metrics: prometheus.NewRegistry()}
	r.w = store.NewWriter(store.WriterOptions{DB: db, Config: c, Now: time.Now, Metrics: metrics.NewSet(), Logger: quiet})
	base, head := db.LogDirs()
	r.f, err = forward.New(forward.Options{
		Logs:   []forward.Log{{Name: "base", Dir: base}, {Name: "head", Dir: head}},
		Logger: quiet, Registerer: r.metrics, FlushDeadline: within,
		Progress: func() ([]uint64, int64) {
			r.asked.Add(1)
			return []uint64{0, r.n.Load()}, db.MaxTime()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	db.SetWriteNotified(r.f)
	t.Cleanup(func() { db.Close() })
	return r
}

// run runs the forwarder and returns what ends it.
func (r *rig) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.f.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func (r *rig) write(t *testing.T, name string, at time.Time) {
	t.Helper()
	b, _ := sinktest.Batch(sinktest.Metric(name, at.UnixMilli(), 1))
	res, err := r.w.Write(context.Background(), b)
	if err != nil || res.Stored != 1 {
		t.Fatalf("write: %+v, %v", res, err)
	}
	r.n.Add(1)
}

func targets(t *testing.T, text string) forward.Targets {
	t.Helper()
	c, errs := promfile.Parse("tocsin.yml", []byte(text))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	out, err := forward.Read(promfile.Document{Config: c, File: "tocsin.yml"})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("%s: not within a minute", what)
		case <-tick.C:
		}
	}
}

// to is a target that is sent to without delay.
func to(url string, more ...string) string {
	return fmt.Sprintf("global: {external_labels: {region: eu}}\nremote_write:\n  - url: %s/api/v1/write\n"+
		"    queue_config: {batch_send_deadline: 50ms, min_backoff: 20ms, max_backoff: 50ms}\n%s", url, strings.Join(more, ""))
}

// begun writes until the queue forwards: it begins a moment after its start.
func (r *rig) begun(t *testing.T, to *receiver) {
	t.Helper()
	until(t, "queue has begun", func() bool {
		r.write(t, "begin", time.Now())
		return to.count(`{__name__="begin", region="eu"}`) > 0
	})
}

func TestForwarder_ReceiverThatWasAway_GetsEverything(t *testing.T) {
	to1 := newReceiver(t)
	r := newRig(t)
	if err := r.f.Apply(targets(t, to(to1.URL, "    write_relabel_configs: [{source_labels: [__name__], regex: \"secret.*\", action: drop}]\n"))); err != nil {
		t.Fatal(err)
	}
	r.run(t)
	r.begun(t, to1)
	to1.away.Store(true)
	at := time.Now()
	const n = 200
	for i := range n {
		r.write(t, "m", at.Add(time.Duration(i)*time.Millisecond))
	}
	r.write(t, "secret", at)
	until(t, "retries are counted", func() bool {
		q := r.f.Queues()
		return len(q) == 1 && q[0].Retried > 0 && q[0].Pending > 0
	})
	to1.away.Store(false)
	until(t, "all is sent", func() bool { return to1.count(`{__name__="m", region="eu"}`) == n })
	if got := to1.count(`{__name__="secret", region="eu"}`); got != 0 {
		t.Errorf("%d samples of a series that relabelling drops", got)
	}
	q := r.f.Queues()
	if len(q) != 1 || q[0].Failed != 0 || q[0].Dropped != 1 || q[0].Sent.IsZero() || !strings.Contains(q[0].URL, to1.URL) {
		t.Errorf("queues: got %+v", q)
	}
}

// Late samples and those in order are in logs of their own. A receiver gets both, and
// they count as one queue.
// The number for one log is that of all samples less those of the other log, of which
// some may not be among all yet.
func TestForwarder_ProgressGoesBack_GoesOn(t *testing.T) {
	to1 := newReceiver(t)
	r := newRig(t)
	if err := r.f.Apply(targets(t, to(to1.URL))); err != nil {
		t.Fatal(err)
	}
	r.n.Store(100)
	stop := r.run(t)
	r.begun(t, to1)
	r.n.Store(60)
	looked := r.asked.Load()
	until(t, "a look at less and one after it", func() bool { return r.asked.Load() > looked+1 })
	r.write(t, "after", time.Now())
	until(t, "what came after", func() bool { return to1.count(`{__name__="after", region="eu"}`) == 1 })
	stop()
}

func TestForwarder_LateSamples_AreSentToo(t *testing.T) {
	to1 := newReceiver(t)
	r := newRig(t)
	if err := r.f.Apply(targets(t, to(to1.URL))); err != nil {
		t.Fatal(err)
	}
	stop := r.run(t)
	r.begun(t, to1)
	// Late, and yet newer than the start of the queues.
	at := time.Now().Add(5 * time.Second)
	const n = 50
	for i := range n {
		r.write(t, "m", at.Add(time.Duration(2*i)*time.Millisecond))
	}
	until(t, "late samples are sent", func() bool {
		r.write(t, "late", at)
		r.write(t, "late", at.Add(time.Second))
		for i := range n {
			r.write(t, "late", at.Add(time.Duration(i+1)*time.Millisecond))
		}
		return to1.count(`{__name__="late", region="eu"}`) >= n+2
	})
	until(t, "samples in order are sent", func() bool { return to1.count(`{__name__="m", region="eu"}`) == n })
	if q := r.f.Queues(); len(q) != 1 || q[0].Shards != 2 {
		t.Errorf("queues: got %+v, want one with a sender for each log", q)
	}
	if _, err := r.metrics.Gather(); err != nil {
		t.Errorf("metrics of two queues: %v", err)
	}
	stop()
}

// What was written just before the end is sent, although nothing waits for it.
func TestForwarder_End_SendsWhatWaits(t *testing.T) {
	to1 := newReceiver(t)
	r := newRig(t)
	slow := strings.Replace(to(to1.URL), "50ms, min", "10s, min", 1)
	if err := r.f.Apply(targets(t, to(to1.URL))); err != nil {
		t.Fatal(err)
	}
	stop := r.run(t)
	r.begun(t, to1)
	if err := r.f.Apply(targets(t, slow)); err != nil {
		t.Fatal(err)
	}
	// The new queue begins at the time of its start.
	at := time.Now().Add(2 * time.Second)
	const n = 500
	for i := range n {
		r.write(t, "m", at.Add(time.Duration(i)*time.Millisecond))
	}
	stop()
	if got := to1.count(`{__name__="m", region="eu"}`); got != n {
		t.Errorf("%d samples arrived, want %d", got, n)
	}
}

// A queue that is full reads on when the receiver has taken something. Who is slow gets
// what was written before the end too.
func TestForwarder_End_WaitsForASlowReceiver(t *testing.T) {
	to1 := newReceiver(t)
	r := newRigThatFlushes(t, time.Minute)
	small := strings.Replace(to(to1.URL), "queue_config: {", "queue_config: {capacity: 10, max_samples_per_send: 10, max_shards: 1, ", 1)
	if err := r.f.Apply(targets(t, small)); err != nil {
		t.Fatal(err)
	}
	stop := r.run(t)
	r.begun(t, to1)
	to1.takes.Store(int64(150 * time.Millisecond))
	at := time.Now().Add(2 * time.Second)
	const n = 80
	for i := range n {
		r.write(t, "m", at.Add(time.Duration(i)*time.Millisecond))
	}
	stop()
	if got := to1.count(`{__name__="m", region="eu"}`); got != n {
		t.Errorf("%d samples arrived, want %d", got, n)
	}
}

func TestForwarder_Apply_AddsAndRemovesTargets(t *testing.T) {
	one, two := newReceiver(t), newReceiver(t)
	r := newRig(t)
	if err := r.f.Apply(targets(t, to(one.URL))); err != nil {
		t.Fatal(err)
	}
	r.run(t)
	r.begun(t, one)
	if err := r.f.Apply(targets(t, to(two.URL))); err != nil {
		t.Fatal(err)
	}
	r.begun(t, two)
	before := one.count(`{__name__="begin", region="eu"}`)
	r.write(t, "later", time.Now())
	until(t, "second target", func() bool { return two.count(`{__name__="later", region="eu"}`) == 1 })
	if one.count(`{__name__="later", region="eu"}`) != 0 || one.count(`{__name__="begin", region="eu"}`) != before {
		t.Error("a target that was taken out still gets samples")
	}
	if err := r.f.Apply(forward.Targets{}); err != nil {
		t.Fatal(err)
	}
	if q := r.f.Queues(); len(q) != 0 {
		t.Errorf("queues without targets: %+v", q)
	}
}

// Taking a target out waits for its receiver, and writers do not wait with it.
func TestForwarder_Apply_DoesNotHoldUpWriters(t *testing.T) {
	gone := newReceiver(t)
	r := newRig(t)
	if err := r.f.Apply(targets(t, to(gone.URL))); err != nil {
		t.Fatal(err)
	}
	r.run(t)
	r.begun(t, gone)
	gone.away.Store(true)
	r.write(t, "m", time.Now())
	until(t, "a sample waits for the receiver", func() bool {
		q := r.f.Queues()
		return len(q) == 1 && q[0].Retried > 0
	})
	applied := make(chan error, 1)
	go func() { applied <- r.f.Apply(forward.Targets{}) }()
	longest := time.Duration(0)
	for n := 0; ; n++ {
		begun := time.Now()
		r.write(t, "m", begun.Add(time.Duration(n)*time.Millisecond+time.Second))
		longest = max(longest, time.Since(begun))
		select {
		case err := <-applied:
			if err != nil {
				t.Fatal(err)
			}
			if longest > time.Second { // the forwarder of the rig waits two for its receiver
				t.Errorf("a write took %s while the target was taken out", longest)
			}
			return
		default:
		}
	}
}

func TestRead_Errors(t *testing.T) {
	for src, want := range map[string]string{
		"remote_write:\n  - url: http://a/\n    tls_config: {ca_file: /nowhere.pem}\n":             "tocsin.yml: remote_write[0]: http://a/: ",
		"remote_write: [{url: \"http://u:p@a/\"}, {url: \"http://u:p@a/\", remote_timeout: 3s}]\n": "tocsin.yml: remote_write[1]: http://u:xxxxx@a/: the same receiver twice",
	} {
		c, errs := promfile.Parse("tocsin.yml", []byte(src))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		_, err := forward.Read(promfile.Document{Config: c, File: "tocsin.yml"})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v", src, err)
		}
	}
}

func TestTargets_CheckLoop(t *testing.T) {
	const external = "https://tocsin.example.com/mon/"
	for _, tt := range []struct {
		url, listen string
		loop        bool
	}{
		{"http://127.0.0.1:9099/api/v1/write", "127.0.0.1:9099", true},
		{"http://localhost:9099/x", "127.0.0.1:9099", true},
		{"http://[::1]:9099/x", "[::]:9099", true},
		{"http://0.0.0.0:9099/x", "127.0.0.1:9099", true},
		{"http://127.0.0.1:9099/x", ":9099", true},
		{"http://127.0.0.1/x", "0.0.0.0:80", true},
		{"http://127.0.0.1:9090/api/v1/write", "127.0.0.1:9099", false},
		{"http://192.0.2.7:9099/api/v1/write", "0.0.0.0:9099", false},
		{"http://127.0.0.1:9099/x", "192.0.2.7:9099", false},
		{"https://tocsin.example.com/mon/api/v1/write", "127.0.0.1:9099", true},
		{"https://tocsin.example.com/mimir/api/v1/push", "127.0.0.1:9099", false},
	} {
		err := targets(t, "remote_write: [{url: \""+tt.url+"\"}]\n").CheckLoop(context.Background(), tt.listen, external)
		if (err != nil) != tt.loop {
			t.Errorf("%s at %s: got %v, want a loop: %v", tt.url, tt.listen, err, tt.loop)
		}
	}
}
