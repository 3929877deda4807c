package condition_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tocsinhq/tocsin/rules/condition"
	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/telemetry"
)

func catalogue(t testing.TB) *signal.Catalogue {
	t.Helper()
	c, err := signal.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestParse_Legal_GivesPromQL(t *testing.T) {
	cat := catalogue(t)
	for text, want := range map[string]string{
		"error_rate > 5%":                          "tocsin:error_rate > 0.05",
		"error_rate>0.05":                          "tocsin:error_rate > 0.05",
		"error_rate >= 12.5 %":                     "tocsin:error_rate >= 0.125",
		"p95_latency > 1000ms":                     "tocsin:p95_latency > 1",
		"p95_latency > 1.5s":                       "tocsin:p95_latency > 1.5",
		"p95_latency > 1m":                         "tocsin:p95_latency > 60",
		"response_time_p95 > 2":                    "tocsin:p95_latency > 2",
		"p99_latency > 250us":                      "tocsin:p99_latency > 0.00025",
		"memory_percent > 85%":                     "tocsin:memory_percent > 85",
		"memory_percent > 90":                      "tocsin:memory_percent > 90",
		"memory_usage >= 1.5GiB":                   "tocsin:memory_usage >= 1610612736",
		"memory_usage > 2e9":                       "tocsin:memory_usage > 2000000000",
		"memory_usage > 512 MB":                    "tocsin:memory_usage > 512000000",
		"request_rate < 30/m":                      "tocsin:request_rate < 0.5",
		"request_rate == 0":                        "tocsin:request_rate == 0",
		"request_rate != 1/s":                      "tocsin:request_rate != 1",
		"request_rate < .5":                        "tocsin:request_rate < 0.5",
		"cpu_cores > 2":                            "tocsin:cpu_cores > 2",
		"request_rate < baseline":                  "tocsin:request_rate < 1 * avg_over_time(tocsin:request_rate[1d] offset 1h)",
		"request_rate > baseline * 3":              "tocsin:request_rate > 3 * avg_over_time(tocsin:request_rate[1d] offset 1h)",
		"request_rate > 3 * baseline":              "tocsin:request_rate > 3 * avg_over_time(tocsin:request_rate[1d] offset 1h)",
		"request_rate < baseline / 4":              "tocsin:request_rate < 0.25 * avg_over_time(tocsin:request_rate[1d] offset 1h)",
		"error_rate > 5% and request_rate > 1/s":   "tocsin:error_rate > 0.05 and tocsin:request_rate > 1",
		"cpu_usage > 90% AND memory_percent > 90%": "tocsin:cpu_usage > 90 and tocsin:memory_percent > 90",
		"error_rate > 5% and cpu_usage > 90%":      "tocsin:error_rate > 0.05 and on (service, environment) tocsin:cpu_usage > 90",
		"(error_rate > 5% or p95_latency > 1s) and request_rate > 1/s": "(tocsin:error_rate > 0.05 or tocsin:p95_latency > 1) and tocsin:request_rate > 1",
		"error_rate > 5% or p95_latency > 1s and request_rate > 1/s":   "tocsin:error_rate > 0.05 or (tocsin:p95_latency > 1 and tocsin:request_rate > 1)",
		"predict(disk_percent, 3d) > 90%":                              `max without (horizon, signal) (tocsin:forecast:value{horizon="3d",signal="disk_percent"}) > 90`,
		"PREDICT( disk_usage , 90 m ) >= 90":                           `max without (horizon, signal) (tocsin:forecast:value{horizon="90m",signal="disk_percent"}) >= 90`,
		"time_until(disk_percent > 95%) < 36h":                         `max without (direction, signal, threshold) (tocsin:forecast:seconds_until{direction="above",signal="disk_percent",threshold="95"}) < 129600`,
		"time_until(request_rate < 1/m) <= 1d":                         `max without (direction, signal, threshold) (tocsin:forecast:seconds_until{direction="below",signal="request_rate",threshold="0.016666666666666666"}) <= 86400`,
		"predict(disk_percent, 3d) > 90% and disk_percent > 50%":       `max without (horizon, signal) (tocsin:forecast:value{horizon="3d",signal="disk_percent"}) > 90 and tocsin:disk_percent > 50`,
		"error_rate > 5% for 5m":                                       "tocsin:error_rate > 0.05",
		"error_rate > 5% and request_rate > 1 for 1h30m":               "tocsin:error_rate > 0.05 and tocsin:request_rate > 1",
		"(error_rate > 5% for 5m) and request_rate > 1":                "((tocsin:error_rate > 0.05) and count_over_time((tocsin:error_rate > 0.05)[5m15s:15s]) > 20) and tocsin:request_rate > 1",
		"(error_rate > 5% for 30s) or (request_rate > 1 FOR 2h)":       "((tocsin:error_rate > 0.05) and count_over_time((tocsin:error_rate > 0.05)[31s:1s]) > 30) or ((tocsin:request_rate > 1) and count_over_time((tocsin:request_rate > 1)[2h5m:5m]) > 24)",
		"anomaly(request_rate) > 0.99":                                 `abs(max without (tocsin_band) (tocsin:request_rate{tocsin_band="anomaly"})) > 0.99`,
		"anomaly(p95_latency, any) >= 99%":                             `abs(max without (tocsin_band) (tocsin:p95_latency{tocsin_band="anomaly"})) >= 0.99`,
		"anomaly(p95_latency) > 0.99 for 5m":                           `max without (tocsin_band) (tocsin:p95_latency{tocsin_band="anomaly"}) > 0.99`,
		"anomaly(request_rate, down) > 0.9 or error_rate > 5%":         `-max without (tocsin_band) (tocsin:request_rate{tocsin_band="anomaly"}) > 0.9 or tocsin:error_rate > 0.05`,
		"((error_rate > 5%))":                                          "tocsin:error_rate > 0.05",
	} {
		c, errs := condition.Parse(text, cat)
		if len(errs) > 0 {
			t.Errorf("%s: %v", text, errs)
			continue
		}
		if got := c.PromQL(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
		if _, err := parser.NewParser(parser.Options{}).ParseExpr(c.PromQL(`service="a"`)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestParse_Event(t *testing.T) {
	c, errs := condition.Parse("deployment_status == failed", catalogue(t))
	if len(errs) > 0 || c.Event == nil || c.Event.Kind != telemetry.KindDeployment || c.Event.Status != telemetry.StatusFailed {
		t.Errorf("got %+v %v", c, errs)
	}
	if c.PromQL() != "" || len(c.Comparisons()) != 0 {
		t.Errorf("an event has PromQL: %q", c.PromQL())
	}
	if c, errs := condition.Parse("flag_status == rolled_back", catalogue(t)); len(errs) > 0 || c.Event.Kind != telemetry.KindFlag {
		t.Errorf("got %+v %v", c, errs)
	}
}

func TestParse_Mistakes_ToldWithColumn(t *testing.T) {
	cat := catalogue(t)
	for text, want := range map[string]string{
		"eror_rate > 5%":                                  `column 1: unknown signal "eror_rate"; did you mean "error_rate"?`,
		"latency_95 > 1s":                                 `column 1: unknown signal "latency_95"; did you mean "latency_p95"?`,
		"colour > 1":                                      `column 1: unknown signal "colour"; known signals: error_rate, request_rate`,
		"error_rate > 150%":                               `column 14: error_rate is a ratio: want a threshold from 0% to 100%, got 150%`,
		"error_rate > 5":                                  `column 14: error_rate is a ratio: want a threshold from 0% to 100%, got 500%; did you mean 5%?`,
		"p95_latency > -5ms":                              `column 15: p95_latency is in seconds: want a threshold of 0 s or more, got -5 ms`,
		"memory_percent > 120":                            `column 18: memory_percent is a percentage: want a threshold from 0% to 100%, got 120%`,
		"memory_percent > 100%":                           `column 18: memory_percent > 100% can never be true: from 0% to 100%`,
		"request_rate < 0":                                `column 16: request_rate < 0/s can never be true`,
		"request_rate >= 0":                               `column 17: request_rate >= 0/s is always true`,
		"error_rate > 5ms":                                `column 14: want a percentage such as 5% or a number from 0 to 1 because error_rate is a ratio, got 5ms`,
		"p95_latency > 5%":                                `column 15: want a duration such as 250ms, 2s or 1m because p95_latency is in seconds, got 5%`,
		"memory_usage > 5/s":                              `want a size such as 512MiB or 2GB`,
		"request_rate > 5MB":                              `want a rate such as 10/s or 300/m`,
		"cpu_cores > 5%":                                  `want a bare number because cpu_cores is a plain number`,
		"p95_latency > 5 parsecs":                         `column 17: want a unit (% ns us`,
		"memory_usage > 5gib":                             `did you mean "GiB"?`,
		"request_rate > 5/y":                              `column 18: want /s, /m or /h after a number, got "/y"`,
		"error_rate = 5%":                                 `column 12: want == to compare, got =`,
		"error_rate ! 5%":                                 `column 12: want != to compare, got !`,
		"error_rate 5%":                                   `column 12: want one of > >= < <= == !=, got "5"`,
		"error_rate >":                                    `column 13: want a number such as 5 or 250ms, or baseline, got the end`,
		"> 5%":                                            `column 1: want the name of a signal such as error_rate, got ">"`,
		"error_rate > 5% p95_latency > 1s":                `column 17: want and, or or the end, got "p95_latency"`,
		"(error_rate > 5%":                                `column 17: want ) for the ( at column 1, got the end`,
		"error_rate > 5% and":                             `column 20: want the name of a signal such as error_rate, got the end`,
		"error_rate > 1.2.3":                              `column 14: want a number, got "1.2.3"`,
		"request_rate > baseline * x":                     `column 27: want a number, got "x"`,
		"request_rate > baseline * 0":                     `want a positive multiple of the baseline, got 0`,
		"request_rate > 3 * 4":                            `column 20: want baseline after *, got "4"`,
		"deployment_status == faild":                      `column 22: unknown status "faild"; did you mean "failed"?`,
		"deployment_status == 5":                          `column 22: want a status such as failed, got "5"`,
		"deploiment_status == failed":                     `column 1: unknown kind of change "deploiment"; did you mean "deployment"?`,
		"weather_status == failed":                        `unknown kind of change "weather"; want one of deployment, config`,
		"deployment_status != failed":                     `column 19: want == after deployment_status, got !=`,
		"deployment_status == failed and error_rate > 5%": `column 1: an event such as deployment_status == failed stands alone`,
		"érror_rate > 5%":                                 `column 1: unknown signal "érror_rate"; did you mean "error_rate"?`,
		"error_rate > 5% & p95_latency > 1s":              `column 17: want and, or or the end, got "&"`,
		"predict(disk_percent) > 90%":                     `column 21: want a comma and how far ahead after the signal, such as predict(disk_percent, 3d), got ")"`,
		"predict(disk_percent, 3) > 90%":                  `column 23: want a duration such as 3d or 12h, got 3`,
		"predict(disk_percent, 3KB) > 90%":                `column 23: want a duration such as 3d or 12h, got 3KB`,
		"predict(disk_percent, 3y) > 90%":                 `want a unit (% ns us`,
		"predict(disk_percent, 5s) > 90%":                 `column 23: want a duration from 1m to 365d, got 5s`,
		"predict(disk_percent, 999d) > 90%":               `column 23: want a duration from 1m to 365d, got 999d`,
		"predict(disc_percent, 3d) > 90%":                 `column 9: unknown signal "disc_percent"; did you mean "disk_percent"?`,
		"predict(disk_percent, 3d > 90%":                  `column 26: want ), got ">"`,
		"predict(disk_percent, 3d) > 190%":                `column 29: disk_percent is a percentage: want a threshold from 0% to 100%, got 190%`,
		"predict(disk_percent, 3d) > baseline":            `column 29: want a number to compare a prediction with, got "baseline"`,
		"predict(5, 3d) > 1":                              `column 9: want the name of a signal as in predict(disk_percent, 3d) > 90%, got "5"`,
		"time_until(disk_percent > 95%) > 3d":             `column 32: want < or <= and a duration after time_until, got >`,
		"time_until(disk_percent == 95%) < 3d":            `column 25: want one of > >= < <= within time_until, got ==`,
		"time_until(disk_percent > 95ms) < 3d":            `column 27: want a percentage such as 85%`,
		"time_until(disk_percent > 95%) < 3":              `column 34: want a duration such as 3d or 12h, got 3`,
		"time_until(disk_percent, 3d) < 3":                `column 24: want one of > >= < <= == !=, got ","`,
		"error_rate > 5% for":                             `column 20: want a duration such as 5m or 1h30m after for, got the end`,
		"error_rate > 5% for 5 parsecs":                   `column 21: want a duration such as 5m or 1h30m after for, got "5parsecs"`,
		"error_rate > 5% for 90d":                         `column 21: want a duration from 1s to 30d after for, got 90d`,
		"error_rate > 5% for 5m and request_rate > 1":     `column 24: want and, or or the end, got "and"`,
		"(deployment_status == failed for 5m)":            `column 30: write the for of an event at the end of the condition, without parentheses`,
		"anomaly(p95_latency) == 0.99":                    `column 22: want one of > >= < <= after anomaly(p95_latency), got ==`,
		"anomaly(p95_latency) > 1":                        `anomaly(p95_latency) > 100% can never be true`,
		"anomaly(p95_latency) > 200ms":                    `column 24: want a percentage such as 5% or a number from 0 to 1 because anomaly(p95_latency) is a ratio, got 200ms`,
		"anomaly(p95_latency, sideways) > 0.9":            `column 22: want up, down or any after the signal, got "sideways"`,
		"anomaly(95) > 0.9":                               `column 9: want the name of a signal as in anomaly(p95_latency) > 0.99, got "95"`,
		"memory_usage > 1e999":                            `want a number, got "1e999"`,
		strings.Repeat("(", 100):                          `column 51: want at most 50 parentheses in each other`,
		strings.Repeat("x", 5000):                         `column 1: want a condition of at most 4096 bytes, got 5000`,
	} {
		_, errs := condition.Parse(text, cat)
		found := false
		var all []string
		for _, e := range errs {
			all = append(all, e.Error())
			found = found || strings.Contains(e.Error(), want)
		}
		if !found {
			t.Errorf("%.60s:\n got %s\nwant %s", text, strings.Join(all, "; "), want)
		}
	}
}

func TestParse_SeveralMistakes_AllToldInOrder(t *testing.T) {
	_, errs := condition.Parse("eror_rate > 5% and memory_percent > 120 and p95_latency > 5%", catalogue(t))
	if len(errs) != 3 || errs[0].Column != 1 || errs[1].Column != 37 || errs[2].Column != 59 {
		t.Errorf("got %v", errs)
	}
}

func TestCondition_Judge_UnknownSides(t *testing.T) {
	yes, no, unknown := [2]bool{true, true}, [2]bool{false, true}, [2]bool{false, false}
	for _, c := range []struct {
		word        string
		left, right [2]bool
		want        [2]bool
	}{
		{"and", yes, yes, yes}, {"and", yes, no, no}, {"and", no, unknown, no}, {"and", unknown, no, no}, {"and", yes, unknown, [2]bool{true, false}},
		{"or", yes, unknown, yes}, {"or", no, no, no}, {"or", no, yes, yes}, {"or", no, unknown, [2]bool{false, false}}, {"or", unknown, unknown, [2]bool{false, false}},
	} {
		parsed, errs := condition.Parse("error_rate > 5% "+c.word+" p95_latency > 1s", catalogue(t))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		holds, known := parsed.Judge(func(x condition.Comparison) (bool, bool) {
			if x.Signal.Name == "error_rate" {
				return c.left[0], c.left[1]
			}
			return c.right[0], c.right[1]
		})
		if known != c.want[1] || known && holds != c.want[0] {
			t.Errorf("%v %s %v: got %v (known: %v), want %v", c.left, c.word, c.right, holds, known, c.want)
		}
	}
	if holds, known := (condition.Condition{}).Judge(nil); holds || known {
		t.Error("an empty condition is known")
	}
}

func FuzzParse(f *testing.F) {
	cat := catalogue(f)
	for _, s := range []string{
		"error_rate > 5%", "p95_latency > 1000ms and request_rate > 1/s", "(memory_percent > 85%) or cpu_usage >= .5",
		"request_rate > baseline * 3", "predict(disk_percent, 3d) > 90%", "time_until(disk_percent > 95%) < 36h or error_rate > 5%",
		"deployment_status == failed", "request_rate > 2e3 * baseline", "µ > ١", "error_rate > 5 \xff",
	} {
		f.Add(s)
	}
	p := parser.NewParser(parser.Options{})
	f.Fuzz(func(t *testing.T, text string) {
		c, errs := condition.Parse(text, cat)
		if len(errs) > 0 {
			for i, e := range errs {
				if e.Column < 1 || e.Msg == "" || i > 0 && e.Column < errs[i-1].Column {
					t.Fatalf("%q: %v", text, errs)
				}
			}
			return
		}
		if c.Event != nil {
			return
		}
		if _, err := p.ParseExpr(c.PromQL()); err != nil {
			t.Fatalf("%q compiles to %q: %v", text, c.PromQL(), err)
		}
	})
}

func TestParse_ForAtTheEnd_IsOfTheWhole(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"error_rate > 5% for 5m": 5 * time.Minute, "deployment_status == failed for 10m": 10 * time.Minute,
		"(error_rate > 5% for 5m)": 0, "error_rate > 5%": 0, "(error_rate > 5% for 5m) for 1h": time.Hour,
	} {
		c, errs := condition.Parse(text, catalogue(t))
		if len(errs) > 0 || c.For != want {
			t.Errorf("%s: got %s, %v", text, c.For, errs)
		}
	}
}

func TestNot_TurnsEverything(t *testing.T) {
	for text, want := range map[string]string{
		"error_rate < 2%":                          "tocsin:error_rate >= 0.02",
		"error_rate < 2% and p95_latency <= 300ms": "tocsin:error_rate >= 0.02 or tocsin:p95_latency > 0.3",
		"error_rate == 0 or request_rate >= 1":     "tocsin:error_rate != 0 and tocsin:request_rate < 1",
		"predict(disk_percent, 3d) < 80%":          `max without (horizon, signal) (tocsin:forecast:value{horizon="3d",signal="disk_percent"}) >= 80`,
		"anomaly(error_rate, any) < 0.5":           `abs(max without (tocsin_band) (tocsin:error_rate{tocsin_band="anomaly"})) >= 0.5`,
	} {
		c, errs := condition.Parse(text, catalogue(t))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		n, ok := c.Not()
		if got := n.PromQL(); !ok || got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"deployment_status == failed", "error_rate < 2% for 5m", "(error_rate < 2% for 5m)"} {
		c, _ := condition.Parse(text, catalogue(t))
		if _, ok := c.Not(); ok {
			t.Errorf("%s was turned", text)
		}
	}
}
