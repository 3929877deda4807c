//go:build linux

package logs_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logstest"
	"github.com/tocsinhq/tocsin/telemetry"
)

const killDir = "TOCSIN_LOGS_KILL_DIR"

// TestMain is also the program that is killed: with a folder in the environment it
// writes there and prints the number of each acknowledged record, until its end.
func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		victim(dir)
		return
	}
	os.Exit(m.Run())
}

// victimConfig has heads so small that there is hardly a moment at which nothing is
// sealed, merged or deleted.
func victimConfig() logs.Config {
	cfg := logs.DefaultConfig()
	cfg.MinFreeDisk = 0
	cfg.Memory = 256 << 10 // below what Validate permits
	return cfg
}

func victim(dir string) {
	s, err := logs.Open(logs.Options{
		Dir: dir, Config: victimConfig(), Miner: logstest.Cutter{Seed: seed}, Now: time.Now,
		Logger: slog.New(slog.DiscardHandler), Metrics: metrics.NewSet(),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ctx := context.Background()
	go s.Run(ctx)
	go func() {
		for {
			s.Merge(ctx)
			<-time.After(5 * time.Millisecond)
		}
	}()
	first, _ := strconv.Atoi(os.Getenv(killDir + "_FIRST"))
	var next atomic.Int64
	next.Store(int64(first))
	var mu sync.Mutex
	for range 3 {
		go func() {
			var b telemetry.LogBatch
			for {
				b.Reset()
				n := next.Add(10) - 10
				for i := range 10 {
					r := b.Next()
					r.Time = time.Now().UnixNano()
					if i == 3 {
						r.Time -= int64(24 * time.Hour) // into another folder
					}
					r.Service, r.Body = "kill", fmt.Appendf(nil, "record %d of the test that is killed", n+int64(i))
				}
				res, err := s.WriteLogs(ctx, &b)
				if err != nil || res.Stored != 10 {
					fmt.Fprintln(os.Stderr, res, err)
					os.Exit(1)
				}
				mu.Lock()
				fmt.Println(n)
				mu.Unlock()
			}
		}()
	}
	select {}
}

func TestStore_KilledAtAnyMoment_LosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	acked := map[int]bool{}
	first := 0
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	for round := range rounds {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), killDir+"="+dir, killDir+"_FIRST="+strconv.Itoa(first))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		want := 20 + rng.IntN(300) // requests, then at once
		scan := bufio.NewScanner(out)
		n := 0
		for scan.Scan() {
			at, err := strconv.Atoi(scan.Text())
			if err != nil {
				break // cut off
			}
			for i := range 10 {
				acked[at+i] = true
			}
			if n++; n == want {
				if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); n < want {
			t.Fatalf("round %d: it ended by itself after %d requests: %v", round, n, err)
		}
		first += 1_000_000
	}
	s, err := logs.Open(logs.Options{
		Dir: dir, Config: victimConfig(), Miner: logstest.Cutter{Seed: seed}, Now: time.Now,
		Logger: slog.New(slog.DiscardHandler), Metrics: metrics.NewSet(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	found := map[int]int{}
	_, err = s.Scan(context.Background(), logs.Query{From: 0, To: 1<<63 - 1}, func(r *logs.Record) error {
		var n int
		if _, err := fmt.Sscanf(string(r.Body), "record %d of the test that is killed", &n); err != nil {
			t.Errorf("got %q", r.Body)
		}
		found[n]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	lost, twice := 0, 0
	for n := range acked {
		if found[n] == 0 {
			lost++
		}
	}
	for _, times := range found {
		if times > 1 {
			twice++
		}
	}
	if lost > 0 || twice > 0 || len(acked) == 0 {
		t.Errorf("of %d acknowledged records %d are lost; %d records are there twice", len(acked), lost, twice)
	}
	t.Logf("%d kills, %d records acknowledged, %d found", rounds, len(acked), len(found))
}
