package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/prompb"

	"github.com/tocsinhq/tocsin/web"
)

// orders sends one sample for each of n users of a service, from the first on.
func (d *daemon) orders(service string, first, n int, label string) {
	d.t.Helper()
	var series []prompb.TimeSeries
	for i := first; i < first+n; i++ {
		l := []prompb.Label{{Name: "__name__", Value: "orders_total"}, {Name: "instance", Value: "a"}, {Name: "service", Value: service}}
		if label != "" {
			l = append(l, prompb.Label{Name: label, Value: fmt.Sprint("u", i)})
		}
		series = append(series, prompb.TimeSeries{Labels: l, Samples: []prompb.Sample{{Timestamp: time.Now().UnixMilli(), Value: 1}}})
	}
	d.writeSeries(series...)
}

func (d *daemon) cardinality(by string) web.Cardinality {
	d.t.Helper()
	var out web.Cardinality
	d.json("/api/v1/tocsin/cardinality?by="+by, &out)
	return out
}

// A deployment puts the id of the user on a counter: the explorer names it.
func TestCardinality_DeploymentAddsALabel_IsNamed(t *testing.T) {
	d := newDaemon(t)
	// Counting has gone on for two days, so that what comes is not the begin.
	d.counted(48 * time.Hour)
	d.start()
	d.orders("checkout", 0, 1, "")
	d.orders("search", 0, 1, "")
	status, body := d.post("/api/v1/tocsin/changes", `{"id":"deploy-42","service":"checkout","version_from":"v41","version_to":"v42","summary":"count orders by user"}`)
	if status != 201 {
		t.Fatalf("record a change: %d %s", status, body)
	}
	d.orders("checkout", 0, 3000, "user_id")
	if r := d.cardinality("change"); len(r.Rows) != 1 || r.Unresolved != 0 || r.Rows[0].Series < 3000 || r.Rows[0].Jump.Change == nil || r.Rows[0].Jump.Change.ID != "deploy-42" ||
		!r.Rows[0].Jump.Own || r.Rows[0].Label != "user_id" || !r.Rows[0].NewLabel || r.Rows[0].Metrics[0].Metric != "orders_total" {
		t.Errorf("by change: got %+v", r)
	}
	r := d.cardinality("metric")
	if row := r.Rows[0]; row.Name != "orders_total" || row.Series != 3002 || row.MadeHour != 3002 || row.Label != "user_id" || row.Labels[0].Values != 3000 ||
		row.Jump == nil || row.Jump.Change.ID != "deploy-42" || !strings.Contains(row.Advice[1].Snippet, "source_labels: [__name__, user_id]") || row.Bytes < 3002*1000 {
		t.Errorf("by metric: got %+v", row)
	}
	if row := d.cardinality("label").Rows[0]; row.Name != "user_id" || row.Values != 3000 || !row.NewLabel || row.Jump.Change.ID != "deploy-42" {
		t.Errorf("by label: got %+v", row)
	}
	if row := d.cardinality("service").Rows[0]; row.Name != "checkout" || row.Series != 3001 || row.Jump.Series < 3000 {
		t.Errorf("by service: got %+v", row)
	}
	pairs := d.cardinality("pair")
	if row := pairs.Rows[0]; row.Name != "instance" || row.Value != "a" || row.Series != 3002 || pairs.Series != 3002 {
		t.Errorf("by pair: got %+v of %d", row, pairs.Series)
	}
	if status, body := d.get("/api/v1/tocsin/cardinality?by=colour"); status != 400 || !strings.Contains(body, "want one of metric") {
		t.Errorf("got %d %s", status, body)
	}
	// A restart forgets nothing and takes nothing from the log for new.
	d.stop()
	d.make()
	d.start()
	if row := d.cardinality("metric").Rows[0]; row.Series != 3002 || row.MadeHour != 3002 || row.Jump == nil || row.Jump.Change.ID != "deploy-42" {
		t.Errorf("after a restart: got %+v", row)
	}
	d.stop()
	d.file("data/cardinality.json", "{")
	d.make()
	d.start()
	if r := d.cardinality("metric"); r.Rows[0].Series != 3002 || r.MadeDay != 0 {
		t.Errorf("with damaged counts: got %+v", r)
	}
	if _, err := os.Stat(filepath.Join(d.dir, "data", "cardinality.json.damaged")); err != nil {
		t.Error(err)
	}
}

// counted leaves counts of series as a daemon does that has run for so long.
func (d *daemon) counted(ago time.Duration) {
	d.t.Helper()
	d.file("data/cardinality.json", fmt.Sprintf(`{"version":1,"since":%q}`, time.Now().Add(-ago).Format(time.RFC3339)))
}
