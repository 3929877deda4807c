package detector

import "math"

// LateBefore returns the time in ms before which samples of a slot are late, and so
// change nothing: a millisecond after the newest sample taken of a series, that of the
// present round of the histogram of a bucket, of which others may be missing, and
// math.MinInt64 where there is none, of native histograms and of slots that are not good. Who shows a series again what it may have
// seen can leave out what lies before.
func (b *Bank) LateBefore(slot Slot) int64 {
	if slot.Bucket() {
		g, _, c := b.bucketOf(slot.place())
		if c == nil {
			return math.MinInt64
		}
		c.Lock()
		defer c.Unlock()
		if g.Round == 0 {
			return math.MinInt64
		}
		return g.Time
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
