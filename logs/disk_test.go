package logs_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logstest"
	"github.com/tocsinhq/tocsin/telemetry"
)

func TestStore_DiskNearlyFull_RefusesAllAndRecovers(t *testing.T) {
	now := begin.Add(2 * time.Hour)
	cfg := logs.DefaultConfig()
	s, set := openAt(t, t.TempDir(), cfg, func() time.Time { return now })
	free := uint64(1 << 40)
	s.SetFree(func() uint64 { return free })
	from := logstest.NewStream(1, begin)
	stored := write(t, s, from, 1, 10)
	free = 1 << 20
	now = now.Add(2 * time.Second)
	var b telemetry.LogBatch
	from.Next(b.Next())
	res, err := s.WriteLogs(context.Background(), &b)
	if !errors.Is(err, logs.ErrReadOnly) || res.Stored != 0 || !strings.Contains(err.Error(), "logs.min_free_disk") || s.Healthy() == nil {
		t.Errorf("got %+v, %v", res, err)
	}
	if n := counter(set, `tocsin_logs_deferred_records_total{reason="disk_full"}`); n != 1 {
		t.Errorf("%v deferred records are counted, want 1", n)
	}
	same(t, "while it is full", search(t, s, logs.Query{Oldest: true}), stored)
	free = 1 << 40
	now = now.Add(2 * time.Second)
	stored = append(stored, write(t, s, from, 1, 10)...)
	same(t, "when there is room", search(t, s, logs.Query{Oldest: true}), stored)
}

func TestStore_Run_LeavesNoGoroutine(t *testing.T) {
	s, _ := open(t, setting{dir: t.TempDir(), change: func(c *logs.Config) { c.Forward.URL = "http://127.0.0.1:1/loki/api/v1/push" }})
	write(t, s, logstest.NewStream(1, begin), 1, 10)
	had := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	tail, stop := context.WithCancel(context.Background())
	tailed := make(chan error, 1)
	go func() { tailed <- s.Tail(tail, logs.Query{}, func(*logs.Record) error { return nil }, nil) }()
	write(t, s, logstest.NewStream(2, begin), 1, 10)
	cancel()
	stop()
	if err := errors.Join(<-ended, <-tailed); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, had)
}
