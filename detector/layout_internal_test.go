package detector

import (
	"math"
	"reflect"
	"testing"
	"time"
	"unsafe"
)

func TestSeriesAndPage_Size_KeepTheirPromise(t *testing.T) {
	if got := unsafe.Sizeof(series{}); got > 512 {
		t.Errorf("a series takes %d bytes, want at most 512", got)
	}
	if got := unsafe.Sizeof(series{}) + unsafe.Sizeof(page{}); got > 1024 {
		t.Errorf("a series with its page takes %d bytes, want at most 1024", got)
	}
}

func TestSeriesAndPage_Fields_HoldNoPointer(t *testing.T) {
	for _, of := range []reflect.Type{reflect.TypeFor[series](), reflect.TypeFor[page]()} {
		if at := pointerIn(of); at != "" {
			t.Errorf("%s holds a pointer at %s, which the collector would have to follow", of, at)
		}
	}
	if pointerIn(reflect.TypeFor[struct{ A [2]struct{ B *int } }]()) != "A[].B" {
		t.Error("a pointer within arrays and structs is not found")
	}
}

// pointerIn returns the path of the first pointer that a type holds, "" for none.
func pointerIn(of reflect.Type) string {
	switch of.Kind() {
	case reflect.Struct:
		for i := range of.NumField() {
			f := of.Field(i)
			if at := pointerIn(f.Type); at != "" {
				if at == "*" {
					return f.Name
				}
				return f.Name + joint(at)
			}
		}
	case reflect.Array:
		if at := pointerIn(of.Elem()); at != "" {
			return "[]" + joint(at)
		}
	case reflect.Pointer, reflect.UnsafePointer, reflect.Map, reflect.Chan, reflect.Func, reflect.Interface, reflect.Slice, reflect.String:
		return "*"
	}
	return ""
}

// joint returns what leads from the name of a field to a path within it.
func joint(at string) string {
	switch {
	case at == "*":
		return ""
	case at[0] == '[':
		return at
	}
	return "." + at
}

func TestZone_EveryDay_OffsetIsThatOfTheClock(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"} {
		at, err := time.LoadLocation(name)
		if err != nil {
			t.Skipf("no time zone data here: %v", err)
		}
		z, err := newZone(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(z.from) > 200 {
			t.Errorf("%s: %d changes of the clock in sixty years", name, len(z.from))
		}
		for day := time.Date(zoneFirstYear, 1, 1, 3, 0, 0, 0, time.UTC); day.Year() < zoneLastYear; day = day.Add(11 * time.Hour) {
			if _, want := day.In(at).Zone(); z.offset(day.UnixMilli()) != int64(want) {
				t.Fatalf("%s at %s: got %d s ahead of UTC, want %d", name, day, z.offset(day.UnixMilli()), want)
			}
		}
	}
	if z, err := newZone("UTC"); z != nil || err != nil || z.offset(0) != 0 {
		t.Errorf("UTC: got %v, %v, want none", z, err)
	}
	if _, err := newZone("Mars/Base"); err == nil {
		t.Error("a zone that does not exist is taken")
	}
}

func TestPage_LargeAndSmallOffsets_KeptWithinItsRange(t *testing.T) {
	for _, size := range []float32{1e-9, 1, 1e12, 1e30} {
		d := &page{}
		d.start(1000, float64(size))
		if d.Unit <= 0 || d.HourUnit <= 0 {
			t.Fatalf("size %g: units are %g and %g", size, d.Unit.value(), d.HourUnit.value())
		}
		d.Day[5], d.Week[3] = 1000, -2000
		was, week := d.Unit.value()*1000, d.Unit.value()*-2000
		for i := range 50 {
			d.move(&d.Day[0], size*8, int64(i))
		}
		if got := d.Unit.value() * float64(d.Day[0]); math.Abs(got/(400*float64(size))-1) > 0.02 {
			t.Errorf("size %g: fifty steps of 8 became %g sizes, want 400", size, got/float64(size))
		}
		if got := d.Unit.value() * float64(d.Day[5]); math.Abs(got/was-1) > 0.2 {
			t.Errorf("size %g: another offset became %g, was %g", size, got, was)
		}
		if got := d.Unit.value() * float64(d.Week[3]); math.Abs(got/week-1) > 0.1 {
			t.Errorf("size %g: that of a week became %g, was %g", size, got, week)
		}
	}
	d := &page{}
	d.start(1000, 1e30)
	for i := range 200 {
		d.move(&d.Day[0], math.MaxFloat32/2, int64(i))
	}
	if v := d.Unit.value() * float64(d.Day[0]); math.IsInf(v, 0) || math.IsNaN(v) {
		t.Errorf("beyond all range: offset is %v", v)
	}
}

func TestPage_Refine_KeepsOffsetsInFinerUnits(t *testing.T) {
	d := &page{}
	d.start(1000, 10)
	d.Day[1], d.Week[2], d.Hour[3] = 3000, -3001, 20
	unit, hourUnit := d.Unit, d.HourUnit
	day, week, hour := unit.value()*3000, unit.value()*-3001, hourUnit.value()*20
	d.refine()
	if d.Unit >= unit || d.HourUnit >= hourUnit {
		t.Fatalf("units stay at %g and %g though there is room", d.Unit.value(), d.HourUnit.value())
	}
	if a, b, c := d.Unit.value()*float64(d.Day[1]), d.Unit.value()*float64(d.Week[2]), d.HourUnit.value()*float64(d.Hour[3]); a != day || b != week || c != hour {
		t.Errorf("got %g, %g and %g, want %g, %g and %g", a, b, c, day, week, hour)
	}
}

func TestPage_Level_MovesTheMeanOfADayToTheLongLevel(t *testing.T) {
	d := &page{}
	d.start(1000, 10)
	for i := range d.Day {
		d.Day[i] = int16(500 + 10*(i%2))
		d.Known[i>>5] |= 1 << (i & 31)
	}
	d.Ages = 1
	if got, want := d.level(defaults()), 505*d.Unit.value(); math.Abs(got-want) > d.Unit.value() {
		t.Errorf("moved %v, want %v", got, want)
	}
	if mean := d.dayMean(); math.Abs(mean) > 1 {
		t.Errorf("mean of the day is still %v units", mean)
	}
}
