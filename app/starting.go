package app

import (
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/tsdb"
)

// startProgress knows how far the start is. It is safe for concurrent use.
type startProgress struct {
	replay *tsdb.DBStats

	mu    sync.Mutex
	begun time.Time
	stage string
}

func (p *startProgress) begin(now time.Time) {
	p.replay, p.begun, p.stage = tsdb.NewDBStats(), now, "opening the stores"
}

// reach notes what the start is about to do.
func (p *startProgress) reach(stage string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stage = stage
}

// walReplay is what Prometheus answers under /api/v1/status/walreplay.
type walReplay struct {
	Min     int    `json:"min"`
	Max     int    `json:"max"`
	Current int    `json:"current"`
	State   string `json:"state"`
}

// startStatus is the progress at one moment.
type startStatus struct {
	walReplay
	Stage   string
	Percent int // of the segments of the log
	Elapsed time.Duration
}

func (p *startProgress) status(now time.Time) startStatus {
	r := p.replay.Head.WALReplayStatus.GetWALReplayStatus()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := startStatus{
		walReplay: walReplay{Min: r.Min, Max: r.Max, Current: r.Current, State: "in progress"},
		Stage:     p.stage, Elapsed: now.Sub(p.begun).Round(time.Second),
	}
	switch {
	case r.Max <= 0 && r.Current == 0: // not begun
		s.State = "waiting"
	case r.Max > r.Min:
		s.Percent = 100 * (r.Current - r.Min) / (r.Max - r.Min)
	default:
		s.Percent = 100
	}
	return s
}

// String tells it in one line.
func (s startStatus) String() string {
	return fmt.Sprintf("%s (segment %d of %d of the log, %d%%) for %s", s.Stage, s.Current, s.Max, s.Percent, s.Elapsed)
}

// startLogEvery is how often the log tells how far a start is.
const startLogEvery = 5 * time.Second

// logUntilDone logs the progress now and then until what it returns is called.
func (p *startProgress) logUntilDone(log *slog.Logger) (done func()) {
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(startLogEvery)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case now := <-tick.C:
				s := p.status(now)
				log.Info("starting", "step", s.Stage, "segment", s.Current, "segments", s.Max, "percent", s.Percent, "elapsed", s.Elapsed)
			}
		}
	}()
	return func() { close(stop); <-ended }
}

// startGCPercent is how much garbage may come together while the stores are opened,
// in percent of what is in use. Nearly all that a start allocates it keeps, so that
// collecting finds little: at the usual 100 it takes a fifth of the time. The limit
// of memory holds all the same.
const startGCPercent = 400

// collectLess makes the collector run less often until what it returns is called.
func (p *startProgress) collectLess() (done func()) {
	old := debug.SetGCPercent(startGCPercent)
	if old < 0 || old > startGCPercent {
		debug.SetGCPercent(old)
	}
	return func() { debug.SetGCPercent(old) }
}

// startingHandler answers while the stores are being opened: the process is
// alive, its own metrics can be read, and all else is told how far the start is
// and to come again.
func (a *App) startingHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "healthy") })
	mux.Handle("GET /metrics", a.metricsHandler())
	mux.HandleFunc("GET /api/v1/status/walreplay", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer := map[string]any{"status": "success", "data": a.start.status(time.Now()).walReplay}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			a.log.Debug("status of the replay was not sent", "error", err)
		}
	})
	mux.HandleFunc("/", a.notReady)
	return mux
}

// notReady answers 503 in the form the asker reads: a page that looks again by
// itself, an error of the Prometheus API, or a line.
func (a *App) notReady(w http.ResponseWriter, r *http.Request) {
	s := a.start.status(time.Now())
	w.Header().Set("Retry-After", "2")
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case strings.Contains(r.Header.Get("Accept"), "text/html"):
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		if err := startingPage.Execute(w, s); err != nil {
			a.log.Debug("page of the start was not sent", "error", err)
		}
	case strings.HasPrefix(r.URL.Path, "/api/v1/") && r.URL.Path != "/api/v1/write":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
		answer := map[string]string{"status": "error", "errorType": "unavailable", "error": "not ready: " + s.String()}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			a.log.Debug("answer during the start was not sent", "error", err)
		}
	default:
		http.Error(w, "not ready: "+s.String()+"; come again in a few seconds", http.StatusServiceUnavailable)
	}
}

var startingPage = template.Must(template.New("starting").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="1"><title>Tocsin is starting</title>
<style>body{font:16px system-ui,sans-serif;max-width:36rem;margin:20vh auto;padding:0 1rem;color-scheme:light dark}progress{width:100%}</style></head>
<body><h1>Tocsin is starting</h1>
<p role="status">{{.Stage}}, since {{.Elapsed}}.</p>
<progress max="100" value="{{.Percent}}" aria-label="log replayed">{{.Percent}}%</progress>
<p>Segment {{.Current}} of {{.Max}} of the log of samples. This page looks again every second.</p></body></html>
`))
