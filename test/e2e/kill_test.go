//go:build linux

package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/prometheus/prompb"
)

// Loads write fast through event time, so that the head is compacted on the way.
const (
	loadName   = "e2e_load"
	loadSeries = 20
	loadStep   = 10 * time.Second
)

// load writes requests of twenty series, each ten seconds of event time after the
// one before of any load, and remembers which were acknowledged. Nothing is sent
// twice.
type load struct {
	d      *daemon
	worker int
	begin  time.Time
	next   *atomic.Int64 // of all loads together, so that none falls behind

	mu      sync.Mutex
	acked   map[int]bool
	refused string // first answer that was neither an acknowledgement nor a 503
}

func (l *load) run(ctx context.Context) {
	for ctx.Err() == nil {
		n := int(l.next.Add(1))
		at := l.begin.Add(time.Duration(n) * loadStep)
		if at.After(time.Now()) {
			return
		}
		var all []prompb.TimeSeries
		for i := range loadSeries {
			all = append(all, timeSeries([]prompb.Sample{{Timestamp: at.UnixMilli(), Value: float64(n)}},
				"__name__", loadName, "i", strconv.Itoa(i), "worker", strconv.Itoa(l.worker)))
		}
		status, text := l.d.write(all...)
		l.mu.Lock()
		switch {
		case status/100 == 2:
			l.acked[n] = true
		case status != 0 && status != http.StatusServiceUnavailable && l.refused == "":
			l.refused = fmt.Sprintf("%d %s", status, text)
		}
		l.mu.Unlock()
		if status == http.StatusServiceUnavailable || status == 0 {
			select { // as a sender waits before it goes on
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}
}

// lost returns how many acknowledged samples are not stored as they were sent, and
// how many were acknowledged.
func (l *load) lost() (lost, acked int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refused != "" {
		return 0, 0, fmt.Errorf("worker %d: refused: %s", l.worker, l.refused)
	}
	span := int(time.Since(l.begin).Seconds()) + 60
	result, err := query(l.d.url, fmt.Sprintf(`%s{worker="%d"}[%ds]`, loadName, l.worker, span), time.Now())
	if err != nil {
		return 0, 0, err
	}
	have := map[string]map[int64]string{}
	for _, s := range result {
		m := map[int64]string{}
		for _, p := range s.Points {
			m[int64(math.Round(p.Seconds*1000))] = p.Value
		}
		have[s.Labels["i"]] = m
	}
	for n := range l.acked {
		at := l.begin.Add(time.Duration(n) * loadStep).UnixMilli()
		for i := range loadSeries {
			acked++
			if have[strconv.Itoa(i)][at] != strconv.Itoa(n) {
				lost++
			}
		}
	}
	return lost, acked, nil
}

// audit compares what all loads know with what is stored.
func audit(t *testing.T, loads []*load) (acked int) {
	t.Helper()
	for _, l := range loads {
		lost, n, err := l.lost()
		if err != nil {
			t.Fatal(err)
		}
		if lost > 0 {
			t.Fatalf("worker %d: %d of %d acknowledged samples are gone", l.worker, lost, n)
		}
		acked += n
	}
	return acked
}

// during runs the loads while do runs.
func during(t *testing.T, loads []*load, do func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, l := range loads {
		wg.Go(func() { l.run(ctx) })
	}
	do()
	cancel()
	wg.Wait()
}

func TestServe_KilledUnderLoad_LosesNothingAcknowledged(t *testing.T) {
	d := serve(t)
	d.whole = t
	begin := time.Now().Add(-120 * time.Hour).Truncate(time.Millisecond)
	var loads []*load
	next := new(atomic.Int64)
	for k := range 4 {
		loads = append(loads, &load{d: d, worker: k, begin: begin, next: next, acked: map[int]bool{}})
	}
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for round := range 5 {
		during(t, loads, func() {
			pass(t, 500*time.Millisecond+time.Duration(r.IntN(2000))*time.Millisecond)
			d.kill()
		})
		d.boot(t)
		n := audit(t, loads)
		t.Logf("round %d: %d acknowledged samples, 0 lost", round+1, n)
	}
	blocks, err := filepath.Glob(filepath.Join(d.dir, "tsdb", "01*"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d blocks were written on the way", len(blocks))
	stopsInOrder(t, d)
}

// smallDisk mounts a disk of the given size in memory for the test, or skips it.
func smallDisk(t *testing.T, mib int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", mib)); err != nil {
		t.Skipf("mount a small disk: %v; it takes the rights of root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes a file that leaves the given number of bytes free.
func fill(t *testing.T, dir string, left int64) (remove func()) {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "ballast")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for n := int64(s.Bavail)*int64(s.Bsize) - left; n > 0; n -= 64 << 10 { // others write meanwhile
		if err = syscall.Fallocate(int(f.Fd()), 0, 0, n); !errors.Is(err, syscall.ENOSPC) {
			break
		}
	}
	if err != nil && !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

// serveOn starts the program with its data on a folder that is there.
func serveOn(t *testing.T, dir, config string) *daemon {
	t.Helper()
	d := &daemon{dir: dir, address: freeAddress(t), whole: t}
	d.args = []string{"--config.file=" + writeFile(t, t.TempDir(), "tocsin.yml", config)}
	d.url = "http://" + d.address
	d.boot(t)
	return d
}

func TestServe_DiskFull_ComesBackByItselfAndLosesNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		config string
		left   int64 // bytes free while full
		stop   func(*testing.T, *daemon)
	}{
		"stops before it is full": {"storage:\n  min_free_disk: 8MiB\n", 4 << 20, func(_ *testing.T, d *daemon) { d.kill() }},
		"full, then killed":       {"storage:\n  min_free_disk: 0\n", 0, func(_ *testing.T, d *daemon) { d.kill() }},
		"full, then told to end":  {"storage:\n  min_free_disk: 0\n", 0, stopsInOrder},
	} {
		t.Run(name, func(t *testing.T) {
			dir := smallDisk(t, 48)
			d := serveOn(t, dir, tt.config)
			begin := time.Now().Add(-120 * time.Hour).Truncate(time.Millisecond)
			next := new(atomic.Int64)
			loads := []*load{
				{d: d, worker: 0, begin: begin, next: next, acked: map[int]bool{}},
				{d: d, worker: 1, begin: begin, next: next, acked: map[int]bool{}},
			}
			ready := func() (int, string) { return d.try("GET", "/-/ready", "", nil) }
			during(t, loads, func() {
				pass(t, 500*time.Millisecond)
				remove := fill(t, dir, tt.left)
				eventually(t, 20*time.Second, "read-only", func() error {
					if status, text := ready(); status != http.StatusServiceUnavailable {
						return fmt.Errorf("GET /-/ready: %d %s", status, text)
					}
					return nil
				})
				if _, err := d.number("count(last_over_time(" + loadName + "[140h]))"); err != nil && tt.left > 0 {
					t.Errorf("queries while the disk is full: %v", err)
				}
				_, text := ready()
				t.Logf("while full: %.200s", text)
				pass(t, time.Second)
				remove()
				eventually(t, 20*time.Second, "accepting again", func() error {
					if status, text := ready(); status != http.StatusOK {
						return fmt.Errorf("GET /-/ready: %d %s", status, text)
					}
					return nil
				})
				pass(t, 2*time.Second)
			})
			before := audit(t, loads)
			tt.stop(t, d)
			d.boot(t)
			if after := audit(t, loads); after != before || after == 0 {
				t.Errorf("%d acknowledged samples, %d before the restart", after, before)
			}
			t.Logf("%d acknowledged samples, 0 lost", before)
		})
	}
}
