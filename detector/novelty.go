package detector

import "math"

// novelty remembers which sequences of levels a series has shown: means over
// blocks of two hours in six levels of the range seen so far, three blocks in a
// row, one bit for each of the 216 sequences. How often a sequence has been new
// of late says how rare a new one is. It is what finds a shape that each sample
// alone does not show: a plateau at the wrong time, a wave that has lost its
// trough. Sequences of symbols as memory are those of symbolic aggregate
// approximation (J. Lin, E. Keogh, S. Lonardi, B. Chiu, "A Symbolic
// Representation of Time Series", DMKD 2003); that what was never seen is judged
// by the rate of the new is the estimate of I. J. Good (Biometrika 1953).
//
// 48 bytes; one addition a sample, one bit a block. The first day only learns.
type novelty struct {
	Seen      [(novelLevels*novelLevels*novelLevels + 31) / 32]uint32
	Low, High float32 // range of block means
	Sum       float32 // of the current block
	Share     float32 // of blocks that were new, fading
	Blocks    uint16  // saturating
	Count     uint8   // samples in the current block
	Before    before
}

const (
	novelLevels = 6
)

// before holds in one byte the levels of the two blocks before, and how many blocks
// have come since the range was last widened, up to 2.
type before uint8

func (b before) levels() uint { return uint(b % (novelLevels * novelLevels)) }
func (b before) run() uint8   { return uint8(b / (novelLevels * novelLevels)) }

// then returns what is before the next block when one of a level has ended.
func (b before) then(level uint) before {
	return before(min(b.run()+1, 2))*novelLevels*novelLevels + before(b.levels()%novelLevels*novelLevels+level)
}

// widened is b with no block since then.
func (b before) widened() before { return before(b.levels()) }

// step takes in a sample. When it ends a block whose sequence is new, it returns
// the powers of ten to add to the evidence, else 0.
func (n *novelty) step(p *params, x, step float64) float64 {
	n.Sum += float32(x)
	n.Count++
	if !n.ends(p, step) {
		return 0
	}
	samples := n.samples(p, step)
	mean := n.Sum / float32(n.Count)
	n.Sum, n.Count = 0, 0
	if n.Blocks == 0 {
		n.Low, n.High = mean, mean
	}
	n.Blocks = min(n.Blocks, math.MaxUint16-1) + 1
	n.widen(p, mean)
	if n.High == n.Low {
		return 0
	}
	level := uint(min(novelLevels-1, (mean-n.Low)/(n.High-n.Low)*novelLevels))
	at, known := n.Before.levels()*novelLevels+level, n.Before.run() == 2
	if n.Before = n.Before.then(level); !known {
		return 0
	}
	fresh := n.Seen[at/32]&(1<<(at%32)) == 0
	n.Seen[at/32] |= 1 << (at % 32)
	return n.rate(p, fresh, samples)
}

// shifted reports whether a level was taken as normal within the three blocks of a
// sequence and the one that was going on: that such a sequence is new has been told.
func (s *series) shifted(p *params, t int64) bool {
	return s.BeforeTime != 0 && float64(since(s.BeforeTime, t)) < 4*1000*p.Novelty.Block
}

// shaped reports whether a block of the sequence has been told, as the last of one that
// was new: those of the two blocks after it are new because of it.
func (s *series) shaped(p *params, t int64) bool {
	return s.EpisodeKind == KindShape && !s.has(flagOpen) && 2*float64(t-s.EpisodeSince) < 5*1000*p.Novelty.Block
}

// samples returns how many samples make a block at a step in seconds, 255 at most.
func (*novelty) samples(p *params, step float64) float64 {
	return min(max(math.Round(p.Novelty.Block/max(step, 1e-3)), 1), math.MaxUint8)
}

// ends reports whether so many samples have come, without rounding, which takes longer than
// all else that a sample within a block costs.
func (n *novelty) ends(p *params, step float64) bool {
	return n.Count == math.MaxUint8 || p.Novelty.Block/atLeast(step, 1e-3) < float64(n.Count)+0.5
}

// widen takes a mean outside of the range into it. A range that has become much
// wider has given every level another meaning.
func (n *novelty) widen(p *params, mean float32) {
	if mean >= n.Low && mean <= n.High {
		return
	}
	width := n.High - n.Low
	n.Low = min(n.Low, mean-p.Novelty.Margin*width*float32(b2i(mean < n.Low)))
	n.High = max(n.High, mean+p.Novelty.Margin*width*float32(b2i(mean > n.High)))
	if n.High-n.Low > p.Novelty.Widened*width {
		n.Seen, n.Before = [len(n.Seen)]uint32{}, n.Before.widened()
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rate learns whether the block was new and returns what that is worth.
func (n *novelty) rate(p *params, fresh bool, samples float64) float64 {
	was, new := float64(n.Share)+1/float64(n.Blocks+1), float32(0)
	if fresh {
		new = 1
	}
	n.Share += max(1/float32(n.Blocks), 1/p.Novelty.Memory) * (new - n.Share)
	if !fresh {
		return 0
	}
	return p.Novelty.Weight * max(0, math.Log10(samples/was)-p.Novelty.Free)
}
