package detector

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

// dayKinds are kinds of series that have a page. Each returns a value for a time in ms.
var dayKinds = map[string]func(r *rand.Rand) func(t int64) float64{
	"noise": func(r *rand.Rand) func(int64) float64 {
		return func(int64) float64 { return 100 + r.NormFloat64() }
	},
	"wave": func(r *rand.Rand) func(int64) float64 {
		return func(t int64) float64 {
			return 100 + 10*math.Sin(2*math.Pi*float64(t)/86_400_000) + r.NormFloat64()
		}
	},
	"office hours": func(r *rand.Rand) func(int64) float64 {
		return func(t int64) float64 {
			if h := float64(t%86_400_000)/3_600_000 + 0.02*r.NormFloat64(); h > 9 && h < 17 {
				return 130 + r.NormFloat64()
			}
			return 100 + r.NormFloat64()
		}
	},
	"hours that move": func(r *rand.Rand) func(int64) float64 {
		return func(t int64) float64 {
			from := 9.0
			if t > 1_767_571_200_000+2*86_400_000 {
				from = 8
			}
			if h := float64(t%86_400_000) / 3_600_000; h >= from && h < from+8 {
				return 130 + r.NormFloat64()
			}
			return 100 + r.NormFloat64()
		}
	},
	"weekend": func(r *rand.Rand) func(int64) float64 {
		return func(t int64) float64 {
			if day := (t/86_400_000 + 3) % 7; day >= 5 {
				return 70 + r.NormFloat64()
			}
			return 100 + r.NormFloat64()
		}
	},
	"saw": func(r *rand.Rand) func(int64) float64 {
		return func(t int64) float64 { return float64(t%86_400_000)/1e6 + r.NormFloat64() }
	},
	"level that is odd, and noise": func(r *rand.Rand) func(int64) float64 {
		return func(t int64) float64 {
			switch h := t / 3_600_000 % 51; {
			case h > 46:
				return 140 + 8*r.NormFloat64()
			case h == 20 && t/15_000%9 == 0:
				return 70
			}
			return 100 + r.NormFloat64()
		}
	},
}

// daysOfKind is how many days of a kind are looked at: weeks are of use after two.
func daysOfKind(kind string) int {
	if kind == "weekend" {
		return 27
	}
	return 5
}

// TestEven_HoldsUntilThePageIsReadAgain looks for edges after each sample, by the page and the
// errors as they are then.
func TestEven_HoldsUntilThePageIsReadAgain(t *testing.T) {
	for name, kind := range dayKinds {
		b, s, slot, at := glideBank(t, 0, nil)
		value := kind(rand.New(rand.NewPCG(1, 2)))
		even, lessons, borders := 0, 0, 0
		for range daysOfKind(name) * 5760 {
			at += 15_000
			turns := b.params.turnOf(at) != s.Turn
			b.Observe(slot, at, value(at))
			if !s.has(flagPage) || at-int64(s.FirstTime)*1000 < 2*86_400_000 {
				continue
			}
			if turns {
				lessons++
			}
			if !s.has(flagEven) {
				continue
			}
			if turns {
				even++
			}
			var now, last place
			now.set(&b.params, at/1000, 180)
			last.set(&b.params, (at/180_000+1)*180-1, 180)
			for _, of := range []*place{&now, &last} {
				d := b.days.at(s.Page)
				if d.weekly(&b.params) {
					borders++
				}
				if e := d.near(&b.params, of, float64(s.MixErr)).or(d.nearWeek(&b.params, of, float64(s.MixErr))); e != (edge{}) {
					t.Fatalf("%s: at %d no edge is said to be near, and there is %v", name, at, e)
				}
			}
		}
		if name == "weekend" && borders == 0 {
			t.Errorf("%s: its week was never of use", name)
		}
		if 2*even < lessons || name == "office hours" && even > lessons*9/10 {
			t.Errorf("%s: %d of %d lessons say that no edge is near, want most, and near the hours of an edge none", name, even, lessons)
		}
	}
}

// TestEven_SavesReadingOnly runs each kind through two series, of which one never takes a time
// for even.
func TestEven_SavesReadingOnly(t *testing.T) {
	for name, kind := range dayKinds {
		some, s, slot, at := glideBank(t, 0, nil)
		none, w, _, _ := glideBank(t, 0, nil)
		none.params.evenMost = -1
		value, even, opened := kind(rand.New(rand.NewPCG(3, 4))), 0, 0
		for range (daysOfKind(name) - 1) * 5760 {
			at += 15_000
			x := value(at)
			a, tells := some.Observe(slot, at, x)
			if b, told := none.Observe(slot, at, x); tells != told || a.Phase != b.Phase {
				t.Fatalf("%s at %d: even %+v, read %+v", name, at, a, b)
			}
			if tells && a.Phase == PhaseOpened {
				opened++
			}
			if s.has(flagEven) {
				even++
			}
			one, two := *s, *w
			one.clear(flagEven)
			if !sameBytes(&stateForm, &one, &two) || s.has(flagPage) && !sameBytes(&pageForm, some.days.at(s.Page), none.days.at(w.Page)) {
				t.Fatalf("%s at %d:\neven %+v\nread %+v", name, at, one, two)
			}
		}
		if even < 5000 || opened == 0 && name == "level that is odd, and noise" {
			t.Errorf("%s: even at %d samples, and %d episodes opened: nothing was shown", name, even, opened)
		}
	}
}

// sameBytes compares as checkpoints have it: what is not known yet is no number, which is not
// like itself.
func sameBytes[T any](f *flat[T], a, b *T) bool {
	return bytes.Equal(f.append(nil, a), f.append(nil, b))
}
