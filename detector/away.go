package detector

import "sync"

// mostAway is how many times of absence are remembered; older ones are of no
// series that is still waited for.
const mostAway = 64

// away is when the bank could see nothing, oldest first and apart from each other.
type away struct {
	mu    sync.Mutex
	times [][2]int64 // from and to, ms
}

// Away tells the bank that it was shown nothing from one time to another (ms),
// since the daemon did not run or could not store: that no sample came then is no
// silence of the series.
func (b *Bank) Away(from, to int64) {
	if to <= from {
		return
	}
	b.away.mu.Lock()
	defer b.away.mu.Unlock()
	b.away.times = append(b.away.times, [2]int64{from, to})
	if n := len(b.away.times); n > mostAway {
		b.away.times = append([][2]int64(nil), b.away.times[n-mostAway:]...)
	}
}

// list returns the times, which are not altered any more.
func (a *away) list() [][2]int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.times[:len(a.times):len(a.times)]
}

// awaySince returns how much of the time from last to now was spent away.
func awaySince(times [][2]int64, last, now int64) int64 {
	var sum int64
	for _, t := range times {
		sum += max(0, min(t[1], now)-max(t[0], last))
	}
	return sum
}
