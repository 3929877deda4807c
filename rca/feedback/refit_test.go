package feedback_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/rca/feedback"
	"github.com/tocsinhq/tocsin/telemetry"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// ranking makes rows with the terms that rankings have.
func ranking(r *rand.Rand, n int) []rca.Finding {
	var rows []rca.Finding
	for i := range n {
		rows = append(rows, rca.Finding{Change: &telemetry.Change{ID: fmt.Sprintf("c%02d", i), Started: noon.Add(time.Duration(i) * time.Second)}, Terms: []rca.Term{
			{Name: "prior", Points: -2.9 + r.Float64()}, {Name: "time", Points: 4*r.Float64() - 2},
			{Name: "effect", Points: 6*r.Float64() - 3}, {Name: "place", Points: 1.5 * float64(r.IntN(2))},
		}})
	}
	rows = append(rows, rca.Finding{Terms: []rca.Term{{Name: "prior", Points: 0.3}, {Name: "effect", Points: 1.5 * r.Float64()}}})
	return rca.Reweigh(rows, rca.Weights{})
}

// operator labels rankings by a truth of their own.
func operator(seed uint64, n int, truth rca.Weights) []feedback.Label {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]feedback.Label, n)
	for i := range out {
		l := feedback.Label{Feedback: int64(i + 1), Incident: fmt.Sprint("i", i), Rows: ranking(r, 4), Right: -1, Wrong: -1}
		u, right := r.Float64(), ""
		for _, f := range rca.Reweigh(l.Rows, truth) {
			if right = feedback.NameOf(f); u < f.Probability {
				break
			} else {
				u -= f.Probability
			}
		}
		for k, f := range l.Rows {
			if feedback.NameOf(f) == right {
				l.Right = k
			}
		}
		if i%4 == 3 && l.Right != 0 { // some only say that the first was wrong
			l.Right, l.Wrong = -1, 0
		}
		out[i] = l
	}
	return out
}

var biased = rca.Weights{Multipliers: map[string]float64{"time": 2.5, "effect": 0.4, "place": 2}, Offset: 1.5}

func loss(labels []feedback.Label, w rca.Weights) float64 {
	sum := 0.0
	for _, l := range labels {
		sum += feedback.Loss(l, w)
	}
	return sum / float64(len(labels))
}

// An operator whose shop differs from the house's weights in a known way teaches
// the ranking to do better on incidents that it has not seen.
func TestRefit_KnownBias_HelpsOnHeldOut(t *testing.T) {
	heldOut := operator(99, 400, biased)
	before := loss(heldOut, rca.Weights{})
	best := loss(heldOut, biased)
	last := before
	for _, n := range []int{20, 60, 200} {
		row := feedback.Refit(operator(uint64(n), n, biased), rca.Weights{}, "t", noon)
		after := loss(heldOut, row.Weights)
		t.Logf("%3d labels: held out log loss %.3f -> %.3f (the truth itself %.3f); %s; %v", n, before, after, best, row.Reason, row.Weights.Multipliers)
		if !row.Taken || after > before-0.05 || after > last+0.02 {
			t.Errorf("%d labels: taken %v, held out log loss %.3f -> %.3f; want it taken and better than %.3f", n, row.Taken, before, after, last)
		}
		last = after
	}
	if last > best+0.05 {
		t.Errorf("after 200 labels the log loss is %.3f, want within 0.05 of the truth's %.3f", last, best)
	}
}

// Where the house's weights are right, nothing is taken, or nothing is lost.
func TestRefit_NoBias_DoesNoHarm(t *testing.T) {
	heldOut := operator(98, 400, rca.Weights{})
	before := loss(heldOut, rca.Weights{})
	for _, n := range []int{10, 20, 60} {
		for seed := range uint64(5) {
			row := feedback.Refit(operator(seed, n, rca.Weights{}), rca.Weights{}, "t", noon)
			if row.Taken && loss(heldOut, row.Weights) > before+0.06 {
				t.Errorf("%d labels, seed %d: %s; but held out it goes from %.3f to %.3f", n, seed, row.Reason, before, loss(heldOut, row.Weights))
			}
		}
	}
}

func TestRefit_ThreeContradictoryLabels_MoveNothingDangerous(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	rows := ranking(r, 4)
	var labels []feedback.Label
	for i := range 3 {
		labels = append(labels, feedback.Label{Feedback: int64(i + 1), Rows: rows, Right: i, Wrong: -1})
	}
	row := feedback.Refit(labels, rca.Weights{}, "t", noon)
	if row.Taken || !reflect.DeepEqual(row.Weights, rca.Weights{}) {
		t.Errorf("three labels: got %+v, want nothing taken", row)
	}
	w := feedback.Fit(labels) // even without the least number
	for name, m := range w.Multipliers {
		if math.Abs(m-1) > 0.35 {
			t.Errorf("%s counts %.2f as much after three labels that contradict each other", name, m)
		}
	}
	if math.Abs(w.Slope-1) > 0.35 || math.Abs(w.Offset) > 0.35 {
		t.Errorf("slope %.2f, offset %.2f", w.Slope, w.Offset)
	}
	var many []feedback.Label
	for i := range 60 { // any row is as right as any other, by turns
		many = append(many, feedback.Label{Feedback: int64(i + 1), Rows: rows, Right: i % 5, Wrong: -1})
	}
	w = feedback.Refit(many, rca.Weights{}, "t", noon).Weights
	for name, m := range w.Multipliers {
		if m < 0.25 || m > 3 {
			t.Errorf("%s counts %.2f as much, want within 0.25 and 3", name, m)
		}
	}
}

func TestRefit_SameLabels_SameBits(t *testing.T) {
	labels := operator(3, 80, biased)
	a := feedback.Refit(labels, rca.Weights{}, "t", noon)
	for i, j := 0, len(labels)-1; i < j; i, j = i+1, j-1 {
		labels[i], labels[j] = labels[j], labels[i]
	}
	if b := feedback.Refit(labels, rca.Weights{}, "t", noon); !reflect.DeepEqual(a, b) {
		t.Errorf("the order of labels changes the weights: %+v, %+v", a.Weights, b.Weights)
	}
}

func TestReweigh_BackAgain_IsTheSame(t *testing.T) {
	rows := ranking(rand.New(rand.NewPCG(8, 8)), 6)
	with := rca.Reweigh(rows, rca.Weights{Multipliers: map[string]float64{"time": 2, "effect": 0.5}, Slope: 1.5, Offset: -1, Curve: []rca.Step{{From: 0, Probability: 0.1}, {From: 0.5, Probability: 0.7}}})
	sum := 0.0
	for i, f := range with {
		sum += f.Probability
		if i > 0 && f.Probability > with[i-1].Probability {
			t.Errorf("row %d is more probable than the one before it", i)
		}
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("probabilities sum up to %v", sum)
	}
	for i, f := range rca.Reweigh(with, rca.Weights{}) {
		if math.Abs(f.Probability-rows[i].Probability) > 1e-9 || feedback.NameOf(f) != feedback.NameOf(rows[i]) {
			t.Errorf("row %d: got %s %v, want %s %v", i, feedback.NameOf(f), f.Probability, feedback.NameOf(rows[i]), rows[i].Probability)
		}
	}
}
