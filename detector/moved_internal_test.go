package detector

import (
	"slices"
	"testing"
)

// walk visits the quarters from one until another of a day whose offset is that of at,
// with values as values says, one sample in each.
func walk(p *params, d *page, from, to int, value func(quarter int) float64) {
	for i := from; i < to; i++ {
		own := quarter(i % dayBuckets)
		k := look{place: place{own: own, rows: 15, rate: 1. / 15}}
		k.day = d.Unit.value() * float64(d.Day[own])
		k.anchor, k.err, k.spread, k.power = 50+k.day, 1, 1, 1
		k.x = 50 + value(int(own))
		if own != d.Bucket {
			d.enter(own)
		}
		d.noteMoved(p, &k)
	}
}

// hours is 40 from one hour until another and 0 else.
func hours(from, to float64) func(int) float64 {
	return func(quarter int) float64 {
		if at := float64(quarter) / 4; at >= from && at < to {
			return 40
		}
		return 0
	}
}

func TestPage_RowsOfQuartersThatAreOff_TakenOverWhereTheyAreAnHour(t *testing.T) {
	for _, x := range []struct {
		name     string
		day      [2]float64           // hours in which what is known is 40
		then     [3]func(int) float64 // of three days
		want     [2]float64           // hours in which it is 40 in the end
		skipping bool                 // a quarter of the row is not seen
	}{
		{"an hour earlier", [2]float64{8, 18}, [3]func(int) float64{hours(7, 17), hours(7, 17), hours(7, 17)}, [2]float64{7, 17}, false},
		{"an hour later", [2]float64{8, 18}, [3]func(int) float64{hours(9, 19), hours(9, 19), hours(9, 19)}, [2]float64{9, 19}, false},
		{"a day with the edge at midnight, later", [2]float64{8, 23}, [3]func(int) float64{hours(9, 24), hours(9, 24), hours(9, 24)}, [2]float64{9, 24}, false},
		{"on one day only", [2]float64{8, 18}, [3]func(int) float64{hours(7, 17), hours(8, 18), hours(8, 18)}, [2]float64{8, 18}, false},
		{"on days that do not follow one another", [2]float64{8, 18}, [3]func(int) float64{hours(7, 17), hours(8, 18), hours(7, 17)}, [2]float64{8, 18}, false},
		{"two hours, which is another job", [2]float64{8, 18}, [3]func(int) float64{hours(6, 16), hours(6, 16), hours(6, 16)}, [2]float64{8, 18}, false},
		{"half an hour, which the edge allows", [2]float64{8, 18}, [3]func(int) float64{hours(7.5, 17.5), hours(7.5, 17.5), hours(7.5, 17.5)}, [2]float64{8, 18}, false},
		{"a weekend", [2]float64{8, 18}, [3]func(int) float64{hours(0, 0), hours(0, 0), hours(8, 18)}, [2]float64{8, 18}, false},
		{"nothing but the hour before, at twice the size", [2]float64{8, 18}, [3]func(int) float64{twice(hours(7, 8)), twice(hours(7, 8)), twice(hours(7, 8))}, [2]float64{8, 18}, false},
		{"an hour earlier, with gaps", [2]float64{8, 18}, [3]func(int) float64{hours(7, 17), hours(7, 17), hours(7, 17)}, [2]float64{8, 18}, true},
	} {
		p, d := defaults(), &page{}
		d.start(1000, 1e5)
		d.Known = allKnown
		was := make([]float64, dayBuckets)
		for i := range d.Day {
			d.Day[i] = int16(hours(x.day[0], x.day[1])(i) / d.Unit.value())
			was[i] = float64(d.Day[i])
		}
		for _, then := range x.then {
			for i := range dayBuckets {
				if x.skipping && (i == 4*7+2 || i == 4*17+2) {
					continue
				}
				walk(p, d, i, i+1, then)
			}
		}
		walk(p, d, 0, 4, x.then[2]) // so that the last rows end
		var got, want []int
		for i := range d.Day {
			if d.Day[i] != 0 {
				got = append(got, i)
			}
			if hours(x.want[0], x.want[1])(i) != 0 {
				want = append(want, i)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: known to be high in quarters %v, want %v", x.name, got, want)
		}
	}
}

func twice(f func(int) float64) func(int) float64 { return func(q int) float64 { return 2 * f(q) } }

func TestPage_Whole_AllQuartersStayKnown(t *testing.T) {
	p, d := defaults(), &page{}
	d.start(1000, 1e5)
	walk(p, d, 0, 1, hours(0, 0))
	if d.whole() || !d.first() {
		t.Fatal("a page begins whole, or its first quarter is no first one")
	}
	d.Known = allKnown
	d.Known[1] &^= 1
	walk(p, d, 1, 4, hours(0, 0))
	if d.whole() || d.known(32) {
		t.Fatal("a day of which a quarter is not known is whole")
	}
	d.Known = allKnown
	walk(p, d, 4, 200, hours(7, 17)) // nothing is known of these hours
	if !d.whole() || d.first() {
		t.Fatal("a day of which all is known is not whole")
	}
	for i := range uint8(dayBuckets) {
		if !d.known(i) {
			t.Errorf("quarter %d is not known any more", i)
		}
	}
}
