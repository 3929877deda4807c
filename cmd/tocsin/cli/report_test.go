package cli_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/change/delivery"
	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
	"github.com/tocsinhq/tocsin/web"
)

func TestReport_CapacityAndForecast(t *testing.T) {
	at := shop(t)
	code, out, errs := run("report", "capacity", at, "--horizon=7d")
	if code != cli.ExitOK || !strings.HasPrefix(out, "SERVICE") {
		t.Fatalf("got %d\n%s\n%s", code, out, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 4 || !strings.Contains(lines[1], "orders-db") || !strings.Contains(lines[1], "81.5%") || !strings.Contains(lines[1], "95%") || !strings.Contains(lines[2], " -") {
		t.Errorf("got\n%s", out)
	}
	var rooms web.RoomList
	if _, out, _ := run("report", "capacity", at, "--json", "--full=0.5"); json.Unmarshal([]byte(out), &rooms) != nil || len(rooms.Rooms) != 3 || rooms.Rooms[0].Crossing.Threshold != 50 {
		t.Errorf("--json: got %s", out)
	}
	if _, out, _ := run("report", "capacity", at, "--limit=1"); !strings.Contains(out, "--limit shows them") {
		t.Errorf("one of several: got\n%s", out)
	}
	if _, out, _ := run("report", "capacity", at, "--service=nobody"); !strings.Contains(out, "nothing is known yet") {
		t.Errorf("none: got %q", out)
	}
	series := `tocsin:error_rate{service="checkout"}`
	code, out, errs = run("report", "forecast", series, at, "--horizon=12h", "--threshold=0.9")
	if code != cli.ExitOK || !strings.Contains(out, "EXPECTED") || !strings.Contains(out, "LATEST") || !strings.Contains(out, "%") {
		t.Errorf("got %d\n%s\n%s", code, out, errs)
	}
	if code, _, errs := run("report", "forecast", "nothing", at); code != cli.ExitFailed || !strings.Contains(errs, "no series matches nothing") {
		t.Errorf("no match: got %d %q", code, errs)
	}
	if code, _, errs := run("report", "capacity", at, "--horizon=soon"); code != cli.ExitUsage || !strings.Contains(errs, "want a duration such as 12h or 30d") {
		t.Errorf("no duration: got %d %q", code, errs)
	}
}

func TestReport_Cardinality(t *testing.T) {
	at := shop(t)
	for _, tt := range []struct {
		by   string
		want []string
	}{
		{"metric", []string{"METRIC", "orders_total", "user_id (10000), new", "deployment checkout v41 -> v42 at", "184223 series in memory of at most 2000000"}},
		{"label", []string{"LABEL", "user_id", "35911"}},
		{"pair", []string{"VALUE", "+Inf"}},
		{"service", []string{"(none)", "52004"}},
		{"change", []string{"orders_total (35911)", "deployment checkout v41 -> v42", "no change was recorded"}},
	} {
		code, out, errs := run("report", "cardinality", at, "--by="+tt.by)
		for _, want := range tt.want {
			if code != cli.ExitOK || !strings.Contains(out, want) {
				t.Errorf("by %s: got %d\n%s%s\nwant %s in it", tt.by, code, out, errs, want)
			}
		}
	}
	if _, out, _ := run("report", "cardinality", at, "--snippet", "--limit=1"); !strings.Contains(out, "    write_relabel_configs:\n") || !strings.Contains(out, "--limit shows them") {
		t.Errorf("--snippet: got\n%s", out)
	}
	var list web.Cardinality
	if _, out, _ := run("report", "cardinality", at, "--json"); json.Unmarshal([]byte(out), &list) != nil || len(list.Rows) != 3 || list.Rows[0].Jump.Change.ID != "checkout-v42" {
		t.Errorf("--json: got %s", out)
	}
	if code, _, errs := run("report", "cardinality", at, "--by=colour"); code != cli.ExitUsage || !strings.Contains(errs, "--by") {
		t.Errorf("by what is not: got %d %s", code, errs)
	}
}

func TestReportDelivery_WithoutLeadTime_IsSaidOfThoseThereAre(t *testing.T) {
	for n, want := range []string{"behind them.\n", "behind them. 1 deployment names no commit_time and has no lead time.\n", "behind them. 2 deployments name no commit_time and have no lead time.\n"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(delivery.Report{Total: delivery.Figures{NoLeadTime: n}}) //nolint:errcheck // the caller would tell
		}))
		if code, out, errs := run("report", "delivery", "--url="+s.URL); code != cli.ExitOK || !strings.HasSuffix(out, want) {
			t.Errorf("%d: got %d, want it to end in %q\n%s%s", n, code, want, out, errs)
		}
		s.Close()
	}
}

func TestReportDelivery_TableAndJSON(t *testing.T) {
	url := shop(t)
	code, out, errs := run("report", "delivery", "--since=90d", url)
	if code != cli.ExitOK || !strings.HasPrefix(out, "SERVICE ") || !strings.Contains(out, "all ") || !strings.Contains(out, "checkout ") || !strings.Contains(out, " % (") {
		t.Errorf("got %d\n%s%s", code, out, errs)
	}
	var r delivery.Report
	if _, out, _ := run("report", "delivery", "--json", "--service=checkout", url); json.Unmarshal([]byte(out), &r) != nil || r.Total.Service != "checkout" {
		t.Errorf("--json: got %s", out)
	}
	if code, _, errs := run("report", "delivery", "--zone=Nowhere", url); code == cli.ExitOK || !strings.Contains(errs, "time zone") {
		t.Errorf("bad zone: got %d %s", code, errs)
	}
}
