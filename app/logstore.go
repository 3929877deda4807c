package app

import (
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logql"
	"github.com/tocsinhq/tocsin/logs/remote"
	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/logs/template"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
	"github.com/tocsinhq/tocsin/web/logapi"
)

// logStore is the store of log records.
type logStore struct {
	store *logs.Store
	lines *logLines
}

// openLogStore opens it in the folder logs of the data folder, over the templates that
// openLogs opened there.
func (c *Core) openLogStore(o CoreOptions) error {
	store, err := logs.Open(logs.Options{
		Dir: filepath.Join(o.Dir, logsDir), Config: o.Config.Logs, Miner: &minerOfStore{core: c}, Now: o.Now,
		Logger: o.Logger.With("component", "logs"), Metrics: o.Metrics,
	})
	if err != nil {
		return err
	}
	// It is closed before the templates, so that every one that a stored record has is kept.
	c.undo.add("close log store", store.Close)
	c.logStore = &logStore{store: store, lines: c.lines}
	if c.logSink == nil {
		c.logSink = store
	}
	return nil
}

// warnings says what is wrong with the store.
func (s *logStore) warnings() []string {
	if err := s.store.Healthy(); err != nil {
		return []string{err.Error()}
	}
	return nil
}

func (s *logStore) status() web.LogStatus {
	u := s.store.Usage()
	out := web.LogStatus{Records: u.Records, Bytes: u.Bytes, MemoryBytes: u.Memory, Segments: u.Segments, Templates: s.lines.miner.Len()}
	if u.Records > 0 {
		out.Oldest, out.Newest = time.Unix(0, u.Oldest).UTC(), time.Unix(0, u.Newest).UTC()
	}
	return out
}

// minerOfStore is the miner as the store asks it; each line is counted on the way.
// Matches are used again, since it is asked for each record.
type minerOfStore struct {
	core    *Core
	matches sync.Pool
}

// Mine implements logs.Miner.
func (m *minerOfStore) Mine(r *telemetry.LogRecord, at int64, spans []segment.Span) (uint64, []segment.Span) {
	match, _ := m.matches.Get().(*template.Match)
	if match == nil {
		match = new(template.Match)
	}
	m.core.mineLog(r.Service, environmentOf(r.Stream, m.core.engine.EnvironmentLabels()), r.Severity, r.Template, r.Body, at, match)
	for _, v := range match.Vars {
		spans = append(spans, segment.Span{Start: v.Start, End: v.End})
	}
	id := match.ID
	m.matches.Put(match)
	return id, spans
}

// logHandlers builds the handler of Loki's API, and lets o ask another store if
// logs.remote says so.
func (a *App) logHandlers(c *Core, o *logapi.Options) (http.Handler, error) {
	if o.Config.Remote.URL != "" {
		other, err := remote.New(remote.Options{Config: o.Config.Remote, Query: o.Config.Query, Now: c.now, Template: c.lines.miner.Find})
		if err != nil {
			return nil, err
		}
		o.Store = other
	}
	return logapi.NewLoki(*o)
}

// environmentOf returns the environment of a record by the labels of its stream: the
// first of the names that has a value. Dots in names of labels are underscores there.
func environmentOf(from []telemetry.Pair, names []string) []byte {
	for _, n := range names {
		for i := range from {
			if len(from[i].Value) > 0 && sameName(from[i].Name, n) {
				return from[i].Value
			}
		}
	}
	return nil
}

func sameName(have []byte, want string) bool {
	if len(have) != len(want) {
		return false
	}
	for i, c := range have {
		if c != want[i] && !(c == '.' && want[i] == '_') {
			return false
		}
	}
	return true
}

// newLogQueries builds the handlers of questions about logs.
func (a *App) newLogQueries(c *Core) (loki http.Handler, own *logapi.Own) {
	o := logapi.Options{
		Store: c.logStore.store, Config: a.loaded.config.Logs, Now: c.now, Logger: a.log.With("component", "logs"), Version: a.opts.Version,
		Template: func(id uint64) (logapi.Template, bool) {
			i, ok := c.lines.miner.Template(id)
			return logapi.Template{
				ID: logql.TemplateText(i.ID), Service: i.Service, Text: i.Text, Wildcard: i.Wildcard, Count: i.Count, Samples: i.Samples,
				First: time.Unix(0, i.First).UTC(), Last: time.Unix(0, i.Last).UTC(),
			}, ok
		},
	}
	loki, err := a.logHandlers(c, &o)
	if err != nil { // Validate has read the address
		loki = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, fmt.Sprint(err), http.StatusInternalServerError)
		})
	}
	return loki, logapi.NewOwn(o)
}
