package logs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/internal/disk"
	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/logs/wal"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Errors of the store.
var (
	// ErrReadOnly is wrapped by errors of writes that nothing but room on the disk helps.
	ErrReadOnly = errors.New("log store takes nothing")
	// ErrBusy is wrapped by errors of writes that came faster than they could be sealed.
	ErrBusy = errors.New("log store is busy")
	// ErrClosed is returned by writes and queries after Close.
	ErrClosed = errors.New("log store is closed")
)

const (
	// maxPayload bounds what is written to the log at once; larger batches are split.
	maxPayload = 8<<20 + maxLine + 1<<16
	splitAt    = 8 << 20
	// heads is into how many parts the memory for unsealed records is divided.
	heads = 4
	// maxWait is how long a write waits for a head to be sealed.
	maxWait = 10 * time.Second
)

// Options are what a Store is made of.
type Options struct {
	Dir     string // made if need be
	Config  Config
	Miner   Miner
	Now     func() time.Time
	Logger  *slog.Logger
	Metrics *metrics.Set
}

// Store keeps log records. It is safe for concurrent use.
type Store struct {
	dir     string
	cfg     Config
	miner   Miner
	now     func() time.Time
	log     *slog.Logger
	metrics *storeMetrics
	dec     *segment.Decoder
	disk    *disk.Guard
	indexes *indexCache
	turns   chan struct{} // held by queries that run
	syncs   disk.Rounds

	encoders sync.Pool // of *encoder
	frames   sync.Pool // of *[]byte

	mu      sync.Mutex
	active  *head
	sealing []*head // full, oldest first
	files   []*file // in no order
	closed  bool
	tails   int
	changed chan struct{} // closed and made anew when records come or a head was sealed

	sealMu  sync.Mutex // one seals at a time
	tidyMu  sync.Mutex // one merges or deletes at a time
	sealReq chan struct{}
}

// Open opens the store in a folder: it makes away with what a crash left unfinished
// and reads the log again.
func Open(o Options) (_ *Store, err error) {
	s := &Store{
		dir: o.Dir, cfg: o.Config, miner: o.Miner, now: o.Now, log: o.Logger,
		indexes: newIndexCache(indexMemory), turns: make(chan struct{}, o.Config.Query.MaxConcurrent),
		changed: make(chan struct{}), sealReq: make(chan struct{}, 1),
	}
	s.encoders.New = func() any { return new(encoder) }
	s.frames.New = func() any { return new([]byte) }
	s.disk = &disk.Guard{Dir: o.Dir, Min: uint64(o.Config.MinFreeDisk), Refuse: refuseDisk(o.Dir)}
	s.metrics = newStoreMetrics(o.Metrics, s)
	for _, dir := range []string{o.Dir, s.walDir(), s.brokenDir(), s.queueDir()} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return nil, fmt.Errorf("open log store: %w", err)
		}
	}
	if s.dec, err = segment.NewDecoder(); err != nil {
		return nil, err
	}
	next, err := s.recover()
	if err != nil {
		s.dec.Close()
		return nil, fmt.Errorf("open log store %q: %w", o.Dir, err)
	}
	if err := s.begin(next); err != nil {
		s.dec.Close()
		return nil, fmt.Errorf("open log store %q: %w", o.Dir, err)
	}
	return s, nil
}

func (s *Store) walDir() string    { return filepath.Join(s.dir, "wal") }
func (s *Store) brokenDir() string { return filepath.Join(s.dir, "broken") }
func (s *Store) walPath(seq uint64) string {
	return filepath.Join(s.walDir(), fmt.Sprintf("%012d.wal", seq))
}

// begin makes a new head of that number, and its log, the one that grows.
func (s *Store) begin(seq uint64) error {
	path := s.walPath(seq)
	log, err := wal.Create(path)
	if err != nil {
		return err
	}
	if err := disk.SyncFolder(s.walDir()); err != nil {
		return errors.Join(err, log.Close(), os.Remove(path))
	}
	last := s.active
	s.active = newHead(seq, log, s.cfg.Limits.MaxStreams)
	if last != nil { // heads of one load have about as many records each
		s.active.rows = make([]headRow, 0, len(last.rows)+len(last.rows)/16)
	}
	return nil
}

// Close brings what is in memory to the disk and closes the store: heads stay in the
// log, from which the next start reads them. Run must have ended.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.wakeLocked()
	var errs []error
	for _, h := range append(s.sealing, s.active) {
		if h.log != nil {
			errs = append(errs, h.log.Sync(), h.log.Close())
		}
	}
	if len(s.active.rows) == 0 {
		errs = append(errs, os.Remove(s.walPath(s.active.seq)))
	}
	for _, f := range s.files {
		errs = append(errs, f.close())
	}
	s.dec.Close()
	return errors.Join(errs...)
}

// wakeLocked tells all who wait for records or for room.
func (s *Store) wakeLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Healthy returns nil while records can be stored, else why not.
func (s *Store) Healthy() error { return s.disk.Check(s.now()) }

// WriteLogs implements ingest.LogSink: what is good of the batch is in the write-ahead
// log, and shows in queries, when it returns.
func (s *Store) WriteLogs(ctx context.Context, b *telemetry.LogBatch) (telemetry.LogResult, error) {
	var res telemetry.LogResult
	if err := s.disk.Check(s.now()); err != nil {
		s.metrics.refusedWrite("disk_full", len(b.Records))
		return res, err
	}
	now := s.now()
	e := s.encoders.Get().(*encoder)
	defer s.encoders.Put(e)
	e.reset(now.UnixNano())
	var last *head
	for i := range b.Records {
		r := &b.Records[i]
		at, reason, message := s.examine(r, now)
		if reason != "" {
			res.Reject(telemetry.LogRejection{Record: i, Reason: reason, Message: message})
			s.metrics.refused(reason, 1)
			continue
		}
		e.add(s.miner, r, at)
		if e.size() < splitAt && i < len(b.Records)-1 {
			continue
		}
		h, err := s.append(ctx, e)
		if err != nil {
			return telemetry.LogResult{}, err // what was stored before is stored twice if it is sent again
		}
		last, res.Stored = h, res.Stored+len(e.rows)
		e.reset(e.base)
	}
	if len(e.rows) > 0 { // the last record was refused
		h, err := s.append(ctx, e)
		if err != nil {
			return telemetry.LogResult{}, err
		}
		last, res.Stored = h, res.Stored+len(e.rows)
	}
	if last != nil && s.cfg.Durability == DurabilityFsync {
		if err := s.syncs.Wait(s.Sync); err != nil {
			s.metrics.writeErrors.Inc()
			return telemetry.LogResult{}, err
		}
	}
	s.metrics.records.Add(res.Stored)
	return res, nil
}

// append writes what is encoded to the log and adds it to the head.
func (s *Store) append(ctx context.Context, e *encoder) (*head, error) {
	payload := e.plain()
	frame := s.frames.Get().(*[]byte)
	defer s.frames.Put(frame)
	*frame = packed(wal.Begin((*frame)[:0]), payload)
	wal.End(*frame, 0)
	var timeout <-chan time.Time
	for {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return nil, ErrClosed
		}
		if full := s.fullLocked(); !full || len(s.sealing) < heads-1 {
			h, err := s.appendLocked(full, *frame, payload, e)
			s.mu.Unlock()
			return h, err
		}
		changed := s.changed
		s.mu.Unlock()
		s.requestSeal()
		s.metrics.waits.Inc()
		if timeout == nil {
			t := time.NewTimer(maxWait)
			defer t.Stop()
			timeout = t.C
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
		case <-timeout:
			s.metrics.refusedWrite("busy", len(e.rows))
			return nil, fmt.Errorf("%w: %d bytes wait to be sealed and none were for %s; raise logs.memory or send less", ErrBusy, s.cfg.Memory, maxWait)
		}
	}
}

// fullLocked says whether the head has its share of the memory.
func (s *Store) fullLocked() bool { return s.active.bytes >= int64(s.cfg.Memory)/heads }

func (s *Store) appendLocked(full bool, frame, payload []byte, e *encoder) (*head, error) {
	if full {
		if err := s.turnLocked(); err != nil {
			return nil, err
		}
		s.requestSeal()
	}
	h := s.active
	if err := h.log.Append(frame); err != nil {
		s.metrics.writeErrors.Inc()
		if h.log.Broken() != nil {
			err = errors.Join(err, s.turnLocked())
			s.requestSeal()
		}
		return nil, fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	if len(h.rows) == 0 {
		h.begun = s.now()
	}
	h.take(payload, e.base, e.streams, e.rows)
	s.metrics.bytes.Add(len(payload))
	s.wakeLocked()
	return h, nil
}

// turnLocked begins a new head; the present one is to be sealed.
func (s *Store) turnLocked() error {
	old := s.active
	if err := s.begin(old.seq + 1); err != nil {
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	s.sealing = append(s.sealing, old)
	return nil
}

func (s *Store) requestSeal() {
	select {
	case s.sealReq <- struct{}{}:
	default:
	}
}

// Sync brings everything acknowledged so far to the disk.
func (s *Store) Sync() error {
	s.mu.Lock()
	all := append(append([]*head(nil), s.sealing...), s.active)
	s.mu.Unlock()
	var errs []error
	for _, h := range all {
		if h.log != nil {
			errs = append(errs, h.log.Sync())
		}
	}
	s.metrics.syncs.Inc()
	return errors.Join(errs...)
}
