// Package silence keeps silences: on disk before a call returns, and asked about
// on event time.
//
// Alertmanager's own silence package checks, replaces and expires them; it keeps
// them in memory and writes a snapshot every quarter of an hour, so that a kill
// loses what people did since. Here every change that it announces is written to
// the state database first. Matching is done here too, because Alertmanager asks
// the wall clock and rules are replayed on other times.
package silence

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/pkg/labels"
	"github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/alertmanager/silence/silencepb"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Limits and times that need no setting.
const (
	MaxSilences     = 10_000
	MaxSilenceBytes = 64 << 10
	// Retention is how long an expired silence is kept for people to look at.
	Retention = 120 * time.Hour
)

// Options are what a Store stands on.
type Options struct {
	DB         *sql.DB               // from store.OpenState; stays the caller's
	Logger     *slog.Logger          // nil: nothing is logged
	Metrics    *metrics.Set          // nil: a set of its own
	Registerer prometheus.Registerer // of Alertmanager's own figures; nil: one of its own
}

// Store holds all silences. It is safe for concurrent use and starts no
// goroutine.
type Store struct {
	db     *sql.DB
	log    *slog.Logger
	am     *silence.Silences
	failed *metrics.Counter

	mu      sync.Mutex
	byID    map[string]*held
	unsaved []*silencepb.MeshSilence
	version uint64

	saveMu sync.Mutex // one writer at a time, in the order of changes
}

// held is a silence with its matchers compiled.
type held struct {
	pb       *silencepb.MeshSilence
	matchers []labels.Matchers
}

// New reads the silences that are stored.
func New(ctx context.Context, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
	s := &Store{
		db: o.DB, log: o.Logger.With("component", "silence"), byID: map[string]*held{},
		failed: o.Metrics.GetOrCreateCounter("tocsin_silence_storage_errors_total"),
	}
	snapshot, err := s.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("load silences: %w", err)
	}
	s.am, err = silence.New(silence.Options{
		SnapshotReader: snapshot, Retention: Retention, Logger: s.log, Metrics: o.Registerer,
		EventRecorder: eventrecorder.Recorder{},
		Limits: silence.Limits{
			MaxSilences:         func() int { return MaxSilences },
			MaxSilenceSizeBytes: func() int { return MaxSilenceBytes },
		},
	})
	if err != nil {
		return nil, fmt.Errorf("load silences: %w", err)
	}
	s.am.SetBroadcast(s.changed)
	return s, nil
}

// load fills the index and returns the stored silences one after another, as
// Alertmanager's snapshot has them.
func (s *Store) load(ctx context.Context) (*bytes.Buffer, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, body FROM silences")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all bytes.Buffer
	for rows.Next() {
		var id string
		var body []byte
		if err := rows.Scan(&id, &body); err != nil {
			return nil, err
		}
		m, err := decode(body)
		if err == nil {
			err = s.index(m)
		}
		if err != nil {
			s.log.Error("a stored silence cannot be read and has no effect", "silence", id, "error", err)
			s.failed.Inc()
			continue
		}
		all.Write(body)
	}
	return &all, rows.Err()
}

func decode(body []byte) (*silencepb.MeshSilence, error) {
	var m silencepb.MeshSilence
	if err := protodelim.UnmarshalFrom(bytes.NewReader(body), &m); err != nil {
		return nil, err
	}
	if m.Silence == nil {
		return nil, errors.New("want a silence, got none")
	}
	if len(m.Silence.MatcherSets) == 0 && len(m.Silence.Matchers) > 0 {
		m.Silence.MatcherSets = []*silencepb.MatcherSet{{Matchers: m.Silence.Matchers}}
	}
	m.Silence.Matchers = nil
	return &m, nil
}

// changed is told by Alertmanager's package of every change, while it holds its
// lock: nothing here may wait for the disk. Save does.
func (s *Store) changed(body []byte) {
	m, err := decode(body)
	if err == nil {
		err = s.index(m)
	}
	if err != nil {
		s.log.Error("a silence that was set cannot be read back", "error", err)
		s.failed.Inc()
	}
}

// index takes a silence in, for matching and for the next Save.
func (s *Store) index(m *silencepb.MeshSilence) error {
	h := &held{pb: m}
	for _, set := range m.Silence.MatcherSets {
		var ms labels.Matchers
		for _, x := range set.Matchers {
			t, ok := matchTypes[x.Type]
			if !ok {
				return fmt.Errorf("silence %s: unknown matcher type %v", m.Silence.Id, x.Type)
			}
			one, err := labels.NewMatcher(t, x.Name, x.Pattern)
			if err != nil {
				return fmt.Errorf("silence %s: %w", m.Silence.Id, err)
			}
			ms = append(ms, one)
		}
		h.matchers = append(h.matchers, ms)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[m.Silence.Id] = h
	s.version++
	if s.am != nil { // not while loading
		s.unsaved = append(s.unsaved, m)
	}
	return nil
}

var matchTypes = map[silencepb.Matcher_Type]labels.MatchType{
	silencepb.Matcher_EQUAL: labels.MatchEqual, silencepb.Matcher_NOT_EQUAL: labels.MatchNotEqual,
	silencepb.Matcher_REGEXP: labels.MatchRegexp, silencepb.Matcher_NOT_REGEXP: labels.MatchNotRegexp,
}

// Save writes to disk what has changed since the last Save that succeeded. Who
// changes silences through Alertmanager calls it before answering.
func (s *Store) Save(ctx context.Context) error {
	s.saveMu.Lock()
	defer s.saveMu.Unlock()
	s.mu.Lock()
	batch := slices.Clone(s.unsaved)
	s.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	if err := s.write(ctx, batch); err != nil {
		s.failed.Inc()
		return fmt.Errorf("write %d silences: %w", len(batch), err)
	}
	s.mu.Lock()
	s.unsaved = slices.Clone(s.unsaved[len(batch):])
	s.mu.Unlock()
	return nil
}

func (s *Store) write(ctx context.Context, batch []*silencepb.MeshSilence) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	for _, m := range batch {
		var body bytes.Buffer
		if _, err := protodelim.MarshalTo(&body, m); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO silences (id, expires, body) VALUES (?, ?, ?)",
			m.Silence.Id, m.ExpiresAt.AsTime().UnixMilli(), body.Bytes()); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// Alertmanager returns the silences as Alertmanager's API needs them. Whoever
// changes them there calls Save before telling anybody that it is done.
func (s *Store) Alertmanager() *silence.Silences { return s.am }

// Set checks and stores a silence as Alertmanager does: one without an id is
// new, and one whose change would rewrite history ends the old one and makes a
// new one. The id is set in sil. It goes by the wall clock.
func (s *Store) Set(ctx context.Context, sil *silencepb.Silence) error {
	own := proto.Clone(sil).(*silencepb.Silence) // it is kept, and the caller's may change
	if err := s.am.Set(ctx, own); err != nil {
		return fmt.Errorf("set silence: %w", err)
	}
	sil.Id = own.Id
	return s.Save(ctx)
}

// Put stores a silence as it stands, whatever the clock says: it has an id, and
// its times are those of the events it is about. Stories and imports use it.
func (s *Store) Put(ctx context.Context, sil *silencepb.Silence) error {
	if sil.Id == "" || sil.StartsAt == nil || sil.EndsAt == nil || len(sil.MatcherSets) == 0 {
		return errors.New("put silence: want an id, matchers, a start and an end")
	}
	m := &silencepb.MeshSilence{
		Silence: proto.Clone(sil).(*silencepb.Silence), ExpiresAt: timestamppb.New(sil.EndsAt.AsTime().Add(Retention)),
	}
	if err := s.index(m); err != nil {
		return err
	}
	var body bytes.Buffer
	if _, err := protodelim.MarshalTo(&body, m); err != nil {
		return err
	}
	if err := s.am.Merge(body.Bytes()); err != nil {
		return fmt.Errorf("put silence %s: %w", sil.Id, err)
	}
	return s.Save(ctx)
}

// ExpireAt ends a silence at the given time. It is not found when it is unknown.
func (s *Store) ExpireAt(ctx context.Context, id string, at time.Time) error {
	s.mu.Lock()
	h := s.byID[id]
	s.mu.Unlock()
	if h == nil {
		return fmt.Errorf("expire silence %s: %w", id, silence.ErrNotFound)
	}
	sil := proto.Clone(h.pb.Silence).(*silencepb.Silence)
	if !sil.EndsAt.AsTime().After(at) {
		return nil
	}
	sil.EndsAt, sil.UpdatedAt = timestamppb.New(at), timestamppb.New(at)
	if sil.StartsAt.AsTime().After(at) {
		sil.StartsAt = timestamppb.New(at)
	}
	return s.Put(ctx, sil)
}

// Prune saves what is not on disk yet and forgets silences that expired more
// than Retention ago.
func (s *Store) Prune(ctx context.Context, now time.Time) error {
	if err := s.Save(ctx); err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, "DELETE FROM silences WHERE expires < ?", now.UnixMilli()); err != nil {
		return fmt.Errorf("prune silences: %w", err)
	}
	s.mu.Lock()
	for id, h := range s.byID {
		if h.pb.ExpiresAt.AsTime().Before(now) {
			delete(s.byID, id)
		}
	}
	s.mu.Unlock()
	_, err := s.am.GC()
	return err
}
