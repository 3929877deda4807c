package detector_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/detector"
)

// Samples a second apart are many chances to be wrong. That must not hide what no chance
// explains: a service that counts seventy requests in a second and then none.
func TestCloserSamples_TrafficStops_IsFoundAtOnce(t *testing.T) {
	begin := time.Date(2024, 1, 8, 0, 0, 0, 0, time.UTC)
	hit := begin.AddDate(0, 0, 2).Add(10 * time.Hour)
	for seed := range uint64(3) {
		r, b, early, opened := rand.New(rand.NewPCG(seed, 7)), newBank(t), 0, time.Time{}
		slot := b.Register(gauge("requests_in_a_second"))
		for at := begin; at.Before(hit.Add(time.Minute)) && opened.IsZero(); at = at.Add(time.Second) {
			mean := 50 + 40*math.Sin(2*math.Pi*float64(at.Unix()%86400)/86400)
			x := math.Max(0, math.Round(mean+math.Sqrt(mean)*r.NormFloat64()))
			if !at.Before(hit) {
				x = 0
			}
			v, tell := b.Observe(slot, at.UnixMilli(), x)
			switch {
			case !tell || v.Phase != detector.PhaseOpened:
			case at.Before(hit):
				early++
			default:
				opened = at
			}
		}
		if opened.IsZero() || opened.Sub(hit) > 10*time.Second || early > 2 {
			t.Errorf("seed %d: opened %v, hit %v; %d alarms in two days before", seed, opened, hit, early)
		}
	}
}
