package web

import (
	"net"
	"net/http"
	"sync"
)

// ForgetNewOnShutdown makes s close, when it shuts down, the connections that have not
// brought a whole request yet. It would answer none that comes by then, and all the same
// wait five seconds for each; browsers and balancers hold such connections ready. Call it
// before s serves. It takes the place of s.ConnState.
func ForgetNewOnShutdown(s *http.Server) {
	var (
		mu     sync.Mutex
		fresh  = make(map[net.Conn]struct{})
		ending bool
	)
	s.ConnState = func(c net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case state != http.StateNew:
			delete(fresh, c)
		case ending: // accepted just before the listener was closed
			c.Close()
		default:
			fresh[c] = struct{}{}
		}
	}
	s.RegisterOnShutdown(func() {
		mu.Lock()
		defer mu.Unlock()
		ending = true
		for c := range fresh {
			c.Close() // its goroutine meets the end, and ConnState hears of it
		}
	})
}
