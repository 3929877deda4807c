package logs

import (
	"context"
	"time"
)

// Run seals, syncs, merges and prunes until ctx ends, and returns nil. Without it a
// store takes records until its memory is full.
func (s *Store) Run(ctx context.Context) error {
	z, err := s.newSealer()
	if err != nil {
		return err
	}
	done := make(chan struct{})
	go func() { // sealing must not wait for the disk, nor syncs for a merge
		defer close(done)
		s.upkeep(ctx)
	}()
	defer func() { <-done }()
	forwarding := make(chan struct{})
	go func() {
		defer close(forwarding)
		s.forward(ctx)
	}()
	defer func() { <-forwarding }()
	s.requestSeal() // what was read from the logs
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.sealReq:
		case <-tick.C:
			s.turnOld()
		}
		if err := z.sealAll(); err != nil {
			s.log.Error("log records could not be sealed; they stay in memory and in the write-ahead log, and it is tried again", "error", err)
			select { // a full disk does not get emptier by trying
			case <-ctx.Done():
				return nil
			case <-time.After(time.Second):
				s.requestSeal()
			}
		}
	}
}

// turnOld has a head sealed that is old enough.
func (s *Store) turnOld() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.active.rows) == 0 || s.closed || s.now().Sub(s.active.begun) < s.cfg.SealAfter.Std() || len(s.sealing) >= heads-1 {
		return
	}
	if err := s.turnLocked(); err != nil {
		s.log.Error("a new write-ahead log could not be begun", "error", err)
	}
}

// upkeep syncs each second, and merges and prunes each minute.
func (s *Store) upkeep(ctx context.Context) {
	second, minute := time.NewTicker(time.Second), time.NewTicker(upkeepEvery)
	defer second.Stop()
	defer minute.Stop()
	merging := make(chan struct{}, 1)
	defer func() { merging <- struct{}{} }() // wait for the one under way
	for {
		select {
		case <-ctx.Done():
			return
		case <-second.C:
			if err := s.Sync(); err != nil {
				s.metrics.syncErrors.Inc()
				s.log.Error("the write-ahead log of the log store could not be brought to the disk", "error", err)
			}
		case <-minute.C:
			select {
			case merging <- struct{}{}:
				go func() {
					defer func() { <-merging }()
					s.tidy(ctx)
				}()
			default:
			}
		}
	}
}

// tidy merges and prunes once.
func (s *Store) tidy(ctx context.Context) {
	if n, err := s.Prune(); err != nil {
		s.log.Error("old log segments could not be deleted", "error", err)
	} else if n > 0 {
		s.log.Info("old log segments were deleted", "segments", n)
	}
	if _, err := s.Merge(ctx); err != nil && ctx.Err() == nil {
		s.log.Error("log segments could not be merged", "error", err)
	}
}
