package main

import (
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

func TestMoved_EveryParameterOfAScore_ButCounts(t *testing.T) {
	usual := detector.DefaultParameters()
	up, down := usual, usual
	moved(&up, rand.New(rand.NewPCG(1, 60)), 0.06)
	moved(&down, rand.New(rand.NewPCG(1, 60)), -0.06)
	changed := 0
	for i, x := range usual.All() {
		a, b := up.All()[i], down.All()[i]
		if a.Value == x.Value && b.Value == x.Value {
			continue
		}
		changed++
		if a.Value > a.Low && a.Value < a.High && b.Value > b.Low && b.Value < b.High && math.Abs(a.Value*b.Value-x.Value*x.Value) > 1e-6*x.Value*x.Value {
			t.Errorf("%s: %v and %v do not lie alike on either side of %v", x.Name, a.Value, b.Value, x.Value)
		}
		if r := math.Abs(math.Log(a.Value / x.Value)); r > 5*0.06 {
			t.Errorf("%s: %v became %v", x.Name, x.Value, a.Value)
		}
		if x.Name == "Charts.Window[0]" || x.Name == "Service.OffsetStep" {
			t.Errorf("%s was moved", x.Name)
		}
	}
	if changed < 100 {
		t.Errorf("%d parameters were moved, want a hundred at least", changed)
	}
	up.Validate(func(path, format string, args ...any) { t.Errorf("%s: "+format, append([]any{path}, args...)...) })
}

func TestPrintAround_MeansLeaveTheSettingItselfOut(t *testing.T) {
	got, err := printAround(io.Discard, []figures{{"x": 100}, {"x": 1}, {"x": 3}})
	if err != nil || got["x"] != 2 || math.Abs(got["x_deviation"]-math.Sqrt2) > 1e-12 {
		t.Errorf("got %v, %v, want a mean of 2 and a deviation of the root of 2", got, err)
	}
}

func TestAround_WrongFlags_SayWhatIsWanted(t *testing.T) {
	for _, args := range [][]string{{"--draws", "1"}, {"--by", "0"}, {"--by", "1.5"}} {
		if _, err := around(args, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
