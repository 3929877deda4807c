package detector_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

const ebbDay = 86_400_000

// noisyTraffic returns samples of so many weeks and two hours of traffic with a day, half of
// it at weekends, and log-normal noise of .35 that hangs together; times after the weeks,
// and within falls, are a part of it.
func noisyTraffic(seed uint64, step int64, weeks float64, part float64, falls ...[2]int64) []telemetry.Sample {
	from, r := monday.UnixMilli(), rand.New(rand.NewPCG(seed, 11))
	last := int64(weeks * 7 * ebbDay)
	var samples []telemetry.Sample
	noise := 0.0
	for at := int64(0); at < last+2*3_600_000; at += step {
		noise = 0.8*noise + 0.6*0.35*r.NormFloat64()
		hour := float64(at%ebbDay) / 3_600_000
		v := 300 + 700*math.Max(0, math.Sin((hour-6)/16*math.Pi))
		if at/ebbDay%7 >= 5 {
			v /= 2
		}
		v *= math.Exp(noise)
		within := at >= last
		for _, x := range falls {
			within = within || at >= x[0] && at < x[1]
		}
		if within {
			v *= part
		}
		samples = append(samples, telemetry.Sample{T: from + at, V: v})
	}
	return samples
}

// fallTold reports whether an alarm opens in the two hours after the weeks, and how many did
// in the last week before.
func fallTold(c detector.Config, samples []telemetry.Sample, weeks float64) (told bool, before int) {
	begins := samples[0].T + int64(weeks*7*ebbDay)
	detector.Replay(c, labels.FromStrings("__name__", "watched"), samples, func(v detector.Verdict) {
		switch {
		case v.Phase != detector.PhaseOpened:
		case v.Time >= begins:
			told = true
		case v.Time >= begins-7*ebbDay:
			before++
		}
	})
	return told, before
}

// With what charts know of weekends at half and of noise, a fall to a tenth is within what
// has been; by how many times it is less, it is not.
func TestReplay_NoisyTrafficFallsToATenth_IsTold(t *testing.T) {
	without := detector.DefaultConfig()
	p := detector.DefaultParameters()
	p.Ebb.After = 60 // longer than these series last
	without.Parameters = &p
	for _, step := range []int64{15_000, 60_000, 300_000} {
		got, silent, alarms, alarmsWithout := 0, 0, 0, 0
		for seed := range uint64(6) {
			// From Tuesday to Thursday, every five hours of the day.
			weeks := 3 + (1+float64(seed%3))/7 + float64(seed*5+1)/168
			samples := noisyTraffic(seed, step, weeks, 0.1)
			told, before := fallTold(detector.DefaultConfig(), samples, weeks)
			alarms += before
			if told {
				got++
			}
			told, before = fallTold(without, samples, weeks)
			alarmsWithout += before
			if told {
				silent++
			}
		}
		t.Logf("step %d s: falls told %d of 6, %d without ebb; alarms of the week before %d and %d", step/1000, got, silent, alarms, alarmsWithout)
		if got < 5 || silent >= got {
			t.Errorf("step %d s: falls to a tenth told: got %d of 6, and %d without ebb; want 5 or more, and fewer", step/1000, got, silent)
		}
		if alarms > alarmsWithout+1 {
			t.Errorf("step %d s: got %d alarms in the week before, want no more than one beside the %d without ebb", step/1000, alarms, alarmsWithout)
		}
	}
}

// An outage must not teach that it is usual: the next one is told too.
func TestReplay_NoisyTrafficFallsAgain_IsToldAgain(t *testing.T) {
	got := 0
	for seed := range uint64(6) {
		const weeks = 3 + 2.5/7
		noon := int64((3*7 - 4 + 0.5) * ebbDay) // Thursday's, five days before
		told, _ := fallTold(detector.DefaultConfig(), noisyTraffic(seed, 60_000, weeks, 0.1, [2]int64{noon, noon + 3_600_000}), weeks)
		if told {
			got++
		}
	}
	if got < 5 {
		t.Errorf("falls to a tenth some days after one of an hour: got %d of 6 told, want 5 or more", got)
	}
}

func TestReplayExplain_Ebb_SaysByHowManyTimes(t *testing.T) {
	const weeks = 3 + 2.5/7
	samples := noisyTraffic(1, 60_000, weeks, 0.05)
	at := samples[len(samples)-110].T
	e, ok := detector.ReplayExplain(detector.DefaultConfig(), 0, labels.FromStrings("__name__", "watched"), samples, at)
	if !ok {
		t.Fatal("no explanation")
	}
	var x detector.Evidence
	for _, c := range e.Evidence {
		if c.Channel == "ebb" {
			x = c
		}
	}
	if want := x.Bonus + x.Shape*math.Log2(x.Size/x.Quantile); x.Silent != "" || math.Abs(x.Decades-want) > 1e-9 || x.Size < 10 || x.Size > 64 || x.Seen != 504 {
		t.Errorf("got %+v, want how many times the mean fits into normal, and evidence of %v", x, want)
	}
	if text := e.String(); !strings.Contains(text, "ebb") || !strings.Contains(text, "fits into normal") {
		t.Errorf("got explanation without it:\n%s", text)
	}
	early, _ := detector.ReplayExplain(detector.DefaultConfig(), 0, labels.FromStrings("__name__", "watched"), samples, samples[5*1440].T)
	if text := early.String(); !strings.Contains(text, "ebb (") {
		t.Errorf("got no word of why it is silent:\n%s", text)
	}
}
