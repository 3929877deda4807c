//go:build linux

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/web"
)

// tracesConfig tells of spans as soon as may be.
const tracesConfig = `otlp: {grpc_listen_address: '127.0.0.1:0'}
topology: {spans: {step: 5s, wait: 1s}}
`

// value returns the value of the only series of an instant query, -1 without one.
func (d *logDaemon) value(query string) (float64, error) {
	res, err := http.Get(d.url + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	var got struct {
		Data struct {
			Result []struct {
				Value [2]any `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		return 0, err
	}
	if len(got.Data.Result) != 1 {
		return -1, nil
	}
	return strconv.ParseFloat(got.Data.Result[0].Value[1].(string), 64)
}

// reaches waits until a query has a value between two.
func (d *logDaemon) reaches(query string, low, high float64) {
	d.t.Helper()
	eventually(d.t, 30*time.Second, fmt.Sprintf("%s is %g to %g", query, low, high), func() error {
		v, err := d.value(query)
		if err == nil && (v < low || v > high) {
			err = fmt.Errorf("got %g", v)
		}
		return err
	})
}

// edges returns who depends on whom, in order.
func (d *logDaemon) edges() []string {
	d.t.Helper()
	res, err := http.Get(d.url + "/api/v1/tocsin/topology")
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	var got web.Topology
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		d.t.Fatal(err)
	}
	var out []string
	for _, e := range got.Edges {
		out = append(out, e.From+" "+e.Kind+" "+e.To)
	}
	slices.Sort(out)
	return out
}

func TestTraces_JavaScriptSDK(t *testing.T) {
	packages := nodeClients(t)
	d := receiveLogs(t, tracesConfig)
	for _, way := range []string{"http", "proto"} {
		nodeScript(t, packages, "traces.js", d.url, way)
		shop, cart := "shop-"+way, "cart-"+way
		d.reaches(fmt.Sprintf(`tocsin_spans_total{service=%q,operation="GET /buy/:id",status="ok"}`, shop), 40, 40)
		d.reaches(fmt.Sprintf(`tocsin_spans_total{service=%q,operation="GET /items",status="error"}`, cart), 10, 10)
		d.reaches(fmt.Sprintf(`histogram_quantile(0.5, tocsin_span_duration_seconds{service=%q})`, shop), 0.18, 0.22)
		d.reaches(fmt.Sprintf(`tocsin_span_self_seconds{service=%q}`, shop), 0.09, 0.11)   // 200 ms without 100 ms for the cart
		d.reaches(fmt.Sprintf(`tocsin_span_self_seconds{service=%q}`, cart), 0.054, 0.066) // 80 ms without 20 ms for the database
		d.reaches(fmt.Sprintf(`tocsin_edge_gap_seconds{client=%q,server=%q}`, shop, cart), 0.018, 0.022)
		want := []string{cart + " runs_on js-box", cart + " uses postgresql:cart", shop + " calls " + cart, shop + " runs_on js-box"}
		got := slices.DeleteFunc(d.edges(), func(e string) bool { return !strings.Contains(e, "-"+way+" ") })
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", way, got, want)
		}
	}
}

func TestTraces_Telemetrygen(t *testing.T) {
	generator := filepath.Join(t.TempDir(), "telemetrygen")
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute) // on a new machine its modules are fetched
	defer cancel()
	build := exec.CommandContext(ctx, "go", "-C", "testdata/otlplogs", "build", "-mod=readonly", "-o", generator, "github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen")
	build.Env = append(os.Environ(), "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build telemetrygen: %v\n%s", err, out)
	}
	d := receiveLogs(t, tracesConfig)
	for service, args := range map[string][]string{
		"gen-http": {"--otlp-http", "--otlp-endpoint", strings.TrimPrefix(d.url, "http://")},
		"gen-grpc": {"--otlp-endpoint", d.address("listening for OTLP by gRPC")},
	} {
		runToEnd(t, generator, append([]string{"traces", "--otlp-insecure", "--traces", "500", "--workers", "2", "--rate", "0", "--service", service, "--status-code", "Error"}, args...)...)
		d.reaches(fmt.Sprintf(`tocsin_spans_total{service=%q,status="error"}`, service), 1000, 1000)
	}
	if got := d.edges(); len(got) != 0 {
		t.Errorf("a service that calls itself has no edge, got %q", got)
	}
}
