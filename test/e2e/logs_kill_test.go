//go:build linux

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// logLoad pushes log lines as Loki's clients do and remembers which were acknowledged.
type logLoad struct {
	d    *daemon
	next atomic.Int64

	mu      sync.Mutex
	acked   map[string]bool
	refused string // first answer that was neither an acknowledgement nor a 503
}

func (l *logLoad) run(ctx context.Context) {
	for ctx.Err() == nil {
		var values [][2]string
		n := l.next.Add(50) - 50
		for i := range int64(50) {
			values = append(values, [2]string{fmt.Sprint(time.Now().UnixNano()), fmt.Sprintf("order %d took %d ms", n+i, i)})
		}
		body, _ := json.Marshal(map[string]any{"streams": []any{map[string]any{"stream": map[string]string{"app": "e2e_logs"}, "values": values}}})
		status, text := l.d.try(http.MethodPost, "/loki/api/v1/push", "application/json", strings.NewReader(string(body)))
		l.mu.Lock()
		switch {
		case status/100 == 2:
			for _, v := range values {
				l.acked[v[1]] = true
			}
		case status != 0 && status != http.StatusServiceUnavailable && l.refused == "":
			l.refused = fmt.Sprintf("%d %s", status, text)
		}
		l.mu.Unlock()
		select { // no more than the audit can read at once
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// audit compares what was acknowledged with what the daemon finds.
func (l *logLoad) audit(t *testing.T) int {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refused != "" {
		t.Fatal("refused: ", l.refused)
	}
	status, text := l.d.try(http.MethodGet, "/api/v1/tocsin/logs?limit=0&query="+url.QueryEscape(`{app="e2e_logs"}`), "", nil)
	if status != http.StatusOK {
		t.Fatalf("got %d %s", status, text)
	}
	found := map[string]int{}
	for line := range strings.Lines(text) {
		var x struct{ Line string }
		if err := json.Unmarshal([]byte(line), &x); err != nil {
			t.Fatalf("%v in %.200q", err, line)
		}
		found[x.Line]++
	}
	lost, twice := 0, 0
	for line := range l.acked {
		if found[line] == 0 {
			lost++
		}
		if found[line] > 1 {
			twice++
		}
	}
	if lost+twice > 0 {
		t.Fatalf("of %d acknowledged lines %d are gone and %d are there twice", len(l.acked), lost, twice)
	}
	return len(l.acked)
}

func TestLogs_KilledUnderLoad_LoseNothingAcknowledged(t *testing.T) {
	config := writeFile(t, t.TempDir(), "tocsin.yml", "logs:\n  memory: 16MiB\n  seal_after: 1s\n")
	d := serve(t, "--config.file", config)
	l := &logLoad{d: d, acked: map[string]bool{}}
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for round := range 4 {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { l.run(ctx) })
		}
		pass(t, 500*time.Millisecond+time.Duration(r.IntN(2000))*time.Millisecond)
		d.kill()
		cancel()
		wg.Wait()
		d.boot(t)
		t.Logf("round %d: %d acknowledged lines, 0 lost", round+1, l.audit(t))
	}
	if out, _, code := command(t, "query", "logs", "--url", d.url, "--limit", "1", "-o", "raw", `{app="e2e_logs"} |= "order 0 took 0 ms"`); code != 0 || out != "order 0 took 0 ms\n" {
		t.Errorf("got %q, exit status %d", out, code)
	}
}
