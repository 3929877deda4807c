package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/segment"
)

// ErrUnavailable is wrapped by errors of a store that does not answer, or not as it should.
var ErrUnavailable = errors.New("the remote log store does not answer")

// ErrRefused is wrapped by errors of a store that takes the question for a wrong one.
var ErrRefused = errors.New("the remote log store refuses the query")

// Options are what a Store stands on. All but Templates are required.
type Options struct {
	Config logs.RemoteConfig
	Query  logs.QueryConfig
	Now    func() time.Time
	// Template returns the id of the template of a line, 0 if none is known. It must be
	// safe for concurrent use. Nil: records have no templates.
	Template func(service string, body []byte) uint64
}

// Store asks another log store. It is safe for concurrent use.
type Store struct {
	opts  Options
	from  backend
	turns chan struct{}
	tails chan struct{}
}

// backend is one other store. What it finds is a superset of what the query wants.
type backend interface {
	// read calls found with records, in the order of the query if ordered is set, until
	// there are no more or found returns an error. page is about how many will be wanted.
	read(ctx context.Context, q *logs.Query, ordered bool, page int, found func(*logs.Record) error) error
	// counts calls found with how many records there are of each level in steps that
	// begin with the query's time. It reports false, before it calls found, if it cannot
	// count just what the query wants, but for its levels.
	counts(ctx context.Context, q *logs.Query, step int64, found func(at int64, level, n int)) (bool, error)
	// streams calls found with the streams of the query's time until it returns false.
	// With volume it says how many records each has and about how many bytes of text.
	streams(ctx context.Context, q *logs.Query, volume bool, found func(s *segment.Stream, rows int, bytes int64) bool) error
	// follow calls found with records as they come.
	follow(ctx context.Context, q *logs.Query, found func(*logs.Record) error) error
}

// New returns a store that asks the one that the configuration names, which must be
// valid. Nothing is asked yet.
func New(o Options) (*Store, error) {
	base, err := url.Parse(o.Config.URL)
	if err != nil {
		return nil, fmt.Errorf("logs.remote.url: %w", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = o.Query.MaxConcurrent
	c := &client{base: base, cfg: o.Config, http: &http.Client{Transport: transport}}
	s := &Store{opts: o, turns: make(chan struct{}, o.Query.MaxConcurrent), tails: make(chan struct{}, o.Query.MaxTails)}
	switch o.Config.Protocol {
	case logs.RemoteVictoria:
		s.from = &victoria{client: c, roles: plainRoles}
	case logs.RemoteElastic:
		s.from = &elastic{client: c, roles: elasticRoles, now: o.Now}
	default:
		s.from = &loki{client: c, roles: plainRoles}
	}
	return s, nil
}

// turn waits until the query may run.
func (s *Store) turn(ctx context.Context) (done func(), err error) {
	select {
	case s.turns <- struct{}{}:
		return func() { <-s.turns }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for other log queries: %w", ctx.Err())
	}
}

// errEnough ends a search that has all it wants.
var errEnough = errors.New("enough")

// Search is as that of logs.Store.
func (s *Store) Search(ctx context.Context, q logs.Query, found func(*logs.Record) error) (logs.Stats, error) {
	done, err := s.turn(ctx)
	if err != nil {
		return logs.Stats{}, err
	}
	defer done()
	page := maxPage
	if q.Limit > 0 && q.Limit < maxPage {
		page = q.Limit
	}
	var st logs.Stats
	err = s.read(ctx, &q, true, page, func(r *logs.Record) error {
		st.Records++
		st.Bytes += int64(len(r.Body))
		if err := found(r); err != nil {
			return err
		}
		if q.Limit > 0 && st.Records == q.Limit {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return st, err
}

// Scan is as that of logs.Store: all records that a query wants, in no order.
func (s *Store) Scan(ctx context.Context, q logs.Query, found func(*logs.Record) error) (logs.Stats, error) {
	done, err := s.turn(ctx)
	if err != nil {
		return logs.Stats{}, err
	}
	defer done()
	var st logs.Stats
	err = s.read(ctx, &q, false, maxPage, func(r *logs.Record) error {
		st.Records++
		st.Bytes += int64(len(r.Body))
		return found(r)
	})
	return st, err
}

// maxPage is how many records are asked for at a time.
const maxPage = 5000

// read calls found with the records that the query wants.
func (s *Store) read(ctx context.Context, q *logs.Query, ordered bool, page int, found func(*logs.Record) error) error {
	if q.From >= q.To {
		return nil
	}
	keep := s.keeper(q)
	return told(ctx, s.from.read(ctx, q, ordered, page, func(r *logs.Record) error {
		if !keep(r) {
			return nil
		}
		return found(r)
	}))
}

// keeper finds the template of each record and says whether it is wanted.
func (s *Store) keeper(q *logs.Query) func(*logs.Record) bool {
	keep := q.Keeper()
	if s.opts.Template == nil {
		return keep
	}
	return func(r *logs.Record) bool {
		r.Template = s.opts.Template(r.Stream.Service, r.Body)
		return keep(r)
	}
}

// told makes the end of the caller's time the error that it is.
func told(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && !errors.Is(err, errEnough) {
		return fmt.Errorf("ask the remote log store: %w", ctx.Err())
	}
	return err
}

// Histogram is as that of logs.Store.
func (s *Store) Histogram(ctx context.Context, q logs.Query, step time.Duration) (*logs.Histogram, error) {
	h, err := logs.NewHistogram(q.From, q.To, step)
	if err != nil {
		return nil, err
	}
	done, err := s.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if q.Whole {
		ok, err := s.from.counts(ctx, &q, int64(step), func(at int64, level, n int) {
			i := (max(at, q.From) - q.From) / int64(step)
			if i < int64(len(h.Bars)) && (q.Levels == 0 || q.Levels>>level&1 == 1) {
				h.Bars[i][level] += n
			}
		})
		if ok || err != nil {
			return h, told(ctx, err)
		}
	}
	return h, s.read(ctx, &q, false, maxPage, func(r *logs.Record) error {
		h.Bars[(r.Time-q.From)/int64(step)][segment.LevelOf(r.Severity)]++
		return nil
	})
}

// CountTemplates is as that of logs.Store; it reads all records of the query.
func (s *Store) CountTemplates(ctx context.Context, q logs.Query, step int64, count func(at int64, template uint64, n int)) error {
	done, err := s.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	return s.read(ctx, &q, false, maxPage, func(r *logs.Record) error {
		count(r.Time, r.Template, 1)
		return nil
	})
}

// Streams is as that of logs.Store.
func (s *Store) Streams(ctx context.Context, from, to int64, found func(*segment.Stream) bool) error {
	return s.listed(ctx, &logs.Query{From: from, To: to}, false, func(of *segment.Stream, _ int, _ int64) bool { return found(of) })
}

// Volume is as that of logs.Store. A Loki is not asked for it: its own API answers.
func (s *Store) Volume(ctx context.Context, q logs.Query, found func(stream *segment.Stream, rows int, bytes int64)) (logs.Stats, error) {
	var st logs.Stats
	return st, s.listed(ctx, &q, true, func(of *segment.Stream, rows int, bytes int64) bool {
		if q.Stream == nil || q.Stream(of) {
			st.Units++
			st.Records += rows
			st.Bytes += bytes
			found(of, rows, bytes)
		}
		return true
	})
}

func (s *Store) listed(ctx context.Context, q *logs.Query, volume bool, found func(*segment.Stream, int, int64) bool) error {
	if q.From >= q.To {
		return nil
	}
	done, err := s.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	return told(ctx, s.from.streams(ctx, q, volume, found))
}

// Tail is as that of logs.Store, as far as the other store shows what comes.
func (s *Store) Tail(ctx context.Context, q logs.Query, found func(*logs.Record) error, _ func()) error {
	select {
	case s.tails <- struct{}{}:
		defer func() { <-s.tails }()
	default:
		return fmt.Errorf("%w: %d follow the log already (logs.query.max_tails)", logs.ErrBusy, s.opts.Query.MaxTails)
	}
	keep := s.keeper(&q)
	err := s.from.follow(ctx, &q, func(r *logs.Record) error {
		if !keep(r) {
			return nil
		}
		return found(r)
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}
