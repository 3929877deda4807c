package cardinality

import "time"

const (
	// Step is how finely the history of a key is kept for a day; older parts are
	// kept by the hour.
	Step = 5 * time.Minute
	// Kept is how long it is kept.
	Kept      = 7 * 24 * time.Hour
	fineSteps = int64(24 * time.Hour / Step)
	keptSteps = int64(Kept / Step)
	hourSteps = int64(time.Hour / Step)
)

// moment is what happened in one step, or in one hour that begins with it.
type moment struct {
	At   int64 `json:"t"` // number of the step since 1970
	Made int64 `json:"m,omitempty"`
	Gone int64 `json:"g,omitempty"`
}

// history is in order of time and has no step in which nothing happened.
type history []moment

func stepOf(t time.Time) int64 { return t.UnixMilli() / Step.Milliseconds() }

func timeOf(step int64) time.Time { return time.UnixMilli(step * Step.Milliseconds()).UTC() }

// add counts in a step, which is not before those of earlier calls; a clock that
// was set back counts in the newest.
func (h *history) add(step, made, gone int64) {
	if n := len(*h); n > 0 && (*h)[n-1].At >= step {
		(*h)[n-1].Made += made
		(*h)[n-1].Gone += gone
		return
	}
	*h = append(*h, moment{step, made, gone})
}

// emptied returns no history, in the memory of this one if that is small.
func (h history) emptied() history {
	if cap(h) > 4 {
		return nil
	}
	return h[:0]
}

// trim makes hours of what is older than a day, forgets what is older than Kept and
// returns how many series were made in that.
func (h *history) trim(now int64) (forgotten int64) {
	out := (*h)[:0]
	for _, m := range *h {
		switch {
		case m.At < now-keptSteps:
			forgotten += m.Made
			continue
		case m.At < now-fineSteps:
			m.At -= m.At % hourSteps
			if n := len(out); n > 0 && out[n-1].At == m.At {
				out[n-1].Made += m.Made
				out[n-1].Gone += m.Gone
				continue
			}
		}
		out = append(out, m)
	}
	*h = out
	return forgotten
}

// between returns what happened from a step on and before another.
func (h history) between(from, to int64) (made, gone int64) {
	for _, m := range h {
		if m.At >= from && m.At < to {
			made += m.Made
			gone += m.Gone
		}
	}
	return made, gone
}

// largest returns the most series that one step made, from a step on and before
// another. The history may have several moments of one step, beside each other.
func (h history) largest(from, to int64) int64 {
	most, here := int64(0), int64(0)
	for i, m := range h {
		if m.At < from || m.At >= to {
			continue
		}
		if i == 0 || h[i-1].At != m.At {
			here = 0
		}
		here += m.Made
		most = max(most, here)
	}
	return most
}

// hourly adds what happened in each of the last hours, the oldest first, to the
// two lists, which are of one length.
func (h history) hourly(now int64, made, gone []int64) {
	end := now - now%hourSteps + hourSteps
	for _, m := range h {
		back := (end - 1 - m.At) / hourSteps
		if m.At < end && back < int64(len(made)) {
			made[int64(len(made))-1-back] += m.Made
			gone[int64(len(gone))-1-back] += m.Gone
		}
	}
}
