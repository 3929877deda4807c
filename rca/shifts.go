package rca

import "time"

// Shift is how far a series has moved.
type Shift struct {
	Service string
	Signal  string
	Z       float64 // signed: positive is up, in robust standard deviations of the time before
}

// Shifts measures every series in [from, to) against [quiet, from) by the yardstick
// that Rank goes by, whichever way it went. What was odd just before counts, too:
// to name a cause it must be new, to compare incidents it is a part of the picture.
// A series without enough points before or any since is left out. The result is in
// the order of the series. It takes O(n log n) for n points.
func Shifts(series []Series, quiet, from, to time.Time) []Shift {
	var out []Shift
	for _, s := range series {
		s.Bad = 1
		up, ok := s.moved(quiet, from, to)
		s.Bad = -1 // a share that falls is judged by the rise of the rest
		down, _ := s.moved(quiet, from, to)
		if !ok {
			continue
		}
		if down > up {
			up = -down
		}
		out = append(out, Shift{Service: s.Service, Signal: s.Signal, Z: up})
	}
	return out
}

// moved returns by how much a series is worse in [from, to) than in [quiet, from).
func (s *Series) moved(quiet, from, to time.Time) (z float64, ok bool) {
	before, bad := s.values(span{quiet, from})
	after, _ := s.values(span{from, to})
	if len(before) < minBaseline || len(after) == 0 {
		return 0, false
	}
	largest := 0.0
	for _, list := range [][]float64{before, after} {
		for _, x := range list {
			largest = max(largest, x, -x)
		}
	}
	return newYardstick(before, s.Unit, largest).z(after, bad), true
}
