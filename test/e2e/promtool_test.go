//go:build linux

package e2e_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/prompb"
)

// TestPromtool_Queries_Work asks a daemon by Debian's promtool, for stored series
// and for bands.
func TestPromtool_Queries_Work(t *testing.T) {
	promtool := program(t, "promtool", "prometheus")
	d := serve(t)
	end := time.Now().Truncate(time.Second)
	var samples, slow []prompb.Sample
	for i := range int64(300) {
		ts := end.UnixMilli() - (299-i)*1000
		samples = append(samples, prompb.Sample{Timestamp: ts, Value: float64(100 + i%3)})
		slow = append(slow, prompb.Sample{Timestamp: ts, Value: float64(10 * i)})
	}
	samples[299].Value = 900
	status, text := d.write(
		timeSeries(samples, "__name__", "queue_length", "job", "shop"),
		timeSeries(slow, "__name__", "requests_total", "job", "shop"),
	)
	if status/100 != 2 {
		t.Fatalf("write: %d %s", status, text)
	}
	from, to := fmt.Sprint(end.Unix()-60), fmt.Sprint(end.Unix())
	for _, tc := range []struct {
		args []string
		want []string
	}{
		{[]string{"instant", "--time=" + to, d.url, `queue_length`}, []string{`queue_length{job="shop"} => 900 @[`}},
		{[]string{"instant", "--time=" + to, d.url, `queue_length > ignoring(tocsin_band) queue_length{tocsin_band="upper"}`}, []string{`queue_length{job="shop"} => 900 @[`}},
		{[]string{"instant", "--time=" + to, d.url, `round(requests_total{tocsin_band="value"})`}, []string{`tocsin_band="value"} => 10 @[`}},
		{[]string{"range", "--start=" + from, "--end=" + to, "--step=30s", d.url, `queue_length{tocsin_band=~"lower|upper"} > bool 100`},
			[]string{`{job="shop", tocsin_band="lower"} =>`, `{job="shop", tocsin_band="upper"} =>`, "1 @["}},
		{[]string{"series", "--match=queue_length", d.url}, []string{`{__name__="queue_length", job="shop"}`}},
		{[]string{"series", `--match={job="shop", tocsin_band="score"}`, d.url}, []string{`{__name__="requests_total", job="shop", tocsin_band="score"}`}},
		{[]string{"labels", d.url, "job"}, []string{"shop"}},
		{[]string{"labels", d.url, "tocsin_band"}, []string{"expected", "lower", "score", "upper", "value"}},
	} {
		out, err := exec.Command(promtool, append([]string{"query"}, tc.args...)...).CombinedOutput()
		for _, want := range tc.want {
			if err != nil || !strings.Contains(string(out), want) {
				t.Errorf("promtool query %s: %v\n%s\nwant %s", strings.Join(tc.args, " "), err, out, want)
			}
		}
	}
	out, err := exec.Command(promtool, "query", "instant", d.url, `sum(`).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "parse error") {
		t.Errorf("a broken query: got %v\n%s", err, out)
	}
}
