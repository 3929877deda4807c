package uitest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logql"
	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/logs/template"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
	"github.com/tocsinhq/tocsin/web/logapi"
)

// Open gives the server parts that need a folder: a store with the log lines of the
// shop, a router with its alerts, and silences. It must be called before Handler, and
// the result once the handler is no longer used.
func (s *Server) Open(ctx context.Context, dir string) (closeParts func() error, err error) {
	closeState, err := s.route(ctx, dir)
	if err != nil {
		return nil, err
	}
	cfg := logs.DefaultConfig()
	cfg.MinFreeDisk = 0
	miner := template.New(template.DefaultConfig())
	s.lines, err = logs.Open(logs.Options{Dir: filepath.Join(dir, "logs"), Config: cfg, Miner: storeMiner{miner}, Now: s.Options.Now, Logger: s.Options.Logger, Metrics: s.Set})
	if err != nil {
		return nil, errors.Join(err, closeState())
	}
	s.Options.LogQueries = logapi.NewOwn(logapi.Options{
		Store: s.lines, Config: cfg, Now: s.Options.Now, Logger: s.Options.Logger, Version: "0.1.0",
		Template: func(id uint64) (logapi.Template, bool) {
			i, ok := miner.Template(id)
			return logapi.Template{
				ID: logql.TemplateText(i.ID), Service: i.Service, Text: i.Text, Wildcard: i.Wildcard, Count: i.Count, Samples: i.Samples,
				First: time.Unix(0, i.First).UTC(), Last: time.Unix(0, i.Last).UTC(),
			}, ok
		},
	})
	without := s.Options.Status
	s.Options.Status = func(ctx context.Context) (web.Status, error) {
		st, err := without(ctx)
		u := s.lines.Usage()
		if st.Logs = (web.LogStatus{Records: u.Records, Bytes: u.Bytes, MemoryBytes: u.Memory, Segments: u.Segments, Templates: miner.Len()}); u.Records > 0 {
			st.Logs.Oldest, st.Logs.Newest = time.Unix(0, u.Oldest).UTC(), time.Unix(0, u.Newest).UTC()
		}
		return st, err
	}
	return func() error { return errors.Join(s.lines.Close(), closeState()) }, nil
}

// storeMiner finds templates for the store.
type storeMiner struct{ miner *template.Miner }

func (m storeMiner) Mine(r *telemetry.LogRecord, at int64, spans []segment.Span) (uint64, []segment.Span) {
	var match template.Match
	m.miner.Mine(r.Service, r.Severity, r.Template, r.Body, at, &match)
	for _, v := range match.Vars {
		spans = append(spans, segment.Span{Start: v.Start, End: v.End})
	}
	return match.ID, spans
}

// Log writes what the shop said in the last hour. Open must have been called.
func (s *Server) Log(ctx context.Context) error {
	now, chance := s.Options.Now(), rand.New(rand.NewPCG(7, 7))
	for at := now.Add(-time.Hour); at.Before(now); at = at.Add(3 * time.Second) {
		if err := s.say(ctx, at, chance, at.After(now.Add(-13*time.Minute))); err != nil {
			return err
		}
	}
	return nil
}

// Talk goes on to write a line now and then, until ctx ends.
func (s *Server) Talk(ctx context.Context) error {
	chance, tick := rand.New(rand.NewPCG(8, 8)), time.NewTicker(1500*time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.say(ctx, s.Options.Now(), chance, true); err != nil {
				return err
			}
		}
	}
}

// say writes one line; while the shop is bad, every third is about its trouble.
func (s *Server) say(ctx context.Context, at time.Time, chance *rand.Rand, bad bool) error {
	service, severity, text := "cart", telemetry.SeverityInfo, fmt.Sprintf("added %d items to basket %d in %d ms", 1+chance.IntN(4), chance.IntN(90000), 2+chance.IntN(30))
	switch n := chance.IntN(12); {
	case bad && n < 3:
		service, severity, text = "checkout", telemetry.SeverityError, fmt.Sprintf("card authorisation failed for order %d: upstream payments answered 504 after %d ms", chance.IntN(90000), 2000+chance.IntN(900))
	case bad && n == 3:
		service, severity, text = "checkout", telemetry.SeverityWarn, fmt.Sprintf("retry 3 of 3 of authorisation within the request, order %d", chance.IntN(90000))
	case n < 7:
		service, text = "checkout", fmt.Sprintf("order %d placed by customer %d, %d.%02d EUR", chance.IntN(90000), chance.IntN(4000), chance.IntN(300), chance.IntN(100))
	case n == 7:
		service, severity, text = "search", telemetry.SeverityWarn, fmt.Sprintf("heap at %d%%, collecting", 80+chance.IntN(15))
	case n == 8:
		service, severity, text = "payments", telemetry.SeverityDebug, fmt.Sprintf(`{"msg":"ledger booked","transfer":%d,"took_ms":%d}`, chance.IntN(90000), chance.IntN(40))
	}
	var b telemetry.LogBatch
	r := b.Next()
	r.Time, r.Service, r.Severity, r.Body = at.UnixNano(), service, severity, []byte(text)
	pair := func(name, value string) telemetry.Pair {
		return telemetry.Pair{Name: []byte(name), Value: []byte(value)}
	}
	r.Stream = append(r.Stream, pair("environment", "production"), pair("pod", fmt.Sprintf("%s-%d", service, 1+chance.IntN(2))))
	r.Attributes = append(r.Attributes, pair("thread", fmt.Sprintf("worker-%d", chance.IntN(8))))
	if service != "search" {
		for i := range r.TraceID {
			r.TraceID[i] = byte(chance.Uint32())
		}
		copy(r.SpanID[:], r.TraceID[4:])
	}
	res, err := s.lines.WriteLogs(ctx, &b)
	if err == nil && res.Stored != 1 {
		err = fmt.Errorf("a line of the shop was not stored: %+v", res)
	}
	return err
}
