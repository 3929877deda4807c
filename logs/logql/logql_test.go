package logql_test

import (
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logql"
	"github.com/tocsinhq/tocsin/logs/logstest"
	"github.com/tocsinhq/tocsin/telemetry"
)

func TestParse_UsualForm(t *testing.T) {
	for query, want := range map[string]string{
		`{a="b"}`:                                                                       `{a="b"}`,
		`{a="b",c!="d", e=~"f.+",g!~"h"}`:                                               `{a="b", c!="d", e=~"f.+", g!~"h"}`,
		"{a=`b\"`} |= \"x\" != `y`":                                                     `{a="b\""} |= "x" != "y"`,
		`{a="b"} |= "x" or "y" | json | logfmt`:                                         `{a="b"} |= "x" or "y" | json | logfmt`,
		`{a="b"} | level="error" and took > 250ms or size>=1MB`:                         `{a="b"} | ( ( level="error" and took>250ms ) or size>=1MB )`,
		`{a="b"} | drop __error__, x | keep y`:                                          `{a="b"} | drop __error__, x | keep y`,
		`sum by (level) (count_over_time({a="b"} |= "x" [5m]))`:                         `sum by (level) (count_over_time({a="b"} |= "x"[5m]))`,
		`sum(rate({a="b"}[1h] offset 1d)) without (pod)`:                                `sum without (pod) (rate({a="b"}[1h] offset 24h))`,
		`topk(5, sum by (a) (bytes_over_time({a="b"}[1m])))`:                            `topk(5, sum by (a) (bytes_over_time({a="b"}[1m])))`,
		`vector(1)+vector(1)`:                                                           `(vector(1.000000) + vector(1.000000))`,
		`count_over_time({a="b"}[1m]) / 2 + 1 > 3`:                                      `(((count_over_time({a="b"}[1m]) / 2) + 1) > 3)`,
		`sum(count_over_time(({a="b"} | json | drop x)[1m])) # all`:                     `sum(count_over_time({a="b"} | json | drop x[1m]))`,
		`sum by (level, detected_level) (count_over_time({a="b"}| drop __error__[1s]))`: `sum by (level, detected_level) (count_over_time({a="b"} | drop __error__[1s]))`,
	} {
		x, err := logql.Parse(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got := x.String(); got != want {
			t.Errorf("%s: got\n%s, want\n%s", query, got, want)
		}
		if again, err := logql.Parse(x.String()); err != nil || again.String() != want {
			t.Errorf("%s: its usual form reads as %v, %v", query, again, err)
		}
	}
}

func TestParse_Mistakes_AreNamedWithTheirPlace(t *testing.T) {
	for query, want := range map[string]string{
		`{a="b"`:                       "col 7: syntax error: unexpected end",
		`{a="b"} |= x`:                 `col 12: syntax error: unexpected "x", want a string`,
		`{a=~"("}`:                     "col 3: error parsing regexp",
		`{a=~".*"}`:                    "at least one regexp or equality matcher",
		`foo({a="b"}[5m])`:             `"foo" is not served here`,
		`rate({a="b"})`:                "want a range such as [5m]",
		`sum({a="b"})`:                 "want series",
		`{a="b"} | unwrap x`:           `unexpected "unwrap"`,
		`{a="b"} | x > "y"`:            "want a value for >",
		`{a="b"} + 1`:                  "log lines",
		"{a=\"b\"}\n |= \"open":        "line 2, col 5: literal not terminated",
		`count_over_time({a="b"}[0s])`: "want a duration",
		strings.Repeat("(", 100):       "nested deeper",
	} {
		_, err := logql.Parse(query)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", query, err, want)
		}
	}
}

var begin = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// engine returns one over a store with a line every second.
func engine(t *testing.T) *logql.Engine {
	t.Helper()
	cfg := logs.DefaultConfig()
	cfg.MinFreeDisk = 0
	s, err := logs.Open(logs.Options{
		Dir: t.TempDir(), Config: cfg, Miner: logstest.Cutter{Seed: maphash.MakeSeed()}, Now: func() time.Time { return begin.Add(time.Hour) },
		Logger: slog.New(slog.DiscardHandler), Metrics: metrics.NewSet(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	var b telemetry.LogBatch
	for i := range 60 {
		r := b.Next()
		r.Time, r.Service = begin.Add(time.Duration(i)*time.Second).UnixNano(), []string{"pay", "cart"}[i%2]
		r.Stream = append(r.Stream, telemetry.Pair{Name: []byte("pod"), Value: fmt.Appendf(nil, "p%d", i%3)})
		r.Severity = telemetry.SeverityInfo
		switch i % 4 {
		case 0:
			r.Body = fmt.Appendf(nil, `{"level":"info","took":"%dms","http":{"status":200},"size":"%dKB"}`, i*10, i)
		case 1:
			r.Body = fmt.Appendf(nil, `level=error msg="it broke" took=%d.5s status=500`, i)
			r.Severity = telemetry.SeverityError
		case 2:
			r.Body = []byte("plain words")
			r.TraceID[0] = byte(i)
		case 3:
			r.Body = []byte("plain text")
			r.Attributes = append(r.Attributes, telemetry.Pair{Name: []byte("user.id"), Value: fmt.Appendf(nil, "u%d", i)})
		}
	}
	if res, err := s.WriteLogs(context.Background(), &b); err != nil || res.Stored != 60 {
		t.Fatal(res, err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	return &logql.Engine{Source: s, MaxSeries: 100}
}

func TestEngine_Logs_FindsWhatStagesWant(t *testing.T) {
	e := engine(t)
	for _, c := range []struct {
		query string
		want  []int // seconds
	}{
		{`{service_name="pay"} |= "words"`, []int{2, 6, 10, 14, 18, 22, 26, 30, 34, 38, 42, 46, 50, 54, 58}},
		{`{service_name="pay", pod="p0"} |= "words" or "took"`, []int{0, 6, 12, 18, 24, 30, 36, 42, 48, 54}},
		{`{pod=~"p.+"} | json | took > 500ms and http_status = 200`, []int{52, 56}},
		{`{pod=~".+"} | json | size > 50KB`, []int{52, 56}},
		{`{pod=~".+"} | logfmt | status >= 500 | took > 50s`, []int{53, 57}},
		{`{pod=~".+"} | logfmt | level="error" | msg=~"it.*" | took < 6`, nil},
		{`{pod=~".+"} | detected_level="error" |~ "took=(1|5)\\."`, []int{1, 5}},
		{`{pod=~".+"} | user_id="u7"`, []int{7}},
		{`{pod=~".+"} | trace_id="3a000000000000000000000000000000"`, []int{58}},
		{`{pod=~".+", service_name!="pay"} !~ "plain|broke"`, nil},
		{`{pod="p1"} |= "plain" != "words"`, []int{7, 19, 31, 43, 55}},
	} {
		q, err := logql.ParseLogs(c.query)
		if err != nil {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		var got []int
		_, err = e.Logs(context.Background(), q, begin.UnixNano(), begin.Add(time.Minute).UnixNano(), 0, true, func(x logql.Entry) error {
			if x.Parsed["__error__"] == "" {
				got = append(got, int(time.Duration(x.Time-begin.UnixNano())/time.Second))
			}
			return nil
		})
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v; want %v", c.query, got, err, c.want)
		}
	}
}

func TestEngine_Metric_CountsInWindows(t *testing.T) {
	e := engine(t)
	at := begin.Add(59 * time.Second).UnixNano()
	for query, want := range map[string]string{
		`sum(count_over_time({pod=~".+"}[1m]))`:                                   "{} 60",
		`sum by (service_name) (count_over_time({pod=~".+"}[1m]))`:                "{cart} 30, {pay} 30",
		`sum by (detected_level) (count_over_time({pod=~".+"}[1m]))`:              "{error} 15, {info} 45",
		`sum by (detected_level) (rate({pod=~".+"}[30s]))`:                        "{error} 0.23333333333333334, {info} 0.7666666666666667",
		`count_over_time({pod="p0",service_name="pay"} |= "words" [1m])`:          "{p0,pay} 5",
		`topk(1, sum by (pod) (bytes_over_time({pod=~".+"}[1m])))`:                "{p1} 677",
		`avg(count_over_time({pod=~".+"}[1m])) * 2 + 1`:                           "{} 21",
		`max(count_over_time({pod=~".+"}[1m])) > 100`:                             "",
		`min(count_over_time({pod=~".+"}[1m])) < bool 100`:                        "{} 1",
		`count(count_over_time({pod=~".+"}[1m]))`:                                 "{} 6",
		`sum without (pod) (count_over_time({pod=~".+"}[10s]))`:                   "{cart} 5, {pay} 5",
		`sum(count_over_time({pod=~".+"}[10s] offset 50s))`:                       "{} 10",
		`absent_over_time({service_name="none"}[1m])`:                             "{none} 1",
		`vector(1)+vector(1)`:                                                     "{} 2",
		`sum by (status) (count_over_time({pod=~".+"} |= "broke" | logfmt [1m]))`: "{500} 15",
	} {
		x, err := logql.Parse(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		series, _, _, err := e.Metric(context.Background(), x, logql.Range{Start: at, End: at})
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		var got []string
		for _, s := range series {
			if math.IsNaN(s.Values[0]) {
				continue
			}
			var labels []string
			for _, v := range s.Labels {
				labels = append(labels, v)
			}
			slices.Sort(labels)
			got = append(got, fmt.Sprintf("{%s} %v", strings.Join(labels, ","), s.Values[0]))
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("%s: got %s, want %s", query, text, want)
		}
	}
}

// TestEngine_MetricOverARange_IsAsManyInstants compares the counting by changes with
// one query for each step.
func TestEngine_MetricOverARange_IsAsManyInstants(t *testing.T) {
	e := engine(t)
	for _, window := range []string{"1s", "7s", "10s", "45s"} {
		x, err := logql.Parse(`sum by (service_name) (count_over_time({pod=~".+"}[` + window + `]))`)
		if err != nil {
			t.Fatal(err)
		}
		r := logql.Range{Start: begin.Add(-5 * time.Second).UnixNano(), End: begin.Add(80 * time.Second).UnixNano(), Step: int64(10 * time.Second)}
		over, _, _, err := e.Metric(context.Background(), x, r)
		if err != nil {
			t.Fatal(err)
		}
		for i := range over[0].Values {
			at := r.Start + int64(i)*r.Step
			now, _, _, err := e.Metric(context.Background(), x, logql.Range{Start: at, End: at})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range over {
				want := math.NaN()
				for _, n := range now {
					if n.Labels["service_name"] == s.Labels["service_name"] {
						want = n.Values[0]
					}
				}
				if got := s.Values[i]; got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
					t.Errorf("window %s, step %d, %v: got %v, want %v", window, i, s.Labels, got, want)
				}
			}
		}
	}
}

func TestEngine_TooMuch_IsRefused(t *testing.T) {
	e := engine(t)
	e.MaxSeries = 3
	x, _ := logql.Parse(`count_over_time({pod=~".+"}[1m])`)
	at := begin.Add(time.Minute).UnixNano()
	if _, _, _, err := e.Metric(context.Background(), x, logql.Range{Start: at, End: at}); err == nil || !strings.Contains(err.Error(), "maximum of series") {
		t.Errorf("got %v", err)
	}
	if _, _, _, err := e.Metric(context.Background(), x, logql.Range{Start: 0, End: at, Step: 1}); err == nil || !strings.Contains(err.Error(), "11,000") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, q := range []string{`{a="b"} |= "x" | json | c > 5ms`, `topk(2, sum by (x) (rate({a=~"b.+"}[5m] offset 1h)))`, `vector(1) / -2 >= bool 3`} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		x, err := logql.Parse(query)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		text := x.String()
		again, err := logql.Parse(text)
		if err != nil || again.String() != text {
			t.Errorf("%q reads as %q, and that as %v, %v", query, text, again, err)
		}
	})
}
