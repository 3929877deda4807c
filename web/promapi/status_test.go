package promapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
	apiv1 "github.com/prometheus/prometheus/web/api/v1"

	"github.com/tocsinhq/tocsin/web/promapi"
)

// told is what one target told of its metrics.
type told []scrape.MetricMetadata

func (m told) ListMetadata() []scrape.MetricMetadata { return m }
func (told) SizeMetadata() int                       { return 0 }
func (m told) LengthMetadata() int                   { return len(m) }
func (m told) GetMetadata(family string) (scrape.MetricMetadata, bool) {
	i := slices.IndexFunc(m, func(x scrape.MetricMetadata) bool { return x.MetricFamily == family })
	if i < 0 {
		return scrape.MetricMetadata{}, false
	}
	return m[i], true
}

// oneTarget scrapes one target.
type oneTarget struct{ t *scrape.Target }

func (o oneTarget) TargetsActive() map[string][]*scrape.Target {
	return map[string][]*scrape.Target{"pool": {o.t}}
}
func (oneTarget) TargetsDropped() map[string][]*scrape.Target { return nil }
func (oneTarget) TargetsDroppedCounts() map[string]int        { return map[string]int{"pool": 3} }
func (oneTarget) ScrapePoolConfig(string) (*config.ScrapeConfig, error) {
	return &config.ScrapeConfig{JobName: "pool"}, nil
}

func scraped(m told) oneTarget {
	t := scrape.NewTarget(labels.FromStrings("__address__", "shop:80", "__scheme__", "http", "__metrics_path__", "/metrics", "__scrape_interval__", "15s", "__scrape_timeout__", "10s", "job", "shop"),
		&config.ScrapeConfig{}, nil, nil)
	t.SetMetadataStore(m)
	return oneTarget{t}
}

func TestAPI_Metadata_OfTargetsAndOfSenders(t *testing.T) {
	s := serve(t, func(o *promapi.Options) {
		o.Targets = scraped(told{
			{MetricFamily: "a", Type: model.MetricTypeCounter, Help: "as scraped"},
			{MetricFamily: "b", Type: model.MetricTypeGauge, Help: "same"},
		})
		o.Metadata = func(metric string, _ int) map[string][]metadata.Metadata {
			all := map[string][]metadata.Metadata{
				"a": {{Type: model.MetricTypeCounter, Help: "as sent"}},
				"b": {{Type: model.MetricTypeGauge, Help: "same"}},
				"c": {{Type: model.MetricTypeHistogram, Unit: "seconds"}},
			}
			if metric != "" {
				return map[string][]metadata.Metadata{metric: all[metric]}
			}
			return all
		}
	})
	const (
		a = `"a":[{"type":"counter","unit":"","help":"as scraped"},{"type":"counter","unit":"","help":"as sent"}]`
		b = `"b":[{"type":"gauge","unit":"","help":"same"}]`
		c = `"c":[{"type":"histogram","unit":"seconds","help":""}]`
	)
	for args, want := range map[string]string{
		"":                    a + "," + b + "," + c,
		"?metric=a":           a,
		"?metric=c":           c,
		"?metric=none":        "",
		"?limit=2":            a + "," + b,
		"?limit=0":            "",
		"?limit_per_metric=1": strings.Replace(a, `,{"type":"counter","unit":"","help":"as sent"}`, "", 1) + "," + b + "," + c,
	} {
		code, _, got := call(t, http.MethodGet, s.URL+"/api/v1/metadata"+args, "", "")
		if want = `{"data":{` + want + `},"status":"success"}`; code != 200 || got != want {
			t.Errorf("%s: got %d\n%s\nwant\n%s", args, code, got, want)
		}
	}
}

// TestAPI_EveryEndpoint_Answers asks all that Prometheus' own pages and Grafana ask.
func TestAPI_EveryEndpoint_Answers(t *testing.T) {
	started := start.Add(-time.Hour)
	s := serve(t, func(o *promapi.Options) {
		o.Targets = scraped(told{{MetricFamily: "a", Type: model.MetricTypeCounter}})
		o.ScrapePools = func() []string { return []string{"pool"} }
		o.Config = func() string { return "storage:\n  retention: 15d\n" }
		o.WALReplay = func() (tsdb.WALReplayStatus, error) { return tsdb.WALReplayStatus{Min: 1, Max: 4, Current: 3}, nil }
		o.Runtime = func() (apiv1.RuntimeInfo, error) {
			i, err := promapi.ProcessInfo()
			i.StartTime = started
			return i, err
		}
	})
	for path, want := range map[string]string{
		"status/config":                            `{"yaml":"storage:\n  retention: 15d\n"}`,
		"status/runtimeinfo":                       `"startTime":"2026-03-01T11:00:00Z"`,
		"status/tsdb":                              `"seriesCountByMetricName":[{"name":"up","value":2}]`,
		"status/tsdb?limit=1":                      `"numSeries":2`,
		"status/tsdb/blocks":                       `{"blocks":[]}`,
		"status/walreplay":                         `{"min":1,"max":4,"current":3}`,
		"scrape_pools":                             `{"scrapePools":["pool"]}`,
		"scrape_pools/config?scrapePool=pool":      `job_name: pool`,
		"targets":                                  `"scrapeUrl":"http://shop:80/metrics"`,
		"targets?state=dropped":                    `"droppedTargetCounts":{"pool":3}`,
		"targets/metadata":                         `"metric":"a","type":"counter"`,
		"alertmanagers":                            `{"activeAlertmanagers":[],"droppedAlertmanagers":[]}`,
		"features":                                 `"admin":false`,
		"notifications":                            `"data":[]`,
		"rules?type=alert":                         `"name":"Down"`,
		"rules?rule_name[]=None":                   `"groups":[]`,
		"label/__name__/values":                    `["up"]`,
		"label/job/values?match[]=up{job=\"web\"}": `["web"]`,
		"labels?match[]=up&limit=1":                `["__name__"]`,
		"query?query=up&stats=all":                 `"totalQueryableSamples"`,
		"query?query=up&limit=1":                   `results truncated due to limit`,
	} {
		code, header, got := call(t, http.MethodGet, s.URL+"/api/v1/"+strings.ReplaceAll(path, `"`, "%22"), "", "")
		if code != 200 || !strings.Contains(got, want) || !json.Valid([]byte(got)) {
			t.Errorf("%s: got %d %s, want %s", path, code, got, want)
		}
		if ct := header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") {
			t.Errorf("%s: got Content-Type %q", path, ct)
		}
	}
	if code, _, got := call(t, http.MethodGet, s.URL+"/api/v1/notifications/live", "", ""); code != 204 || got != "" {
		t.Errorf("live notifications: got %d %q", code, got)
	}
	// What a daemon without these parts has to say is not an error.
	s = serve(t, nil)
	for path, want := range map[string]string{
		"targets":            `"activeTargets":[]`,
		"scrape_pools":       `"scrapePools":[]`,
		"metadata":           `"data":{}`,
		"status/config":      `"yaml":""`,
		"status/walreplay":   `"max":0`,
		"status/runtimeinfo": `"GOMAXPROCS"`,
	} {
		if code, _, got := call(t, http.MethodGet, s.URL+"/api/v1/"+path, "", ""); code != 200 || !strings.Contains(got, want) {
			t.Errorf("%s: got %d %s, want %s", path, code, got, want)
		}
	}
	s = serve(t, func(o *promapi.Options) { o.TSDB = nil })
	if code, _, got := call(t, http.MethodGet, s.URL+"/api/v1/status/tsdb", "", ""); code != 404 {
		t.Errorf("TSDB status of no TSDB: got %d %s", code, got)
	}
}
