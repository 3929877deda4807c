package app_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tocsinhq/tocsin/app"
)

const receiversConfig = `otlp:
  grpc_listen_address: 127.0.0.1:0
statsd:
  listen_address: 127.0.0.1:0
  flush_interval: 1s
  job: edge
`

// address waits until the log tells where something is listened on.
func (d *daemon) address(message string) string {
	d.t.Helper()
	pattern := regexp.MustCompile(regexp.QuoteMeta(message) + `" address=(\S+)`)
	var found []string
	d.eventually(message, func() bool { found = pattern.FindStringSubmatch(d.log.String()); return found != nil })
	return found[1]
}

// is waits until an instant query has one result of this value.
func (d *daemon) is(query, value string) {
	d.t.Helper()
	d.eventually(query+" is "+value, func() bool {
		_, body := d.get("/api/v1/query?" + url.Values{"query": {query}}.Encode())
		return strings.Contains(body, `,"`+value+`"]`)
	})
}

func TestApp_EveryWayIn_EndsInTheStore(t *testing.T) {
	d := newDaemon(t, "tocsin.yml", receiversConfig).start()
	for i, path := range []string{"/v1/metrics", "/api/v1/otlp/v1/metrics"} {
		body := fmt.Sprintf(`{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}},{"key":"service.namespace","value":{"stringValue":"shop"}}]},
			"scopeMetrics":[{"metrics":[{"name":"http.way","unit":"1","gauge":{"dataPoints":[{"asInt":"%d","attributes":[{"key":"n","value":{"intValue":%d}}]}]}}]}]}]}`, 40+i, i)
		if status, answer := d.post(path, body); status != 200 {
			t.Errorf("%s: got %d %s", path, status, answer)
		}
		d.is(fmt.Sprintf(`http_way_ratio{n="%d",job="shop/cart",service_name="cart"}`, i), fmt.Sprint(40+i))
	}

	conn, err := grpc.NewClient(d.address("listening for OTLP by gRPC"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("grpc.way")
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetIntValue(7)
	p.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	if _, err := pmetricotlp.NewGRPCClient(conn).Export(context.Background(), pmetricotlp.NewExportRequestFromMetrics(md)); err != nil {
		t.Error(err)
	}
	d.is(`grpc_way`, "7")

	if status, answer := d.post("/metrics/job/nightly/host/h1", "rows 12\n"); status != 200 {
		t.Errorf("push: got %d %s", status, answer)
	}
	d.is(`rows{job="nightly",host="h1"}`, "12")

	for _, network := range []string{"udp", "tcp"} {
		c, err := net.Dial(network, d.address("listening for statsd by UDP and TCP"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "%s.way:3|c|#service:cart\n", network)
		c.Close()
		d.is(network+`_way_total{job="edge",service="cart"}`, "3")
	}
}

func TestApp_AddressOfAReceiverIsTaken_SaysWhichSetting(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	for config, want := range map[string]string{
		"otlp: {grpc_listen_address: '" + l.Addr().String() + "'}":     "choose another otlp.grpc_listen_address, or leave it empty",
		"statsd: {listen_address: '" + l.Addr().String() + "'}":        "choose another statsd.listen_address, or leave it empty",
		"statsd: {listen_address: '" + udp.LocalAddr().String() + "'}": "by UDP",
	} {
		d := &daemon{t: t, dir: t.TempDir(), log: new(text), console: new(text)}
		d.file("tocsin.yml", config+"\n")
		if _, err := app.New(t.Context(), d.options()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", config, err, want)
		}
	}
}

func TestReload_ReceiversChange_WantsARestart(t *testing.T) {
	d := newDaemon(t, "tocsin.yml", plainConfig, "alerts.yml", noAlerts).start()
	d.file("tocsin.yml", plainConfig+"statsd: {listen_address: '127.0.0.1:0'}\notlp: {max_delta_series: 5}\n")
	d.reload(400, "otlp, statsd", "take effect only at a start")
}
