package watch

// The environment of a finding is that of most of its lines. A service that runs in
// several is watched as one, since its templates are the same there; but what is odd is
// mostly odd in one of them, and only a change there can be its cause.

// maxPlaces bounds the environments of a service that are told apart.
const maxPlaces = 64

// place returns the number of an environment, 0 if it is not known.
func (s *service) place(environment []byte) uint8 {
	if len(environment) == 0 {
		return 0
	}
	for i, p := range s.places {
		if p == string(environment) {
			return uint8(i + 1)
		}
	}
	if len(s.places) >= maxPlaces {
		return 0
	}
	s.places = append(s.places, string(environment))
	return uint8(len(s.places))
}

// ballot counts the lines of one minute by environment, as far as a majority goes: Boyer
// and Moore, "MJRTY: a fast majority vote algorithm", 1981. lead is by how much place is
// ahead at least.
type ballot struct {
	lead  uint16
	place uint8
}

func (b *ballot) add(place uint8) {
	switch {
	case b.lead == 0:
		b.place, b.lead = place, 1
	case b.place != place:
		b.lead--
	case b.lead < 1<<16-1:
		b.lead++
	}
}

// winner returns the place of at least three quarters of n lines, 0 if there is none.
func (b *ballot) winner(n uint32) uint8 {
	if 2*uint64(b.lead) >= uint64(min(n, 1<<16-1)) {
		return b.place
	}
	return 0
}

// environment returns the one environment of the lines of the parts of a minute, of those
// without lines that of their last ones; "" if they are of several or nobody says.
func (s *service) environment(all []*pattern, parts []Part, minute int64) string {
	found := uint8(0)
	for i := range parts {
		for _, p := range all {
			if Name(p.id) != parts[i].Template {
				continue
			}
			at := p.usual
			if n := p.counts[minute%ring]; n > 0 {
				at = p.ballots[minute%ring].winner(n)
			}
			if at == 0 || (found != 0 && found != at) {
				return ""
			}
			found = at
		}
	}
	return s.named(found)
}

// named returns the environment with a number.
func (s *service) named(place uint8) string {
	if place == 0 {
		return ""
	}
	return s.places[place-1]
}

// settle ends the vote of a minute.
func (p *pattern) settle(minute int64) {
	b := &p.ballots[minute%ring]
	if n := p.counts[minute%ring]; n > 0 {
		p.usual = b.winner(n)
	}
	*b = ballot{}
}
