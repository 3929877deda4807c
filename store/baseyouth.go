package store

import (
	"sync"
	"time"
)

// baseYouth reckons what the open chunks of young series of the base are going to take:
// nearly all of them are native histograms. The base does not tell how full these chunks
// are, so that it goes by the age of the series: one has what it comes to when it is
// youthMinutes old. It is safe for concurrent use.
type baseYouth struct {
	mu     sync.Mutex
	minute int64 // the newest of made, since 1970
	made   [youthMinutes]int64
}

const (
	// youthMinutes is how long a series is young. A histogram of sixty buckets each fifteen
	// seconds fills its chunk in five minutes, one of a few buckets each minute in hours.
	youthMinutes = 60
	// baseChunkBytes is what chunks of a histogram come to in memory: the TSDB begins another
	// at 1 to 2 KiB, and takes a full one to its file once a minute. 2.6 kB were measured.
	baseChunkBytes = 3 << 10
)

// add notes a series that is made now.
func (y *baseYouth) add(now time.Time) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.turn(now)
	y.made[y.minute%youthMinutes]++
}

// turn forgets the series that are young no more. The caller holds mu. A clock that was set
// back leaves them as they are.
func (y *baseYouth) turn(now time.Time) {
	to := max(0, now.Unix()/60)
	if to-y.minute >= youthMinutes {
		clear(y.made[:])
		y.minute = to
	}
	for y.minute < to {
		y.minute++
		y.made[y.minute%youthMinutes] = 0
	}
}

// toCome returns the bytes that are to come.
func (y *baseYouth) toCome(now time.Time) int64 {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.turn(now)
	sum := int64(0)
	for age := range min(youthMinutes, y.minute+1) {
		sum += y.made[(y.minute-age)%youthMinutes] * (youthMinutes - age)
	}
	return sum * baseChunkBytes / youthMinutes
}
