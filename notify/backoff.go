package notify

import "time"

// RetryAfterMax bounds what a receiver may ask for by Retry-After: a mistaken
// header of a proxy must not silence a channel for a day.
const RetryAfterMax = time.Hour

// Backoff spaces the tries of a message.
type Backoff struct {
	Min time.Duration // before the second try
	Max time.Duration // never longer, Retry-After apart
}

// Delay returns the time to wait after the given number of failed tries (from
// 1): between half of and the whole of Min doubled for each try after the
// first, at most Max. jitter in [0, 1) places it between the two, so that many
// messages which failed together do not come back together. A positive after
// (Retry-After) is the least delay, cut at RetryAfterMax.
func (b Backoff) Delay(tries int, after time.Duration, jitter float64) time.Duration {
	d := max(b.Min, time.Millisecond)
	for i := 1; i < tries && d < b.Max; i++ {
		d *= 2
	}
	d = max(min(d, b.Max), time.Millisecond)
	d = d/2 + time.Duration(jitter*float64(d-d/2))
	return max(d, min(after, RetryAfterMax), time.Millisecond)
}
