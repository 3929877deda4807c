package story

import (
	"math"
	"testing"
)

func TestPoints_JitteredHistogram_GrowsAndStaysCumulative(t *testing.T) {
	s, err := Parse("a", `load 15s jitter 20%
  d_bucket{le="1"} 0+50x99 0+50x99
  d_bucket{le="+Inf"} 0+100x99 0+100x99
  load_average 5x199
  plain_total 0+10x3 _ 50 stale
`)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]float64{}
	for _, p := range points(s) {
		name := p.labels.Get("__name__") + p.labels.Get("le")
		got[name] = append(got[name], p.v)
	}
	one, inf := got["d_bucket1"], got["d_bucket+Inf"]
	for i := range inf {
		if i != 0 && i != 100 && inf[i] < inf[i-1] {
			t.Fatalf("value %d: the counter falls from %v to %v", i, inf[i-1], inf[i])
		}
		if one[i] > inf[i] {
			t.Fatalf("value %d: bucket 1 holds %v, more than all %v", i, one[i], inf[i])
		}
	}
	if inf[100] != 0 {
		t.Errorf("a counter that starts over: got %v, want 0", inf[100])
	}
	if inf[50] == 5000 {
		t.Error("no jitter on a counter")
	}
	varied := false
	for _, v := range got["load_average"] {
		varied = varied || v != 5
		if v < 2 || v > 8 {
			t.Errorf("a gauge of 5 with 20 %%: got %v", v)
		}
	}
	if !varied {
		t.Error("no jitter on a gauge")
	}
	if n := len(got["plain_total"]); n != 6 || !math.IsNaN(got["plain_total"][5]) {
		t.Errorf("a gap and a staleness marker: got %v", got["plain_total"])
	}
}
