package detector

// Some samples come long after the time that they bear: a cloud's metrics are handed out
// ten minutes late, a host's clock is slow, a sender sends in batches. By our clock such a
// series is silent all the time, or until the next batch, though it misses nothing. That
// it does so is known when a sample comes that is older than when its silence was told. By
// so much, or up to twice as much, its silences are told later from then on. Once is what
// a backlog after an outage looks like, too; where it happens again before that is
// forgotten, what counts is how late the sample was when it came, for up to Silence.Most.
//
// A lag is halved where for as long as it takes, an hour at least, the newest sample was
// never half as old: between two batches there is always a moment at which it is.
//
// Four bits of a series' flags, by powers of two, and two flags; read by sweeps and where
// a silence ends.

const (
	lagShift = 24 // of the bits in Flags
	lagBits  = lagMost << lagShift
	lagMost  = 15
	lagUnit  = 15_000 // ms; twice that is the least that is told apart
	lagHour  = 7      // the largest that an hour is long enough to see: 32 minutes
)

// lagSize returns the power of two.
func (s *series) lagSize() uint32 { return s.Flags >> lagShift & lagMost }

// lag returns by how much samples of the series come late at most, in ms.
func (s *series) lag() int64 {
	if n := s.lagSize(); n > 0 {
		return lagUnit << n
	}
	return 0
}

// cameLate raises the lag to what a sample of time t shows that ends a silence. EpisodeEnd
// is when that was told, or when it was seen last, by our clock; from here on it is again by
// that of samples, so that the way back is as short as after any other silence.
func (s *series) cameLate(t int64) {
	late := s.EpisodeEnd - t
	if late <= 0 {
		return
	}
	s.EpisodeEnd = t
	if s.EpisodeKind == KindMissing {
		s.Longer = s.Longer.noSilence()
	}
	n := s.lagSize()
	for n < lagMost && (n == 0 || late > lagUnit<<n) {
		n++
	}
	s.Flags = s.Flags&^lagBits | n<<lagShift
	s.set(flagLate | flagBehind)
}

// keepLag lowers the lag of a series that has been in time. A sweep shows it the age of
// the newest sample, of which a step is none of its lateness, and the bits of the hour by
// which it differs from that of the sweep before.
func (s *series) keepLag(age int64, hours uint64) {
	n := s.lagSize()
	if n == 0 {
		return
	}
	if age-int64(1000*s.Step) >= s.lag()/2 {
		s.set(flagBehind)
	}
	if hours>>(max(n, lagHour)-lagHour) == 0 {
		return
	}
	if !s.has(flagBehind) {
		if s.Flags -= 1 << lagShift; n == 1 {
			s.clear(flagLate)
		}
	}
	s.clear(flagBehind)
}

// hoursBetween returns the bits in which the hours of two times in ms differ; none where
// there was no time before.
func hoursBetween(last, now int64) uint64 {
	if last <= 0 || now <= 0 {
		return 0
	}
	return uint64(last/(secondsHour*1000) ^ now/(secondsHour*1000))
}
