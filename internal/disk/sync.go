package disk

import "sync"

// Rounds lets many requests share one sync: those that come while one is under way
// wait for the next, which begins when it has ended. The zero value is ready.
type Rounds struct {
	mu      sync.Mutex
	next    *round
	running sync.Mutex
}

type round struct {
	done chan struct{}
	err  error
}

// Wait returns after a sync that began after it was called, with its error.
func (s *Rounds) Wait(sync func() error) error {
	s.mu.Lock()
	r := s.next
	leads := r == nil
	if leads {
		r = &round{done: make(chan struct{})}
		s.next = r
	}
	s.mu.Unlock()
	if leads {
		s.running.Lock()
		s.mu.Lock()
		s.next = nil
		s.mu.Unlock()
		r.err = sync()
		s.running.Unlock()
		close(r.done)
	}
	<-r.done
	return r.err
}
