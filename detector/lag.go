package detector

// Some samples come long after the time that they bear: a cloud's metrics are handed out
// ten minutes late, a host's clock is slow, a sender sends in batches. By our clock such a
// series is silent all the time though it misses nothing. That it does so is known when a
// sample comes that is older than when its silence was told. By so much, or up to twice as
// much, its silences are told later from then on. Where a series is seen to be closer than
// half of that, as a sender that has caught up after an outage, an hour halves it.
//
// Four bits of a series' flags, by powers of two; read by sweeps and where a silence ends.

const (
	lagShift = 24 // of the bits in Flags
	lagMost  = 15
	lagUnit  = 15_000 // ms; twice that is the least that is told apart
)

// lag returns by how much samples of the series come late at most, in ms.
func (s *series) lag() int64 {
	if n := s.Flags >> lagShift & lagMost; n > 0 {
		return lagUnit << n
	}
	return 0
}

// cameLate raises the lag to what a sample of time t shows that ends a silence. EpisodeEnd
// is when that was told.
func (s *series) cameLate(t int64) {
	n := s.Flags >> lagShift & lagMost
	for s.EpisodeEnd > t && s.EpisodeEnd-t > s.lag() && n < lagMost {
		n++
		s.Flags = s.Flags&^(lagMost<<lagShift) | n<<lagShift
	}
}

// inTime lowers the lag of a series whose newest sample is of so many ms ago.
func (s *series) inTime(gap int64) {
	if n := s.Flags >> lagShift & lagMost; n > 0 && gap < s.lag()/2 {
		s.Flags -= 1 << lagShift
	}
}
