package app_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tocsinhq/tocsin/telemetry"
)

const grafana = "../deploy/grafana/"

// dashboard is what a test needs of Grafana's form of one.
type dashboard struct {
	Panels []struct {
		Type, Title string
		Targets     []struct {
			Expr, LegendFormat string
			Instant            bool
		}
		FieldConfig struct {
			Overrides []struct {
				Properties []struct {
					ID    string
					Value any
				}
			}
		}
	}
	Templating struct {
		List []struct {
			Name, Type, Definition, Regex string
		}
	}
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	body, err := os.ReadFile(grafana + "tocsin.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// sendSelf sends the daemon its own metrics, as a Prometheus that scrapes it and
// writes to it does.
func (d *daemon) sendSelf() {
	d.t.Helper()
	_, text := d.get("/metrics")
	now := time.Now().UnixMilli()
	var r prompb.WriteRequest
	for line := range strings.Lines(text) {
		name, number, ok := strings.Cut(strings.TrimSpace(line), " ")
		v, err := strconv.ParseFloat(number, 64)
		if !ok || err != nil || strings.ContainsAny(name, "{#") {
			continue
		}
		r.Timeseries = append(r.Timeseries, prompb.TimeSeries{
			Labels:  []prompb.Label{{Name: "__name__", Value: name}, {Name: "job", Value: "tocsin"}},
			Samples: []prompb.Sample{{Timestamp: now - 30_000, Value: v}, {Timestamp: now, Value: v}},
		})
	}
	// What is dropped has a reason, and two kinds may have the same.
	for _, name := range []string{"tocsin_alerts_dropped_total", "tocsin_anomalies_dropped_total", "tocsin_store_dropped_exemplars_total"} {
		r.Timeseries = append(r.Timeseries, prompb.TimeSeries{
			Labels:  []prompb.Label{{Name: "__name__", Value: name}, {Name: "job", Value: "tocsin"}, {Name: "reason", Value: "queue_full"}},
			Samples: []prompb.Sample{{Timestamp: now - 30_000, Value: 1}, {Timestamp: now, Value: 4}},
		})
	}
	raw, err := r.Marshal()
	if err != nil {
		d.t.Fatal(err)
	}
	if status, body := d.send("POST", "/api/v1/write", "application/x-protobuf", snappy.Encode(nil, raw)); status/100 != 2 {
		d.t.Fatalf("remote write: %d %s", status, body)
	}
}

// TestGrafana_Dashboard_EachPanelHasData asks what each panel of the shipped
// dashboard asks, in the form in which Grafana asks it.
func TestGrafana_Dashboard_EachPanelHasData(t *testing.T) {
	d := newDaemon(t, "tocsin.yml", "rules: {interval: 1s, rule_files: [rules.yml]}\n", "rules.yml",
		"groups: [{name: g, rules: [{alert: Always, expr: vector(1)}]}]\n").start()
	values := make([]float64, 240)
	for i := range values {
		values[i] = 100 + 2*math.Sin(float64(i)*1.7)
	}
	values[239] = 900
	d.remoteWrite("queue_depth", 5*time.Second, values...)
	d.sendSelf()
	d.eventually("an alert fires", func() bool { return len(d.vector("ALERTS")) > 0 })

	board := readDashboard(t)
	variables := map[string]bool{}
	for _, v := range board.Templating.List {
		variables[v.Name] = true
	}
	if !variables["datasource"] || !variables["metric"] || !variables["match"] {
		t.Errorf("got variables %v", variables)
	}
	d.metricsToChoose(board)
	fill := strings.NewReplacer("$metric", "queue_depth", "$match", `job=~".+"`, "$__interval", "15s", "$__rate_interval", "1m", "$__range", "1h")
	now := time.Now()
	language := parser.NewParser(parser.Options{})
	asked := 0
	for _, p := range board.Panels {
		legends := map[string]bool{}
		for _, target := range p.Targets {
			legends[target.LegendFormat] = true
			if target.LegendFormat == "{{tocsin_band}}" {
				for _, part := range telemetry.BandParts() {
					legends[part] = true
				}
			}
			expr := fill.Replace(target.Expr)
			// Who empties the field of labels still has a query.
			if _, err := language.ParseExpr(fill.Replace(strings.ReplaceAll(target.Expr, "$match", ""))); err != nil {
				t.Errorf("%s: without labels: %v", p.Title, err)
			}
			if strings.Contains(expr, "$") {
				t.Errorf("%s: a variable that is not known in %s", p.Title, expr)
			}
			path, form := "/api/v1/query_range", url.Values{"query": {expr}, "step": {"15"},
				"start": {now.Add(-10 * time.Minute).Format(time.RFC3339)}, "end": {now.Format(time.RFC3339)}}
			if target.Instant {
				path, form = "/api/v1/query", url.Values{"query": {expr}, "time": {now.Format(time.RFC3339Nano)}}
			}
			status, body := d.send("POST", path, "application/x-www-form-urlencoded", []byte(form.Encode()))
			var answer struct{ Data struct{ Result []any } }
			if err := json.Unmarshal([]byte(body), &answer); status != 200 || err != nil {
				t.Errorf("%s: %s: got %d %s", p.Title, expr, status, body)
				continue
			}
			asked++
			if len(answer.Data.Result) == 0 {
				t.Errorf("%s: %s: got nothing", p.Title, expr)
			}
		}
		for _, o := range p.FieldConfig.Overrides {
			for _, x := range o.Properties {
				if to, ok := x.Value.(string); x.ID == "custom.fillBelowTo" && (!ok || !legends[to]) {
					t.Errorf("%s: filled down to %v, which no target is called", p.Title, x.Value)
				}
			}
		}
	}
	if asked < 11 {
		t.Errorf("asked %d queries, want those of all panels", asked)
	}
}

// TestGrafana_DocumentedCalls_AreAnswered makes the calls by which Grafana's data
// source looks at a Prometheus.
func TestGrafana_DocumentedCalls_AreAnswered(t *testing.T) {
	d := newDaemon(t).start()
	end := d.remoteWrite("queue_depth", 5*time.Second, 1, 2, 3)
	from, to := strconv.FormatInt(end.Add(-time.Minute).Unix(), 10), strconv.FormatInt(end.Unix()+1, 10)
	window := "&start=" + from + "&end=" + to
	for _, call := range []struct{ method, path, form, want string }{
		{"POST", "query", "query=1%2B1&time=" + to, `"result":[`},
		{"POST", "query_range", "query=queue_depth&step=15" + window, `"resultType":"matrix"`},
		{"GET", "query_range?query=queue_depth&step=15" + window, "", `"resultType":"matrix"`},
		{"POST", "labels", "match[]=queue_depth" + window, `"job"`},
		{"GET", "labels?match[]=queue_depth" + window, "", `"job"`},
		{"GET", "label/__name__/values?limit=40000" + window, "", `"queue_depth"`},
		{"GET", "label/job/values?match[]=queue_depth" + window, "", `["pay"]`},
		{"POST", "series", "match[]=queue_depth&limit=40000" + window, `"job":"pay"`},
		{"POST", "query_exemplars", "query=queue_depth" + window, `"data":[]`},
		{"GET", "metadata?limit=1000", "", `"data":{`},
		{"GET", "metadata?limit_per_metric=1&metric=queue_depth", "", `"data":{`},
		{"GET", "status/buildinfo", "", `"version":"3.16.0"`},
		{"GET", "status/config", "", `"yaml"`},
		{"GET", "rules", "", `"groups":[`},
		{"GET", "rules?type=alert&exclude_alerts=true", "", `"groups":[`},
		{"GET", "alerts", "", `"alerts":[`},
		{"GET", "targets", "", `"activeTargets":[]`},
		{"POST", "format_query", "query=sum(x)by(job)", `sum by (job) (x)`},
		{"POST", "parse_query", "query=sum(x)by(job)", `"type":"aggregation"`},
	} {
		contentType := ""
		if call.method == "POST" {
			contentType = "application/x-www-form-urlencoded"
		}
		status, body := d.send(call.method, "/api/v1/"+call.path, contentType, []byte(call.form))
		if status != 200 || !strings.Contains(body, call.want) || !strings.HasPrefix(body, `{"`) {
			t.Errorf("%s %s: got %d %s, want %s", call.method, call.path, status, body, call.want)
		}
	}
}

func TestGrafana_Provisioning_NamesThisDaemon(t *testing.T) {
	d := newDaemon(t).start()
	read := func(name string, into any) {
		t.Helper()
		body, err := os.ReadFile(grafana + "provisioning/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalWithOptions(body, into, yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	var sources struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Name, UID, Type, Access, URL string
			JSONData                     struct {
				HTTPMethod        string `yaml:"httpMethod"`
				Type              string `yaml:"prometheusType"`
				Version           string `yaml:"prometheusVersion"`
				Interval          string `yaml:"timeInterval"`
				Alerts            bool   `yaml:"manageAlerts"`
				RecordingRulesNot bool   `yaml:"allowAsRecordingRulesTarget"`
			} `yaml:"jsonData"`
		}
	}
	read("datasources/tocsin.yml", &sources)
	if len(sources.Datasources) != 1 {
		t.Fatalf("got %+v", sources)
	}
	s := sources.Datasources[0]
	if s.Type != "prometheus" || s.URL != "http://127.0.0.1:9099" || s.JSONData.HTTPMethod != "POST" || s.UID == "" || sources.APIVersion != 1 {
		t.Errorf("got %+v", s)
	}
	if _, body := d.get("/api/v1/status/buildinfo"); !strings.Contains(body, `"version":"`+s.JSONData.Version+`"`) {
		t.Errorf("the file says version %s, the daemon %s", s.JSONData.Version, body)
	}
	var boards struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Folder, Type string
			AllowUIUpdates     bool              `yaml:"allowUiUpdates"`
			Options            map[string]string `yaml:"options"`
		}
	}
	read("dashboards/tocsin.yml", &boards)
	if len(boards.Providers) != 1 || boards.Providers[0].Type != "file" || boards.Providers[0].Options["path"] == "" || boards.APIVersion != 1 {
		t.Errorf("got %+v", boards)
	}
}

// TestGrafana_Docs_QueriesParse reads the queries of docs/grafana.md.
func TestGrafana_Docs_QueriesParse(t *testing.T) {
	text, err := os.ReadFile("../docs/grafana.md")
	if err != nil {
		t.Fatal(err)
	}
	p := parser.NewParser(parser.Options{})
	read := 0
	for _, part := range strings.Split(string(text), "```promql\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		for line := range strings.Lines(block) {
			read++
			if _, err := p.ParseExpr(strings.ReplaceAll(line, "$__interval", "15s")); err != nil {
				t.Errorf("%s%v", line, err)
			}
		}
	}
	if read < 5 {
		t.Errorf("read %d queries", read)
	}
}

// metricsToChoose asks for the values of the variable $metric as Grafana does, which makes
// a text of each sample that the regular expression is applied to. The first is chosen when
// the dashboard is opened, so all of them have to have a band.
func (d *daemon) metricsToChoose(board dashboard) {
	d.t.Helper()
	for _, v := range board.Templating.List {
		if v.Name != "metric" {
			continue
		}
		query, ok := strings.CutPrefix(strings.TrimSuffix(v.Definition, ")"), "query_result(")
		if !ok {
			d.t.Fatalf("$metric: got %s, want query_result(...)", v.Definition)
		}
		name := regexp.MustCompile(strings.Trim(v.Regex, "/"))
		found := map[string]bool{}
		var answer struct {
			Data struct {
				Result []struct{ Metric map[string]string }
			}
		}
		d.json("/api/v1/query?query="+url.QueryEscape(query), &answer)
		for _, s := range answer.Data.Result {
			m := name.FindStringSubmatch(fmt.Sprintf("{__name__=%q} 1 1000", s.Metric["__name__"]))
			if m == nil {
				d.t.Fatalf("$metric: %s does not find the name in %v", v.Regex, s.Metric)
			}
			found[m[1]] = true
		}
		if !found["queue_depth"] || found["ALERTS"] || found["tocsin_incident_open"] {
			d.t.Errorf("$metric: got %v, want queue_depth and nothing that has no band", found)
		}
	}
}
