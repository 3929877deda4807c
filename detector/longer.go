package detector

// longer counts how often a series was told to be missing (low four bits) and to stand
// still (high four) of late. Each that is told makes the next one told at twice the length,
// for a week, so that their rate comes to the budget whatever their lengths are: a host
// that is switched off at no known hours, or a link that is lost a dozen times a day, has
// gaps that the share of missed steps has forgotten by the next one; a gauge of whole
// numbers that begins to rest at night has runs that its tail, made for thousands of short
// ones, takes weeks to expect. One outage, or one exporter that hangs, is one doubling.
type longer uint8

func (l longer) silences() uint8 { return uint8(l & 15) }

func (l longer) rests() uint8 { return uint8(l >> 4) }

// silence counts one silence more, rest one flat line more, up to most.
func (l longer) silence(most uint8) longer { return l&^15 | longer(min(l.silences()+1, most)) }

func (l longer) rest(most uint8) longer { return l&15 | longer(min(l.rests()+1, most))<<4 }

// noSilence takes back a silence that was none.
func (l longer) noSilence() longer {
	if l.silences() > 0 {
		l--
	}
	return l
}

// fade takes back so many of each.
func (l longer) fade(times uint16) longer {
	silences, rests := uint16(l.silences()), uint16(l.rests())
	return longer(silences-min(times, silences)) | longer(rests-min(times, rests))<<4
}

// forgetLonger takes back, at the first sample of a day, what was told of late.
func (s *series) forgetLonger(p *params, day uint16) {
	if s.Longer != 0 {
		s.Longer = s.Longer.fade(day/p.Silence.LongerDays - s.Day/p.Silence.LongerDays)
	}
}
