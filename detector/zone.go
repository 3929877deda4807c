package detector

import (
	"fmt"
	"sort"
	"time"
)

// zone tells local time, so that a day's profile keeps to the clock that people
// work by when that is put forward or back. The changes of its clock are laid out
// once; a nil zone is UTC and costs nothing.
type zone struct {
	from    []int64 // ms; sorted
	seconds []int64 // by which local time is ahead of UTC from then on
}

// Years whose clock changes are laid out. Outside of them the nearest offset
// holds.
const (
	zoneFirstYear = 2000
	zoneLastYear  = 2060
)

// newZone returns the zone of an IANA name, nil for UTC.
func newZone(name string) (*zone, error) {
	if name == "" || name == "UTC" {
		return nil, nil
	}
	at, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("want the name of a time zone such as Europe/Berlin, got %q: %w", name, err)
	}
	z := &zone{}
	last := time.Date(zoneLastYear, 1, 1, 0, 0, 0, 0, time.UTC)
	for t := time.Date(zoneFirstYear, 1, 1, 0, 0, 0, 0, time.UTC).In(at); t.Before(last); {
		_, ahead := t.Zone()
		z.from, z.seconds = append(z.from, t.UnixMilli()), append(z.seconds, int64(ahead))
		_, until := t.ZoneBounds()
		if until.IsZero() {
			break
		}
		if !until.After(t) { // in leap years time takes the last day for the end of the year
			until = t.Add(24 * time.Hour)
		}
		t = until
	}
	return z, nil
}

// offset returns the seconds by which local time is ahead of UTC at t (ms).
func (z *zone) offset(t int64) int64 {
	if z == nil {
		return 0
	}
	i := sort.Search(len(z.from), func(i int) bool { return z.from[i] > t })
	return z.seconds[max(i-1, 0)]
}
