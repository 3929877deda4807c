package detector

import "math"

// LateBefore returns the time in ms before which samples of a slot are late, and so
// change nothing: a millisecond after the newest sample taken of a series or a bucket, for a
// bucket that the present round of its histogram waits for the time of that round, and
// math.MinInt64 where there is none, of native histograms and of slots that are not good.
// Who shows a series again what it may have seen can leave out what lies before.
func (b *Bank) LateBefore(slot Slot) int64 {
	if slot.Bucket() {
		g, k, c := b.bucketOf(slot.place())
		if c == nil {
			return math.MinInt64
		}
		c.Lock()
		defer c.Unlock()
		switch {
		case g.Round == 0:
			return math.MinInt64
		case k.Round != g.Round:
			return g.Time
		case k.Waits:
			return g.Next + 1
		}
		return g.Time + 1
	}
	c := b.series.at(int(slot.place()) / chunkSize)
	if !slot.ofSeries() || c == nil {
		return math.MinInt64
	}
	c.Lock()
	defer c.Unlock()
	s := &c.series[slot.place()%chunkSize]
	if s.LastTime == 0 || uint32(s.Generation) != slot.generation() {
		return math.MinInt64
	}
	return s.LastTime + 1
}
