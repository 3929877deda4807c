package detector

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/promql"
)

func TestBucketQuantile_AnyCounts_SameBitsAsPromQL(t *testing.T) {
	numbers := 0
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 9))
		var ours []gain
		var theirs promql.Buckets
		bound, count := 3*r.NormFloat64(), 0.0
		for range r.IntN(12) {
			switch r.IntN(6) {
			case 0:
				count *= 1 + 1e-13*r.NormFloat64()
			case 1:
				count *= 0.9
			case 2:
			default:
				count += float64(r.IntN(100))
			}
			ours = append(ours, gain{bound, count})
			theirs = append(theirs, promql.Bucket{UpperBound: bound, Count: count})
			bound += r.ExpFloat64()
			if r.IntN(6) == 0 {
				bound = math.Inf(1)
			}
			if math.IsInf(ours[len(ours)-1].bound, 1) {
				break
			}
		}
		q := r.Float64()
		smooth(ours)
		got := bucketQuantile(q, ours)
		smooth(ours)
		again := bucketQuantile(q, ours)
		want, _, _, _, _, _ := promql.BucketQuantile(q, theirs)
		if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) || math.Float64bits(got) != math.Float64bits(again) {
			t.Fatalf("seed %d: quantile %v of %v: got %v and then %v, want %v", seed, q, theirs, got, again, want)
		}
		if !math.IsNaN(got) {
			numbers++
		}
	}
	if numbers < 1000 {
		t.Errorf("got %d quantiles that are numbers: the comparison shows little", numbers)
	}
}
