package detector

import "math"

const (
	dayBuckets  = 96
	secondsDay  = 86400
	bucketWidth = secondsDay / dayBuckets // seconds
)

// daily is the profile of a day: by how much the series lies above its long
// level in each quarter of an hour, UTC, and how large forecast errors are then. It lives in a slab of its own, for
// those series only that have lived long enough to have a day.
type daily struct {
	Offset [dayBuckets]float32
	Visits [dayBuckets]uint8
	Spread [dayBuckets]int16 // size of errors relative to the average, less 1, in 1/spreadUnit

	Outlook outlook
}

const (
	spreadUnit = 4096
	spreadMost = 6
	spreadRows = 60 // rows of a bucket beyond which the spread learns no slower
)

// spread returns how large errors are at this time of day relative to the day's
// average: 1 until more is known.
func (d *daily) spread(p place) float64 { return 1 + float64(d.Spread[p.a])/spreadUnit }

// learnSpread moves the spread at p by a tenth per day towards e, an error in
// units of the average error.
func (d *daily) learnSpread(p place, e float64) {
	s := &d.Spread[p.a]
	share := 0.1 / min(float64(p.rows), spreadRows)
	old := float64(*s) / spreadUnit
	*s = int16(math.Round((old + share*(min(e, spreadMost)-1-old)) * spreadUnit))
}

// reaches reports whether an offset that is far from the one now is that of
// another time of day, give or take near.
func (d *daily) reaches(offset, now, near float64) bool {
	if math.Abs(offset-now) < 3*near {
		return false
	}
	for i, o := range d.Offset {
		if d.Visits[i] > 0 && math.Abs(float64(o)-offset) < near {
			return true
		}
	}
	return false
}

// place is a time of day as two neighbouring buckets and the weight of the second.
type place struct {
	a, b   uint8
	weight float32
	rows   float32 // samples of this series that fall into a bucket each day
}

// placeOf returns the place of time t (ms) for a series with the given step in
// seconds. Where several samples fall into a bucket the profile is read between
// bucket centres; where one sample spans a bucket or more it is not.
func placeOf(t int64, step float64) place {
	second := float64((t%(secondsDay*1000)+secondsDay*1000)%(secondsDay*1000)) / 1000
	rows := float32(max(1, bucketWidth/max(step, 1e-3)))
	if 3*step > bucketWidth {
		at := uint8(second / bucketWidth)
		return place{a: at, b: at, rows: rows}
	}
	pos := second/bucketWidth - 0.5
	if pos < 0 {
		pos += dayBuckets
	}
	whole := math.Floor(pos)
	a := uint8(whole) % dayBuckets
	return place{a: a, b: (a + 1) % dayBuckets, weight: float32(pos - whole), rows: rows}
}

func (d *daily) at(p place) float64 {
	if p.weight == 0 || d.Visits[p.b] == 0 {
		return float64(d.Offset[p.a])
	}
	if d.Visits[p.a] == 0 {
		return float64(d.Offset[p.b])
	}
	return float64(d.Offset[p.a]*(1-p.weight) + d.Offset[p.b]*p.weight)
}

// learn moves the profile at p by a share of e, the clipped deviation of the
// sample from long level and profile. The share starts at one and falls to
// 15 % per day; a sample that is not ordinary never teaches more than that.
func (d *daily) learn(p place, e float64, ordinary bool) {
	d.move(p.a, 1-p.weight, p.rows, e, ordinary)
	if p.b != p.a && p.weight > 0 {
		d.move(p.b, p.weight, p.rows, e, ordinary)
	}
}

func (d *daily) move(at uint8, weight, rows float32, e float64, ordinary bool) {
	share := 0.15 / rows
	if ordinary {
		if d.Visits[at] < math.MaxUint8 {
			d.Visits[at]++
		}
		share = max(1/float32(d.Visits[at]), share)
	}
	d.Offset[at] += share * weight * float32(e)
}
