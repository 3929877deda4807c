package detector

import (
	"math"

	"github.com/prometheus/prometheus/model/value"
)

// fate says what became of a sample of a bucket or a native histogram, or of a
// round, that led to no figure.
type fate uint8

const (
	fateNotANumber fate = iota // bucket sample that is no count
	fateLate                   // not after what the bucket or histogram had
	fateIncomplete             // round in which buckets were missing
	fateReset                  // round or sample after a restart of the process
	fateBounds                 // round in which other buckets came than before
	fateFew                    // too few observations for mostSpan
	fateMixed                  // float sample of a native histogram
	fateTotal                  // round without le="+Inf", or with nothing else
	fates
)

var fateNames = [fates]string{"not_a_number", "late", "incomplete", "reset", "bounds_changed", "few_observations", "float_of_histogram", "no_total"}

// sink takes verdicts: all, or those that tell of a transition.
type sink struct {
	to  func(Verdict)
	all bool
}

// Feed takes one stored sample of a slot of any sort and hands the verdicts
// that tell of a transition to tell: for a series that on the sample; for a
// bucket of a histogram those on the quantiles that the sample completes. It is
// called while locks are held and must not call back into the bank. Feed returns
// false when the slot is good no more, because its series was evicted or there may
// be room now for one that was refused; register it again and feed it once more.
// Feed does not allocate.
//
// The counts of a histogram's buckets for one time may come in any order and by
// many goroutines at once. They make a round, which is looked at when all
// buckets have come that came before; the quantiles are those of what was
// observed since the last look. Some buckets may be one round ahead of others. A
// round that is overtaken, by a whole one or by two, is not looked at, and
// nothing of it is lost: the next whole round counts from the one before. A bucket of which nothing came for three rounds, or that has ended
// with a staleness marker, is no longer waited for.
func (b *Bank) Feed(slot Slot, t int64, v float64, tell func(Verdict)) bool {
	switch {
	case slot.Bucket():
		b.feedBucket(slot.place(), t, v, sink{to: tell})
	case slot.native():
		b.feedNativeFloat(slot, t, v, sink{to: tell})
	default:
		return b.judge(slot, t, v, sink{to: tell})
	}
	return true
}

// feedBucket takes a count of a bucket.
func (b *Bank) feedBucket(at uint32, t int64, v float64, to sink) {
	g, k, c := b.bucketOf(at)
	if c == nil {
		return
	}
	c.Lock()
	defer c.Unlock()
	b.take(g, k, t, v, to)
}

// bucketOf returns a bucket, its histogram and what both are locked by; nil if the
// place was never given out.
func (b *Bank) bucketOf(at uint32) (*classic, *bucket, *classicChunk) {
	h := &b.histograms
	all := h.buckets.at(int(at) / chunkSize)
	if at == 0 || all == nil || all[at%chunkSize].Of == 0 {
		return nil, nil, nil
	}
	k := &all[at%chunkSize]
	c := h.classics.at(int(k.Of) / chunkSize)
	return &c.classics[k.Of%chunkSize], k, c
}

// take takes a count of a bucket; the caller holds the lock.
func (b *Bank) take(g *classic, k *bucket, t int64, v float64, to sink) {
	h := &b.histograms
	switch {
	case t < g.Time || t == g.Time && k.Round == g.Round:
		h.counted[fateLate].Add(1)
		k.Missed = 0 // it lags behind others and has not gone
	case value.IsStaleNaN(v):
		b.end(g, k, t, to)
	case !(v >= 0 && v <= largest):
		h.counted[fateNotANumber].Add(1)
	default:
		b.arrive(g, k, t, v, to)
	}
}

// arrive takes a count that is not late: for the present round, for the one
// after it while that one is not whole, or for a new one.
func (b *Bank) arrive(g *classic, k *bucket, t int64, v float64, to sink) {
	h := &b.histograms
	for t > g.Time && !g.Closed && g.Round != 0 {
		switch {
		case g.Next == 0, t == g.Next && !k.Waits:
			g.Next, k.Early, k.Waits = t, v, true
			if g.Early++; g.Early >= g.Active {
				b.advance(g, to) // nobody is left who could complete the present one
			}
			return
		case t <= g.Next:
			h.counted[fateLate].Add(1)
			return
		}
		b.advance(g, to)
	}
	if t > g.Time {
		h.nextRound(&b.params, g, t)
		for _, x := range g.Slot { // needed when the last bucket has come
			b.fetchSeries(x)
		}
	}
	h.deliver(g, k, v)
	b.complete(g, to)
}

// complete looks at the present round if it is whole, and goes on to what has
// come early for the next.
func (b *Bank) complete(g *classic, to sink) {
	if g.Closed || g.Round == 0 || g.Active == 0 || g.Have < g.Active {
		return
	}
	b.look(g, to)
	if g.Next != 0 {
		b.advance(g, to)
	}
}

// advance makes the next round, for which something has come, the present one.
func (b *Bank) advance(g *classic, to sink) {
	h := &b.histograms
	t := g.Next
	g.Next, g.Early = 0, 0
	h.nextRound(&b.params, g, t)
	for at := g.First; at != 0; {
		k := h.at(at)
		if at = k.Next; k.Waits {
			k.Waits = false
			h.deliver(g, k, k.Early)
		}
	}
	b.complete(g, to)
}

// nextRound begins the round of time t. Buckets that the round before still
// waited for have missed it.
func (h *histograms) nextRound(p *params, g *classic, t int64) {
	if !g.Closed && g.Round != 0 {
		h.counted[fateIncomplete].Add(1)
		for at := g.First; at != 0; {
			k := h.at(at)
			at = k.Next
			if !k.Active || k.Round == g.Round || k.Waits {
				continue
			}
			if k.Missed++; k.Missed >= p.Histogram.MaxMissed {
				k.Active, k.Based = false, false
				g.Active--
			}
		}
	}
	g.Round++
	g.Time, g.Have, g.Closed = t, 0, false
}

// deliver notes the count of a bucket in the present round. A bucket that was
// not waited for counts from here, if all others do so too.
func (h *histograms) deliver(g *classic, k *bucket, v float64) {
	if k.Active && v < k.Count {
		g.Fell = true
	}
	k.Count, k.Round, k.Missed = v, g.Round, 0
	if !k.Active {
		k.Active = true
		g.Active++
		k.Based = g.Closed && g.Since == [quantiles]int64{g.Time, g.Time}
		k.Base = [quantiles]float64{v, v}
	}
	g.Have++
}

// end takes in the staleness marker of a bucket. That of the last bound ends
// the derived series too.
func (b *Bank) end(g *classic, k *bucket, t int64, to sink) {
	if k.Active {
		k.Active, k.Based = false, false
		g.Active--
		if k.Round == g.Round {
			g.Have--
		}
	}
	if k.Waits {
		k.Waits = false
		if g.Early--; g.Early == 0 {
			g.Next = 0
		}
	}
	if math.IsInf(k.Bound, 1) && !g.Yields {
		for q := range quantiles {
			b.judgeQuantile(g, q, t, math.Float64frombits(value.StaleNaN), to)
		}
	}
	b.complete(g, to)
}

// look takes the quantiles of a whole round and has them judged.
func (b *Bank) look(g *classic, to sink) {
	if g.Closed = true; b.yields(g) {
		return
	}
	if g.Len > usualBuckets {
		var room [maxBuckets]gain
		b.lookIn(g, room[:0], to)
		return
	}
	var room [usualBuckets]gain
	b.lookIn(g, room[:0], to)
}

// lookIn is look with room for all buckets.
func (b *Bank) lookIn(g *classic, room []gain, to sink) {
	h := &b.histograms
	seen, based := h.increase(g, 0, room)
	if g.Fell || !based {
		why := fateBounds
		if g.Fell {
			why = fateReset
		}
		h.rebase(g, [quantiles]bool{true, true})
		for q := range quantiles {
			b.alive(g.Slot[q], g.Time)
		}
		g.Fell = false
		if g.Round > 1 {
			h.counted[why].Add(1)
		}
		return
	}
	smooth(seen)
	since := g.Since[0]
	var ends, tells [quantiles]bool // what is counted from begins anew; and there is a value
	var values [quantiles]float64
	for q := range quantiles {
		if g.Since[q] != since {
			since = g.Since[q]
			seen, _ = h.increase(g, q, room) // all are based, as above
			smooth(seen)
		}
		if n := len(seen); n < 2 || !math.IsInf(seen[n-1].bound, 1) {
			if ends[q] = true; q == 0 { // without the total there is no quantile
				h.counted[fateTotal].Add(1)
			}
			continue
		}
		switch {
		case seen[len(seen)-1].count >= b.params.Histogram.Least[q]:
			ends[q], tells[q], values[q] = true, true, bucketQuantile(quantileOf[q], seen)
		case g.Time-g.Since[q] >= b.params.Histogram.MostSpan:
			h.counted[fateFew].Add(1)
			ends[q], tells[q], values[q] = true, true, math.Float64frombits(value.StaleNaN)
		default:
			b.alive(g.Slot[q], g.Time)
		}
	}
	h.rebase(g, ends)
	for q, tell := range tells {
		if tell {
			b.judgeQuantile(g, q, g.Time, values[q], to)
		}
	}
}

// judgeQuantile hands a quantile, or a staleness marker, to its series, which it
// registers again if it was evicted. A marker is not worth that.
func (b *Bank) judgeQuantile(g *classic, q int, t int64, v float64, to sink) {
	if b.judge(g.Slot[q], t, v, to) || value.IsStaleNaN(v) {
		return
	}
	g.Slot[q] = b.derive(quantileLabels(b.histograms.labelsOf(g), q), 0)
	b.judge(g.Slot[q], t, v, to)
}

// judge hands a value, or a staleness marker, to a series. It returns
// false when the slot is good no more.
func (b *Bank) judge(slot Slot, t int64, v float64, to sink) bool {
	var out Verdict
	tell, why := b.observe(slot, t, v, to.all, &out)
	if tell || to.all && why == taken {
		to.to(out)
	}
	return out.Phase != PhaseGone
}

// alive tells a derived series that its histogram has come although there is
// nothing to judge, so that its silence is not held against it. A series that is
// missed already, or has ended, stays so until it has a value, but it is not idle.
func (b *Bank) alive(slot Slot, t int64) {
	c, j := b.series.at(int(slot.place())/chunkSize), int(slot.place()%chunkSize)
	if !slot.ofSeries() || c == nil {
		return
	}
	c.Lock()
	if s := &c.series[j]; uint32(s.Generation) == slot.generation() {
		if c.use(j, t); s.N > 0 && t > s.LastTime && !s.has(flagMissing|flagStale) {
			s.LastTime = t
		}
	}
	c.Unlock()
}
