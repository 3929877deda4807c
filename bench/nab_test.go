package main

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/telemetry"
)

// marked returns a series of n rows, 15 of 100 of them probation, with windows.
func marked(n int, windows ...span) *labelled {
	return &labelled{samples: make([]telemetry.Sample, n), windows: windows}
}

func flagged(n int, rows ...int) []float64 {
	s := make([]float64, n)
	for _, i := range rows {
		s[i] = 1
	}
	return s
}

func TestNABScores_HandComputedCases_MatchTheRule(t *testing.T) {
	// One window of ten rows, 40 to 49. With one window the standard and low_fp
	// score is 100 (total + 1)/2, the low_fn score 100 (total + 2)/3.
	last := (2/(1+math.Exp(-0.5)) - 1) / (2/(1+math.Exp(-5)) - 1) // row 49: p = -1/10
	one := 2/(1+math.Exp(5)) - 1                                  // row 58: p = 9/9
	for name, c := range map[string]struct {
		rows                   []int
		standard, lowFP, lowFN float64
	}{
		"silent":                       {nil, 0, 0, 0},
		"first row":                    {[]int{40}, 100, 100, 100},
		"whole window counts its best": {[]int{40, 41, 42, 49}, 100, 100, 100},
		"last row":                     {[]int{49}, 100 * (last + 1) / 2, 100 * (last + 1) / 2, 100 * (last + 2) / 3},
		"row before any window":        {[]int{20, 40}, 100 - 11/2., 100 - 22/2., 100 - 11/3.},
		"row in probation":             {[]int{14, 40}, 100, 100, 100},
		"first row after probation":    {[]int{15, 40}, 100 - 11/2., 100 - 22/2., 100 - 11/3.},
		"row one width after":          {[]int{40, 58}, 100 + 11*one/2, 100 + 22*one/2, 100 + 11*one/3},
		"row far after":                {[]int{40, 90}, 100 - 11/2., 100 - 22/2., 100 - 11/3.},
		"only far rows":                {[]int{20, 90}, 0, 0, 0},
	} {
		got := nabScores([]*labelled{marked(100, span{40, 49})}, [][]float64{flagged(100, c.rows...)})
		for i, want := range []float64{c.standard, c.lowFP, c.lowFN} {
			if math.Abs(got[i].score-want) > 1e-9 {
				t.Errorf("%s, %s: got %v, want %v", name, nabProfiles[i].name, got[i].score, want)
			}
		}
	}
}

func TestNABScores_TwoFiles_ShareOneThreshold(t *testing.T) {
	quiet, loud := flagged(100, 40), flagged(100, 40)
	quiet[40] = 0.5 // found only below the threshold that keeps row 20 of the other out
	loud[20] = 0.7
	set := []*labelled{marked(100, span{40, 49}), marked(100, span{40, 49})}
	got := nabScores(set, [][]float64{quiet, loud})
	// Both windows for the price of one false row: (2 - 0.11 + 2)/4.
	if want := 100 * (2 - 0.11 + 2) / 4; math.Abs(got[0].score-want) > 1e-9 {
		t.Errorf("got %v, want %v", got[0].score, want)
	}
	if got[0].threshold != 0.5 || got[0].found != 2 || got[0].windows != 2 || got[0].falseRows != 1 {
		t.Errorf("got %+v", got[0])
	}
}

func TestNABScores_TiedRows_AreFlaggedTogether(t *testing.T) {
	// A score that rates everything the same must not pick the rows it likes.
	all := make([]float64, 100)
	got := nabScores([]*labelled{marked(100, span{40, 49})}, [][]float64{all})
	if got[0].score != 0 || !math.IsInf(got[0].threshold, 1) {
		t.Errorf("25 rows before the window cost more than it is worth: got %+v, want silence", got[0])
	}
}

func TestNABRows_NotANumber_IsNeverFlagged(t *testing.T) {
	s := flagged(100, 40)
	s[20] = math.NaN()
	if rows, _ := nabRows([]*labelled{marked(100, span{40, 49})}, [][]float64{s}); len(rows) != 84 {
		t.Errorf("got %d rows, want 84", len(rows))
	}
}

func TestRun_NABWithoutData_SaysSo(t *testing.T) {
	var out, complaints bytes.Buffer
	if got := run([]string{"nab", "--data", t.TempDir()}, &out, &complaints); got != 2 || !strings.Contains(complaints.String(), "--data") {
		t.Errorf("got code %d and %q, want 2 and a hint", got, complaints.String())
	}
}

func TestRested_Rows_SpeakOnlyAboveTheRowsBefore(t *testing.T) {
	in := make([]float64, 40)
	in[1], in[2], in[3], in[4], in[33] = 5, 3, 5, 6, 5
	want := map[int]float64{1: 5, 4: 6}
	for i, got := range rested(in) {
		if got != want[i] {
			t.Errorf("row %d: got %v, want %v", i, got, want[i])
		}
	}
	in[33], in[35] = 0, 2 // 31 rows after the last
	if got := rested(in)[35]; got != 2 {
		t.Errorf("after the rest: got %v, want 2", got)
	}
}
