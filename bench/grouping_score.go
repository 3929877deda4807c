package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// foldScore counts incidents and faults.
type foldScore struct {
	faults, covered, covers  int // covers: pairs of an incident and a fault that it covers
	incidents, merged, noise int
}

// faultOf returns the index of the fault that could first show at a time, -1 if
// there is none. Rows are named after the beginning of their minute, so that a
// fault may show in the one in which it was injected.
func (d *faultDay) faultOf(at int64) int {
	for i, f := range d.faults {
		end := f.At + faultLasts
		if i+1 < len(d.faults) {
			end = min(end, d.faults[i+1].At)
		}
		if at+60 > f.At && at+60 <= end {
			return i
		}
	}
	return -1
}

// covered returns the faults that an incident covers, in order.
func (r *folded) coveredBy(d *faultDay, id string) []int {
	var out []int
	for _, at := range r.begun[id] {
		if i := d.faultOf(at); i >= 0 && !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out
}

// score counts over the faults from one index to before another. Incidents are
// those that opened from the first of them on, and before the next one or, after
// the last of all, while that could still show.
func (r *folded) score(d *faultDay, from, to int) foldScore {
	s := foldScore{faults: to - from}
	lower, upper := d.faults[from].At, d.faults[len(d.faults)-1].At+faultLasts
	if to < len(d.faults) {
		upper = d.faults[to].At
	}
	hit := map[int]bool{}
	for _, inc := range r.incidents {
		faults := r.coveredBy(d, inc.ID)
		for _, f := range faults {
			if f >= from && f < to {
				hit[f] = true
				s.covers++
			}
		}
		if at := inc.Opened.Unix(); at < lower || at >= upper {
			continue
		}
		s.incidents++
		switch {
		case len(faults) == 0:
			s.noise++
		case len(faults) > 1:
			s.merged++
		}
	}
	s.covered = len(hit)
	return s
}

func (s *foldScore) add(x foldScore) {
	s.faults, s.covered, s.covers = s.faults+x.faults, s.covered+x.covered, s.covers+x.covers
	s.incidents, s.merged, s.noise = s.incidents+x.incidents, s.merged+x.merged, s.noise+x.noise
}

func share(n, of int) float64 { return float64(n) / float64(max(of, 1)) }

func (s foldScore) String() string {
	return fmt.Sprintf("%d\t%.2f\t%d\t%.2f\t%.2f\t%.2f", s.faults, share(s.covered, s.faults), s.incidents,
		share(s.covers, s.covered), share(s.merged, s.incidents), share(s.noise, s.incidents))
}

func (s foldScore) figures(into figures, suffix string) {
	into["covered"+suffix], into["fragments"+suffix] = share(s.covered, s.faults), share(s.covers, s.covered)
	into["merged"+suffix], into["noise"+suffix] = share(s.merged, s.incidents), share(s.noise, s.incidents)
}

// print lists the incidents of a day with the faults that they cover.
func (r *folded) print(out io.Writer, d *faultDay) {
	for i, f := range d.faults {
		fmt.Fprintf(out, "fault %2d %s %s at %s\n", i, f.Kind, f.Service, time.Unix(f.At, 0).UTC().Format(time.TimeOnly))
	}
	for i := len(r.incidents) - 1; i >= 0; i-- {
		inc := r.incidents[i]
		fmt.Fprintf(out, "%s %s opened %s ended %s reopened %d, %d occurrences, covers %v: %s\n", inc.ID[len(inc.ID)-4:], inc.State,
			inc.Opened.Format(time.TimeOnly), inc.Resolved.Format(time.TimeOnly), inc.Reopened, len(inc.Occurrences), r.coveredBy(d, inc.ID), inc.Title)
	}
}
