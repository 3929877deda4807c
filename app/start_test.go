package app_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/app"
)

func TestNew_FullDisk_SaysToMakeRoom(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no file here that is always full")
	}
	o := newDaemon(t).options()
	o.StoragePath = t.TempDir()
	if err := os.Symlink("/dev/full", filepath.Join(o.StoragePath, "lock")); err != nil {
		t.Fatal(err)
	}
	if _, err := app.New(t.Context(), o); err == nil || !strings.Contains(err.Error(), "make room there") || !strings.Contains(err.Error(), o.StoragePath) {
		t.Errorf("got %v", err)
	}
}

func TestNew_WhatCannotStart_SaysWhyAndGivesBack(t *testing.T) {
	d := newDaemon(t)
	o := d.options()
	if _, err := app.New(t.Context(), o); err == nil || !strings.Contains(err.Error(), "is in use by process") || !strings.Contains(err.Error(), "--storage.path") {
		t.Errorf("a second daemon on one folder: got %v", err)
	}
	o.StoragePath = t.TempDir()
	o.ListenAddress = d.app.Address()
	if _, err := app.New(t.Context(), o); err == nil || !strings.Contains(err.Error(), "listen on "+o.ListenAddress) || !strings.Contains(err.Error(), "--web.listen-address") {
		t.Errorf("a port that is taken: got %v", err)
	}
	if strings.Count(d.log.String(), `step="release data folder"`) != 1 {
		t.Errorf("the folder of a daemon without a port was not given back; log:\n%s", d.log)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o = d.options()
	o.StoragePath = file
	if _, err := app.New(t.Context(), o); err == nil || !strings.Contains(err.Error(), "data folder") {
		t.Errorf("a data folder that is a file: got %v", err)
	}
	o = d.options()
	o.ConfigFile = filepath.Join(d.dir, "tocsin.yml")
	d.file("tocsin.yml", "rules: {intervall: 5s}\nweb: {max_connections: 0}\n")
	if _, err := app.New(t.Context(), o); err == nil || !strings.Contains(err.Error(), "tocsin.yml:1") || !strings.Contains(err.Error(), "tocsin.yml:2") {
		t.Errorf("a configuration with two errors: got %v", err)
	}
	d.start()
}

func TestRun_StateThatCannotBeOpened_EndsWithTheReason(t *testing.T) {
	d := newDaemon(t)
	if err := os.WriteFile(filepath.Join(d.dir, "data", "state.db"), []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	err := d.app.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "state.db") {
		t.Errorf("got %v, want the name of the file", err)
	}
	if _, err := net.DialTimeout("tcp", d.app.Address(), time.Second); err == nil {
		t.Error("the listener is still open")
	}
	o := d.options()
	o.StoragePath = filepath.Join(d.dir, "other")
	second, err := app.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := second.Run(ctx); err != nil {
		t.Errorf("a daemon that is told to end while it starts: got %v, want none", err)
	}
}

func TestRun_ToldToEnd_StepsInOrderAndCheckpoint(t *testing.T) {
	d := newDaemon(t).start()
	d.remoteWrite("queue_depth", time.Second, 1, 2, 3)
	d.stop()
	if s, err := os.Stat(filepath.Join(d.dir, "data", "detector.checkpoint")); err != nil || s.Size() == 0 {
		t.Errorf("checkpoint: %v", err)
	}
	log, at := d.log.String(), 0
	for _, step := range []string{"drain requests", "write detector checkpoint", "close query engine", "close sample store", "close state", "close listener", "release data folder"} {
		i := strings.Index(log[at:], `step="`+step+`"`)
		if i < 0 {
			t.Fatalf("step %q is missing or out of order in\n%s", step, log)
		}
		at += i
	}
	d.make() // the folder is free again
	d.start()
}

// What still reads the stores when the daemon ends is stopped before they close.
func TestWarmSignals_WhileTheDaemonEnds_EndsBeforeTheStores(t *testing.T) {
	d := newDaemon(t).start()
	values := make([]float64, 600)
	for i := range values {
		values[i] = float64(100 * i)
	}
	d.remoteWrite("http_requests_total", time.Second, values...)
	now, ended := time.Now(), make(chan struct{})
	go func() {
		defer close(ended)
		for { // until it is refused
			if _, err := d.app.WarmSignals(context.Background(), now.Add(-24*time.Hour), now, time.Second); err != nil {
				return
			}
		}
	}()
	d.eventually("signals are stored", func() bool {
		_, body := d.get("/api/v1/query?query=tocsin:request_rate")
		return strings.Contains(body, "pay")
	})
	d.stop()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("warming goes on over closed stores")
	}
}
