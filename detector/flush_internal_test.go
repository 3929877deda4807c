package detector

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// TestFlush_WhatFadesEndsAtZero shows series that fall silent after noise and a gap until
// everything that fades would have been a subnormal number for long.
func TestFlush_WhatFadesEndsAtZero(t *testing.T) {
	for name, after := range map[string]float64{"at zero": 0, "at a value": 100} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			b, s, slot, at := glideBank(t, 0, nil)
			b.params.Evidence.StillChanges = math.MaxUint32 // no flat line is told of, which would keep what was normal
			faded := map[string]bool{}
			for i := range 60_000 {
				if at += 15_000; i == 150 {
					at += 600_000
				}
				x := after
				if i < 200 {
					x += math.Abs(r.NormFloat64())
				}
				b.Observe(slot, at, x)
				v := reflect.ValueOf(*s)
				for k := range v.NumField() {
					f, name := v.Field(k), v.Type().Field(k).Name
					n := 1
					if f.Kind() == reflect.Array {
						n = f.Len()
					}
					for j := range n {
						x := f
						if f.Kind() == reflect.Array {
							x = f.Index(j)
						}
						if !x.CanFloat() {
							break
						}
						size, least := math.Abs(x.Float()), 0x1p-1022
						if x.Kind() == reflect.Float32 {
							least = 0x1p-126
						}
						if size > 0 && size < least {
							t.Fatalf("sample %d: %s[%d] is %v, which is subnormal", i, name, j, size)
						}
						faded[name] = faded[name] || size > 0 && size < 1e-20
					}
				}
			}
			for _, name := range []string{"GapShare", "ChangeRate", "Held"} {
				if !faded[name] {
					t.Errorf("%s has not faded, so that nothing was shown of it", name)
				}
			}
		})
	}
}

// A series whose values are as small as what has faded, as likelihoods may be, has not faded.
func TestFlush_TinyValues_AreNotZero(t *testing.T) {
	for _, size := range []float64{1, 1e-24, 1e-26, 1e-28, 1e-30} {
		opened := 0
		for seed := range uint64(4) {
			r := rand.New(rand.NewPCG(seed, 9))
			b, s, slot, at := glideBank(t, 0, nil)
			for range 3000 {
				at += 60_000
				if v, told := b.Observe(slot, at, size*(10+r.NormFloat64())); told && v.Phase == PhaseOpened {
					opened++
				}
			}
			if math.Abs(s.Long/size-10) > 2 {
				t.Errorf("size %g: the level is %g", size, s.Long)
			}
		}
		if opened > 4 {
			t.Errorf("size %g: %d alarms in 8 days of four series of noise", size, opened)
		}
	}
}
