package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logql"
	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/logs/template"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
	"github.com/tocsinhq/tocsin/web/logapi"
)

// logStore is the store of log records with the miner that finds their templates. All
// of it is opened, run and closed together.
type logStore struct {
	store   *logs.Store
	miner   *template.Miner
	journal *template.Journal
	log     *slog.Logger
}

// openLogStore opens both in the folder logs of the data folder.
func openLogStore(o CoreOptions) (_ *logStore, err error) {
	dir := filepath.Join(o.Dir, "logs")
	if err := ensureDir(dir); err != nil {
		return nil, err
	}
	s := &logStore{log: o.Logger.With("component", "logs")}
	var leftOut int64
	if s.miner, s.journal, leftOut, err = template.Open(filepath.Join(dir, "templates"), template.DefaultConfig()); err != nil {
		return nil, err
	}
	if leftOut > 0 {
		s.log.Warn("the end of the file of log templates could not be read; templates in it are found again with their next line", "bytes", leftOut)
	}
	s.store, err = logs.Open(logs.Options{
		Dir: dir, Config: o.Config.Logs, Miner: &minerOfStore{miner: s.miner}, Now: o.Now, Logger: s.log, Metrics: o.Metrics,
	})
	if err != nil {
		return nil, errors.Join(err, s.journal.Close())
	}
	return s, nil
}

// run keeps both until ctx ends.
func (s *logStore) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.store.Run(ctx) })
	g.Go(func() error {
		s.journal.Run(ctx, func(err error) { s.log.Error("log templates could not be written", "error", err) })
		return nil
	})
	return g.Wait()
}

// close closes the store before the journal, so that every template that a stored record
// has is in it.
func (s *logStore) close() error { return errors.Join(s.store.Close(), s.journal.Close()) }

// warnings says what is wrong with the store.
func (s *logStore) warnings() []string {
	if err := s.store.Healthy(); err != nil {
		return []string{err.Error()}
	}
	return nil
}

func (s *logStore) status() web.LogStatus {
	u := s.store.Usage()
	out := web.LogStatus{Records: u.Records, Bytes: u.Bytes, MemoryBytes: u.Memory, Segments: u.Segments, Templates: len(s.miner.Templates(""))}
	if u.Records > 0 {
		out.Oldest, out.Newest = time.Unix(0, u.Oldest).UTC(), time.Unix(0, u.Newest).UTC()
	}
	return out
}

// minerOfStore is the miner as the store asks it. Matches are used again, since a miner
// is asked for each record.
type minerOfStore struct {
	miner   *template.Miner
	matches sync.Pool
}

// Mine implements logs.Miner.
func (m *minerOfStore) Mine(service string, sev telemetry.Severity, given, body []byte, at int64, spans []segment.Span) (uint64, []segment.Span) {
	match, _ := m.matches.Get().(*template.Match)
	if match == nil {
		match = new(template.Match)
	}
	m.miner.Mine(service, sev, given, body, at, match)
	for _, v := range match.Vars {
		spans = append(spans, segment.Span{Start: v.Start, End: v.End})
	}
	id := match.ID
	m.matches.Put(match)
	return id, spans
}

// newLogQueries builds the handlers of questions about logs.
func (a *App) newLogQueries(c *Core) (loki http.Handler, own *logapi.Own) {
	o := logapi.Options{
		Store: c.logStore.store, Config: a.loaded.config.Logs, Now: c.now, Logger: a.log.With("component", "logs"), Version: a.opts.Version,
		Template: func(id uint64) (logapi.Template, bool) {
			i, ok := c.logStore.miner.Template(id)
			return logapi.Template{
				ID: logql.TemplateText(i.ID), Service: i.Service, Text: i.Text, Wildcard: i.Wildcard, Count: i.Count, Samples: i.Samples,
				First: time.Unix(0, i.First).UTC(), Last: time.Unix(0, i.Last).UTC(),
			}, ok
		},
	}
	loki, err := logapi.NewLoki(o)
	if err != nil { // Validate has read the address
		loki = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, fmt.Sprint(err), http.StatusInternalServerError)
		})
	}
	return loki, logapi.NewOwn(o)
}
