package detector_test

import (
	"math"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// turned returns samples at a step in seconds for some days and hours, and 48 hours
// more, each as f says of its time and of the hours since the days and hours are over
// (negative before).
func turned(step float64, days, hours int, f func(at time.Time, since float64) float64) (samples []telemetry.Sample, from int64) {
	end := time.Duration(24*days+hours) * time.Hour
	for i := 0; ; i++ {
		age := time.Duration(float64(i) * step * float64(time.Second))
		if age >= end+48*time.Hour {
			return samples, monday.Add(end).UnixMilli()
		}
		at := monday.Add(age)
		samples = append(samples, telemetry.Sample{T: at.UnixMilli(), V: f(at, (age - end).Hours())})
	}
}

func TestLevel_ShiftedAtHourlySteps_IsNormalWithinADay(t *testing.T) {
	for name, wave := range map[string]float64{"flat": 0, "daily": 30} {
		for _, hour := range []int{3, 10, 20} {
			for seed := range uint64(3) {
				r := noise(80 + seed)
				samples, from := turned(3600, 21, hour, func(at time.Time, since float64) float64 {
					v := 100 + wave*swing(at) + 2*r()
					if since >= 0 {
						v += 20 + 1.3*wave
					}
					return v
				})
				told := after(play(t, gauge("m"), samples), from)
				opened, closed := countPhase(told, detector.PhaseOpened), time.Duration(0)
				for _, v := range told {
					if v.Phase == detector.PhaseClosed && v.Kind == detector.KindLevelShift && closed == 0 {
						closed = time.Duration(v.Time-from) * time.Millisecond
					}
				}
				if opened != 1 || closed == 0 || closed > 20*time.Hour {
					t.Errorf("%s, at %d o'clock, series %d: %d episodes in two days, level taken as normal after %v, want one and 20 h at most", name, hour, seed, opened, closed)
				}
			}
		}
	}
}

func TestLevel_OfTwentyHoursAtHourlySteps_ItsEndDoesNotPage(t *testing.T) {
	for seed := range uint64(4) {
		r := noise(80 + seed)
		samples, from := turned(3600, 21, 10, func(_ time.Time, since float64) float64 {
			v := 100 + 2*r()
			if since >= 0 && since < 20 {
				v += 20
			}
			return v
		})
		told := after(play(t, gauge("m"), samples), from)
		if got := countPhase(told, detector.PhaseOpened); got != 1 {
			t.Errorf("series %d: %d episodes, want one: %+v", seed, got, told)
		}
	}
}

// TestTraffic_Gone_IsOneEpisode has the traffic of a day that is lowest at 18 o'clock:
// none of it is ordinary enough then for an episode to close.
func TestTraffic_Gone_IsOneEpisode(t *testing.T) {
	found := 0
	for _, step := range []float64{900, 1800, 3600} {
		for _, hour := range []int{3, 10, 20} {
			for seed := range uint64(3) {
				r := noise(80 + seed)
				samples, from := turned(step, 10, hour, func(at time.Time, since float64) float64 {
					m := 50 + 40*swing(at)
					if v := math.Round(m + math.Sqrt(m)*r()); since < 0 {
						return max(0, v)
					}
					return 0
				})
				told := after(play(t, gauge("m"), samples), from)
				got := countPhase(told, detector.PhaseOpened)
				if found += got; got > 1 {
					t.Errorf("step %g s, at %d o'clock, series %d: %d episodes in the two days after the end of traffic, want one", step, hour, seed, got)
				}
			}
		}
	}
	if found < 25 {
		t.Errorf("the end of traffic opened %d episodes of 27 that it should", found)
	}
}
