package disk

import "sync"

// Rounds lets many requests share one sync: those that come while one is under way
// wait for the next, which begins when it has ended. The zero value is ready.
type Rounds struct {
	mu      sync.Mutex
	next    *round
	running bool
	ended   sync.Cond // of running
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
		s.begin()
		r.err = sync()
		s.end()
		close(r.done)
	}
	<-r.done
	return r.err
}

// begin waits until no sync is under way. Who calls Wait from then on is for the next.
func (s *Rounds) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended.L = &s.mu
	for s.running {
		s.ended.Wait()
	}
	s.running, s.next = true, nil
}

func (s *Rounds) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = false
	s.ended.Signal()
}
