package detector

import "math"

// Noise may be a part of the level, as that of traffic is, or its root, as that of
// counts: with one size of an error for all hours a series is deaf at night and loud at
// noon. How errors go with the level is learned for each series. They are taken to grow
// with a power of it, from none to the first: none until excesses have shown one.
//
// What is evened out are the excesses of the tails, not the mean of errors, for they
// alarm, and of many series the body grows with the level and the tail does not. The
// power takes a step with each lesson: up when an excess comes at a high level or none at
// a low one, down when it is the other way about. That is a quantile regression of the
// logarithm of errors on that of the level (R. Koenker and G. Bassett, Econometrica
// 1978), by stochastic gradient, drawn back to no power. It costs a logarithm in a
// lesson, and two powers in a sample that is weighed once a power is in use.
//
// The level is the long one with the season, which an incident does not move.

const powerUnit = 1 << 14 // steps of Power in one

// power returns the power of the level with which errors are taken to grow: what was
// learned beyond a part that may be chance.
func (s *series) power(p *params) float64 {
	over := float64(s.Power)/powerUnit - p.Power.Least
	if over <= 0 || s.has(flagNegative) { // a negative level has no logarithm
		return 0
	}
	return over / (1 - p.Power.Least)
}

// above returns the logarithm of how far the level of sample k lies above the typical
// one; 0 while that is not known.
func (s *series) above(p *params, k *sight) float64 {
	switch {
	case s.Typical == 0:
		return 0
	case !(k.anchor > 0):
		return -p.Power.Most
	default:
		return clip(math.Log(k.anchor)-s.Typical.log(), p.Power.Most)
	}
}

// belowTop is the same for how far it lies below the top of the recent range.
func (s *series) belowTop(p *params, k *sight) float64 {
	if k.anchor > 0 {
		return clip(min(math.Log(k.anchor/float64(s.Hi)), 0), p.Power.Most)
	}
	return -p.Power.Most
}

// readPower works out by what factor errors are larger at this level than at the
// typical one, and floors smaller: that of the long scale below the typical level, that
// of the range below its top.
func (s *series) readPower(p *params, k *sight) {
	k.power, k.floorLong, k.floorRange = 1, 1, 1
	if b := s.power(p); b > 0 {
		k.power = math.Exp(b * s.above(p, k))
		k.floorLong = min(k.power, 1)
		k.floorRange = math.Exp(b * s.belowTop(p, k))
	}
}

// learnPower takes in whether an ordinary sample leaves its quantile. The typical level is
// the mean of its logarithm, by the same rate as errors are learned: they are what is
// usual at that level. While those are new it is the long level, which is as good.
func (s *series) learnPower(p *params, k *sight, d *page, leaves bool, rate float64) {
	if s.Fresh < p.Glide.Youth || !(k.anchor > 0) || s.has(flagNegative) || s.ChangeRate < p.Power.Changes {
		return
	}
	if s.Typical == 0 {
		s.Typical = octavesOf(k.anchor)
		return
	}
	g, chance := s.above(p, k), float64(dither(k.t))
	if d != nil && d.Ages >= p.Power.After {
		step := -p.Power.Share * g
		if leaves {
			step += g
		}
		learned := float64(s.Power) + p.Power.Rate*(step*powerUnit-p.Power.Shrinks*float64(s.Power))
		s.Power = int16(atMost(atLeast(math.Floor(learned+chance), 0), powerUnit))
	}
	typical := float64(s.Typical) + rate*g*(octaveSteps/math.Ln2)
	s.Typical = octaves(atMost(atLeast(math.Floor(typical+chance), 1), math.MaxUint16))
}
