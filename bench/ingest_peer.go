package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// peer is a server that takes remote write: what it is called and how it starts.
type peer struct {
	name  string
	write string // path of remote write
	query string // path of the Prometheus API below which /query is
	ready string // path that answers 200 when it serves
	// command returns program and arguments for a data folder and an address.
	command   func(dir, address string) []string
	config    string // written to DIR.yml when not empty
	unwatched bool   // ours without the detector, for its share of the cost
}

// process is a running peer.
type process struct {
	peer
	cmd     *exec.Cmd
	dir     string
	address string
	log     *os.File
}

// peers are the ones to compare, without those whose program is not given.
func ingestPeers(tocsin, prometheus, victoria string) []peer {
	out := []peer{
		{name: ours, write: "/api/v1/write", query: "/api/v1", ready: "/-/ready", config: "storage:\n  limits: {max_series: 4000000}\nrules: {interval: 5m, rate_window: 10m}\ndetector: {max_series: 4000000}\n",
			command: func(dir, address string) []string {
				return []string{tocsin, "serve", "--config.file=" + dir + ".yml", "--storage.path=" + dir, "--web.listen-address=" + address}
			}},
		// One watched series is as good as none.
		{name: ours + ", not watching", unwatched: true, write: "/api/v1/write", query: "/api/v1", ready: "/-/ready", config: "storage:\n  limits: {max_series: 4000000}\nrules: {interval: 5m, rate_window: 10m}\ndetector: {max_series: 1}\n",
			command: func(dir, address string) []string {
				return []string{tocsin, "serve", "--config.file=" + dir + ".yml", "--storage.path=" + dir, "--web.listen-address=" + address}
			}},
	}
	if prometheus != "" {
		out = append(out, peer{name: "prometheus", write: "/api/v1/write", query: "/api/v1", ready: "/-/ready", config: "global: {scrape_interval: 1h}\n",
			command: func(dir, address string) []string {
				return []string{prometheus, "--config.file=" + dir + ".yml", "--storage.tsdb.path=" + dir, "--web.listen-address=" + address,
					"--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=15d"}
			}})
	}
	if victoria != "" {
		out = append(out, peer{name: "victoriametrics", write: "/api/v1/write", query: "/prometheus/api/v1", ready: "/health",
			command: func(dir, address string) []string {
				return []string{victoria, "-storageDataPath=" + dir, "-httpListenAddr=" + address, "-retentionPeriod=1", "-search.latencyOffset=0s"}
			}})
	}
	return out
}

// start starts the peer on a free port and waits until it serves. dir is made if
// it is not there; a peer that is started on the dir of an earlier one goes on
// where that was. It is killed when ctx ends; kill or stop is to be called all the same.
func (p peer) start(ctx context.Context, dir string) (*process, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	l.Close()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if p.config != "" {
		if err := os.WriteFile(dir+".yml", []byte(p.config), 0o644); err != nil {
			return nil, err
		}
	}
	log, err := os.OpenFile(dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	argv := p.command(dir, address)
	x := &process{peer: p, cmd: exec.CommandContext(ctx, argv[0], argv[1:]...), dir: dir, address: address, log: log}
	x.cmd.Stdout, x.cmd.Stderr = log, log
	if err := x.cmd.Start(); err != nil {
		log.Close()
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
			return nil, fmt.Errorf("%w: %s: %v", errLacking, p.name, err)
		}
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	deadline := time.Now().Add(5 * time.Minute)
	for {
		resp, err := http.Get("http://" + address + p.ready)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return x, nil
			}
		}
		if time.Now().After(deadline) || x.cmd.ProcessState != nil || !x.alive() {
			x.kill()
			return nil, fmt.Errorf("%s does not serve; see %s.log", p.name, dir)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// alive reports whether the process has not ended.
func (x *process) alive() bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", x.cmd.Process.Pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// kill ends the process at once, as kill -9 does.
func (x *process) kill() {
	_ = x.cmd.Process.Kill()
	_ = x.cmd.Wait()
	x.log.Close()
}

// stop asks the process to end and waits.
func (x *process) stop() {
	_ = x.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = x.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		_ = x.cmd.Process.Kill()
		<-done
	}
	x.log.Close()
}

func (x *process) url(path string) string { return "http://" + x.address + path }

// cpu returns the processor time that the process has used, in seconds.
func (x *process) cpu() float64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", x.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) / clockTicks
}

// clockTicks is USER_HZ, which Linux shows as 100 on every machine that Go runs on.
const clockTicks = 100

// settle waits until the process has been idle for a second, most seconds at the
// longest, so that work put off is charged to what caused it.
func (x *process) settle(most int) {
	for range most {
		before := x.cpu()
		time.Sleep(time.Second)
		if x.cpu()-before < 0.05 {
			return
		}
	}
}

var statusLine = regexp.MustCompile(`(?m)^(VmRSS|RssAnon):\s+(\d+) kB`)

// resident returns all resident memory of the process and what of it no file backs, in bytes.
func (x *process) resident() (all, anonymous float64) {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", x.cmd.Process.Pid))
	for _, m := range statusLine.FindAllStringSubmatch(string(raw), -1) {
		kb, _ := strconv.ParseFloat(m[2], 64)
		if m[1] == "VmRSS" {
			all = kb * 1024
		} else {
			anonymous = kb * 1024
		}
	}
	return all, anonymous
}

// onDisk returns the bytes of the files in the data folder.
func (x *process) onDisk() float64 {
	var n int64
	_ = filepath.WalkDir(x.dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return float64(n)
}
