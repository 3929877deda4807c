package detector

import "math"

const (
	dayBuckets  = 96
	secondsDay  = 86400
	bucketWidth = secondsDay / dayBuckets // seconds
)

// daily is the profile of a day: by how much the series lies above its long
// level in each quarter of an hour, UTC. It lives in a slab of its own, for
// those series only that have lived long enough to have a day.
type daily struct {
	Offset [dayBuckets]float32
	Visits [dayBuckets]uint8
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
// 15 % per day.
func (d *daily) learn(p place, e float64) {
	d.move(p.a, 1-p.weight, p.rows, e)
	if p.b != p.a && p.weight > 0 {
		d.move(p.b, p.weight, p.rows, e)
	}
}

func (d *daily) move(at uint8, weight, rows float32, e float64) {
	if d.Visits[at] < math.MaxUint8 {
		d.Visits[at]++
	}
	share := max(1/float32(d.Visits[at]), 0.15/rows)
	d.Offset[at] += share * weight * float32(e)
}
