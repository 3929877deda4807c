package detector_test

import (
	"testing"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// overMinutes gives a rate over the last so many samples of noise, as a recording rule
// does, for n samples; an hour without any comes before sample gap, after which the
// window fills anew.
func overMinutes(seed uint64, n, gap, window int) []telemetry.Sample {
	r, last, at := noise(seed), []float64(nil), start
	var out []telemetry.Sample
	for i := range n {
		at += 15_000
		if i == gap {
			at, last = at+3600_000, nil
		}
		last = append(last, 100+3*r())
		last = last[max(0, len(last)-window):]
		sum := 0.0
		for _, x := range last {
			sum += x
		}
		out = append(out, telemetry.Sample{T: at, V: sum / float64(len(last))})
	}
	return out
}

// A window that has not filled again is noisier than it was before the gap.
func TestGap_WindowFillsAnew_HardlyAnyAlarm(t *testing.T) {
	const n, gap, series = 600, 480, 100
	alarms := 0
	for seed := range uint64(series) {
		samples := overMinutes(seed, n, gap, 20)
		for _, v := range play(t, gauge("x"), samples) {
			if v.Phase == detector.PhaseOpened && v.Time >= samples[gap].T {
				alarms++
			}
		}
	}
	if alarms > 3 {
		t.Errorf("got %d alarms in %d series in half an hour after a gap", alarms, series)
	}
}

// What has changed while nobody looked is told nevertheless.
func TestGap_LevelIsAnotherAfterwards_Alarms(t *testing.T) {
	const n, gap, series = 600, 480, 20
	for seed := range uint64(series) {
		samples := overMinutes(seed, n, gap, 1)
		for i := gap; i < n; i++ {
			samples[i].V += 40
		}
		v, ok := openedAfter(play(t, gauge("x"), samples), samples[gap].T)
		if !ok || v.Time > samples[gap+20].T {
			t.Errorf("seed %d: opened %v, %d samples after the gap", seed, ok, (v.Time-samples[gap].T)/15_000)
		}
	}
}
