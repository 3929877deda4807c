package app_test

import (
	"context"
	"encoding/json"
	"math"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	pconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// vector runs an instant query and returns its values by the label tocsin_band.
func (d *daemon) vector(query string, args ...string) map[string]string {
	d.t.Helper()
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	d.json("/api/v1/query?query="+url.QueryEscape(query)+strings.Join(args, ""), &answer)
	out := map[string]string{}
	for _, r := range answer.Data.Result {
		out[r.Metric["tocsin_band"]], _ = r.Value[1].(string)
	}
	return out
}

func TestApp_Bands_AreSeriesOfTheAPIAndOfRules(t *testing.T) {
	d := newDaemon(t, "tocsin.yml", "rules: {interval: 1s, rule_files: [rules.yml]}\nbands: {max_series: 1}\n", "rules.yml", `
groups:
  - name: odd
    rules:
      - alert: OutsideOfItsRange
        expr: queue_depth > ignoring(tocsin_band) queue_depth{tocsin_band="upper"}
`).start()
	values := make([]float64, 240)
	for i := range values {
		values[i] = 100 + 2*math.Sin(float64(i)*1.7)
	}
	values[239] = 500
	d.remoteWrite("queue_depth", 5*time.Second, values...)
	d.remoteWrite("other_depth", 5*time.Second, values...)

	now := d.vector(`queue_depth{tocsin_band=~".+"}`)
	if len(now) != 6 || now["value"] != "500" || now["score"] < "0.99" || now["upper"] > "2" {
		t.Errorf("the present: got %v", now)
	}
	if past := d.vector(`max_over_time(queue_depth{tocsin_band="score"}[5m])`); past["score"] < "0.99" {
		t.Errorf("the past: got %v", past)
	}
	if fleet := d.vector(`count({job="pay", tocsin_band="score"})`); fleet[""] != "2" {
		t.Errorf("all series: got %v", fleet)
	}
	status, body := d.get("/api/v1/query_range?step=15&start=" + url.QueryEscape(time.Now().Add(-time.Minute).Format(time.RFC3339)) +
		"&end=" + url.QueryEscape(time.Now().Format(time.RFC3339)) + "&query=" + url.QueryEscape(`{job="pay",tocsin_band="upper"}`))
	if status != 422 || !strings.Contains(body, `"errorType":"execution"`) || !strings.Contains(body, "bands.max_series [too_many_bands]") {
		t.Errorf("the past of two series where one is permitted: got %d %s", status, body)
	}
	var names struct{ Data []map[string]string }
	d.json("/api/v1/series?match[]="+url.QueryEscape(`queue_depth{tocsin_band="lower"}`), &names)
	if len(names.Data) != 1 || names.Data[0]["tocsin_band"] != "lower" || names.Data[0]["job"] != "pay" {
		t.Errorf("series: got %v", names)
	}
	if _, body := d.get("/api/v1/query?query=" + url.QueryEscape(`queue_depth{tocsin_band="middle"}`)); !strings.Contains(body, `"result":[]`) || !strings.Contains(body, "tocsin_band is one of anomaly, expected, lower") {
		t.Errorf("a part that is none: got %s", body)
	}
	d.eventually("the alert fires", func() bool {
		_, body := d.get("/api/v1/alerts")
		_, own := d.get("/api/v1/tocsin/alerts")
		return strings.Contains(body, "OutsideOfItsRange") && strings.Contains(own, `"name":"OutsideOfItsRange"`)
	})
	// Nothing of this was stored, and nothing watches it.
	var stored struct{ Data []string }
	d.json("/api/v1/labels", &stored)
	if strings.Contains(strings.Join(stored.Data, " "), "tocsin_band") {
		t.Errorf("bands were stored: got labels %v", stored.Data)
	}
}

func TestApp_PromAPI_StatusPages(t *testing.T) {
	d := newDaemon(t, "tocsin.yml", "web: {external_url: 'https://tocsin.example:8443/'}\nstorage: {retention: 3d, query: {max_length: 2KiB}}\nrules: {alert_files: [alerts.yml]}\nnotify: {channels: [{name: hook, webhook: {url: 'http://127.0.0.1:1/very-secret'}}]}\n"+
		"scrape_configs: [{job_name: shop, basic_auth: {username: u, password: very-secret}, static_configs: [{targets: ['127.0.0.1:1']}]}]\n", "alerts.yml", noAlerts).start()
	d.remoteWrite("queue_depth", 5*time.Second, 1, 2, 3)
	for path, want := range map[string]string{
		"status/config":      `storage:\n  retention: 3d`,
		"status/runtimeinfo": `"reloadConfigSuccess":true`,
		"status/tsdb":        `"name":"queue_depth","value":1`,
		"status/walreplay":   `"current":`,
		"status/flags":       `"config.file":`,
		"status/buildinfo":   `"version":"3.`,
		"targets/metadata":   `"data":[]`,
		"features":           `"promql"`,
	} {
		status, body := d.get("/api/v1/" + path)
		if status != 200 || !strings.Contains(body, want) || !json.Valid([]byte(body)) {
			t.Errorf("%s: got %d %s, want %s", path, status, body, want)
		}
		if strings.Contains(body, "very-secret") {
			t.Errorf("%s shows a secret: %s", path, body)
		}
		if path == "status/tsdb" && (!strings.Contains(body, `"chunkCount":`) || strings.Contains(body, `"chunkCount":-`) || strings.Contains(body, `"chunkCount":0`)) {
			t.Errorf("%s: the number of chunks is missing or 0: %s", path, body)
		}
	}
	if _, body := d.get("/api/v1/status/config"); !strings.Contains(body, `job_name: shop`) || strings.Count(body, "scrape_configs") != 1 {
		t.Errorf("the jobs of prometheus.yml are not shown: %s", body)
	}
	d.eventually("the job and its target are listed", func() bool {
		if _, pools := d.get("/api/v1/scrape_pools"); !strings.Contains(pools, `"scrapePools":["shop"]`) {
			return false
		}
		_, body := d.get("/api/v1/targets")
		return strings.Contains(body, `"scrapeUrl":"http://127.0.0.1:1/metrics"`) && strings.Contains(body, `"scrapePool":"shop"`)
	})
	d.eventually("the target is down for the reason that it has", func() bool {
		_, body := d.get("/api/v1/targets")
		return strings.Contains(body, `connection refused","lastScrape"`) && strings.Contains(body, `"globalUrl":"http://tocsin.example:1/metrics"`)
	})
	if status, body := d.get("/api/v1/query?query=" + strings.Repeat("x", 3000)); status != 400 || !strings.Contains(body, "the limit is 2048") {
		t.Errorf("a query of 3,000 bytes: got %d %s", status, body)
	}
	if got := d.metric(`tocsin_query_requests_refused_total{reason="bad_data"}`); got != "1" {
		t.Errorf("counted %q refusals, want 1", got)
	}
}

// TestApp_RemoteRead_StreamsThroughAllHandlers reads by Prometheus' own client,
// which asks for streamed chunks.
func TestApp_RemoteRead_StreamsThroughAllHandlers(t *testing.T) {
	d := newDaemon(t).start()
	end := d.remoteWrite("queue_depth", 5*time.Second, 1, 2, 3)
	u, err := url.Parse(d.app.URL() + "/api/v1/read")
	if err != nil {
		t.Fatal(err)
	}
	c, err := remote.NewReadClient("test", &remote.ClientConfig{
		URL: &pconfig.URL{URL: u}, Timeout: model.Duration(10 * time.Second), ChunkedReadLimit: 1 << 20, HTTPClientConfig: pconfig.DefaultHTTPClientConfig,
	})
	if err != nil {
		t.Fatal(err)
	}
	q, err := remote.ToQuery(0, end.UnixMilli(), []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, "__name__", "queue_depth")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	set, err := c.Read(context.Background(), q, true)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for set.Next() {
		for it := set.At().Iterator(nil); it.Next() != chunkenc.ValNone; {
			_, v := it.At()
			sum += v
		}
	}
	if set.Err() != nil || sum != 6 {
		t.Errorf("got a sum of %v, %v, want 6", sum, set.Err())
	}
}

func TestApp_PromAPI_MetadataAndExemplarsThatWereSent(t *testing.T) {
	d := newDaemon(t).start()
	now := time.Now().UnixMilli()
	raw, err := (&prompb.WriteRequest{
		Timeseries: []prompb.TimeSeries{{
			Labels:    []prompb.Label{{Name: "__name__", Value: "jobs_total"}, {Name: "job", Value: "pay"}},
			Samples:   []prompb.Sample{{Timestamp: now, Value: 7}},
			Exemplars: []prompb.Exemplar{{Labels: []prompb.Label{{Name: "trace_id", Value: "abc"}}, Timestamp: now, Value: 1}},
		}},
		Metadata: []prompb.MetricMetadata{{Type: prompb.MetricMetadata_COUNTER, MetricFamilyName: "jobs_total", Help: "Jobs that were done.", Unit: "jobs"}},
	}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if status, body := d.send("POST", "/api/v1/write", "application/x-protobuf", snappy.Encode(nil, raw)); status/100 != 2 {
		t.Fatalf("remote write: %d %s", status, body)
	}
	for path, want := range map[string]string{
		"metadata": `"jobs_total":[{"type":"counter","unit":"jobs","help":"Jobs that were done."}]`,
		"metadata?metric=jobs_total&limit_per_metric=1":                                               `"help":"Jobs that were done."`,
		"query_exemplars?query=jobs_total&start=0&end=" + strconv.FormatInt(now/1000+1, 10):           `"labels":{"trace_id":"abc"},"value":"1"`,
		"query_exemplars?query=rate(jobs_total[5m])&start=0&end=" + strconv.FormatInt(now/1000+1, 10): `"seriesLabels":{"__name__":"jobs_total","job":"pay"}`,
		"features": `"exemplar_storage":true`,
	} {
		if status, body := d.get("/api/v1/" + path); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: got %d %s, want %s", path, status, body, want)
		}
	}
}
