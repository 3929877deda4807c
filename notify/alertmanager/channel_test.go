package alertmanager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/config/receiver"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/alertmanager/marker"
	"github.com/prometheus/alertmanager/nflog"
	amnotify "github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/provider/mem"
	amsilence "github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/client_golang/prometheus"
	commoncfg "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/internal/amfile"
	"github.com/tocsinhq/tocsin/notify"
)

// hookServer keeps the bodies it is sent and answers with a status.
type hookServer struct {
	*httptest.Server
	bodies chan string
	status int
}

func newHook(t *testing.T) *hookServer {
	h := &hookServer{bodies: make(chan string, 100), status: http.StatusOK}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *hookServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.bodies <- r.Header.Get("Content-Type") + "\n" + string(body)
	w.WriteHeader(h.status)
	io.WriteString(w, "no thanks, token-123456") //nolint:errcheck // the test looks at what came
}

func (h *hookServer) next(t *testing.T) string {
	t.Helper()
	select {
	case b := <-h.bodies:
		return b
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was posted")
		return ""
	}
}

// pipes is a listener of connections in memory, so that HTTP is spoken in virtual time.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *pipes) Close() error   { close(l.done); return nil }
func (l *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (l *pipes) dial(context.Context, string, string) (net.Conn, error) {
	a, b := net.Pipe()
	l.conns <- b
	return a, nil
}

// realAlertmanager is its provider, dispatcher and pipeline. What it posts goes to dial.
func realAlertmanager(t *testing.T, p *Plan, dial commoncfg.DialContextFunc) *mem.Alerts {
	t.Helper()
	reg, log, rec, ff := prometheus.NewRegistry(), slog.New(slog.DiscardHandler), eventrecorder.Recorder{}, featurecontrol.NoopFlags{}
	sil, err := amsilence.New(amsilence.Options{Retention: time.Hour, Metrics: reg})
	must(t, err)
	silencer := amsilence.NewSilencer(sil, log, rec)
	ctx, cancel := context.WithCancel(context.Background())
	alerts, err := mem.NewAlerts(ctx, time.Hour, 0, silencer, log, rec, reg, ff)
	must(t, err)
	nlog, err := nflog.New(nflog.Options{Retention: time.Hour, Metrics: reg})
	must(t, err)
	receivers := map[string][]amnotify.Integration{}
	for _, r := range p.conf.Receivers {
		receivers[r.Name], err = receiver.BuildReceiverIntegrations(r, p.tmpl, log, commoncfg.WithDialContextFunc(dial))
		must(t, err)
	}
	inhibitor := inhibit.NewInhibitor(alerts, nil, log, rec)
	gm := marker.NewGroupMarker()
	pipeline := amnotify.NewPipelineBuilder(reg, ff, rec).New(receivers, func() time.Duration { return 0 }, inhibitor, silencer, p.intervener, gm, nlog, nil)
	d := dispatch.NewDispatcher(alerts, p.root, pipeline, gm, func(d time.Duration) time.Duration { return max(d, 10*time.Second) }, time.Minute, nil, log, rec, nil, p.tmpl)
	go inhibitor.Run()
	inhibitor.WaitForLoading()
	go d.Run(time.Now())
	d.WaitForLoading()
	t.Cleanup(func() { d.Stop(); inhibitor.Stop(); alerts.Close(); cancel() })
	return alerts
}

// The body that a webhook gets is Alertmanager's, byte for byte: first, alerts
// that joined, some that ended, all that ended.
func TestChannel_WebhookBody_IsAlertmanagersByteForByte(t *testing.T) {
	conf := func(url string) string {
		return "route:\n  receiver: 'team/a.b'\n  group_by: [alertname, cluster]\n  group_wait: 20ms\n  group_interval: 100ms\n  repeat_interval: 1h\n" +
			"  labels: {owner: '{{ .CommonLabels.cluster }}-team', tier: '1'}\n" +
			"receivers:\n- name: 'team/a.b'\n  webhook_configs: [{url: '" + url + "/?x={{ .GroupLabels.cluster }}', max_alerts: 2}]\n"
	}
	mk := func(i string, now time.Time, ended bool) *alert.Alert {
		a := ev("Disk cluster=eu i="+i, 0, -1)
		a.EndsAt, a.UpdatedAt, a.GeneratorURL = start.Add(time.Hour), now, "http://prometheus/graph?g0.expr=a<b"
		a.Annotations["summary"] = model.LabelValue("<disk> \"" + i + "\" is full & more")
		a.Annotations[model.LabelName("only"+i)] = "x"
		if ended {
			a.EndsAt = now
		}
		return a
	}
	var put [][]*alert.Alert
	var want []string
	synctest.Test(t, func(t *testing.T) {
		l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		hook := &hookServer{bodies: make(chan string, 100), status: http.StatusOK}
		server := &http.Server{Handler: hook}
		go server.Serve(l) //nolint:errcheck // ends with the listener
		t.Cleanup(func() { server.Close() })
		am := realAlertmanager(t, planOf(t, conf("http://theirs")), l.dial)
		time.Sleep(time.Millisecond) // ends come after their starts
		for _, names := range []string{"12", "3", "-1", "-23"} {
			names, ended := strings.CutPrefix(names, "-")
			var list []*alert.Alert
			for _, i := range names {
				a := mk(string(i), time.Now().UTC(), ended)
				list = append(list, a)
				theirs := *a
				must(t, am.Put(t.Context(), &theirs))
			}
			put, want = append(put, list), append(want, hook.next(t))
		}
	})
	ours := newHook(t)
	b := newBench(t, conf(ours.URL))
	b.now = start.Add(time.Minute) // after the ends
	for n, list := range put {
		b.now = b.now.Add(time.Second)
		b.put(list...)
		b.now = b.now.Add(time.Second)
		b.tick()
		if len(b.sent) != n+1 {
			t.Fatalf("got %d messages, want %d", len(b.sent), n+1)
		}
		last := b.sent[n]
		if _, err := b.plan.all[0].Send(t.Context(), last.m, ""); err != nil {
			t.Fatal(err)
		}
		if got := ours.next(t); got != want[n] {
			t.Errorf("message %d:\n got %s\nwant %s", n+1, got, want[n])
		}
	}
}

func TestChannel_Verdicts(t *testing.T) {
	hook := newHook(t)
	p := planOf(t, "route:\n  receiver: a\nreceivers:\n- name: a\n  webhook_configs:\n  - url: '"+hook.URL+"/services/token-123456'\n")
	m := notify.Message{Key: "k", Group: &notify.Group{Key: "{}:{}", Receiver: "a", Reason: notify.GroupFirst, Alerts: []notify.GroupAlert{{Labels: map[string]string{"alertname": "X"}, StartsAt: start}}}}
	c := p.all[0]
	if c.Name() != "receiver/a" {
		t.Errorf("name %q", c.Name())
	}
	var retry *notify.RetryError
	for _, tt := range []struct {
		status int
		retry  bool
	}{{500, true}, {503, true}, {400, false}, {404, false}} {
		hook.status = tt.status
		_, err := c.Send(t.Context(), m, "")
		if err == nil || errors.As(err, &retry) != tt.retry {
			t.Errorf("%d: got %v, want retry %t", tt.status, err, tt.retry)
		}
		if err != nil && strings.Contains(err.Error(), "token-123456") {
			t.Errorf("%d: the secret is in the error: %v", tt.status, err)
		}
		retry = nil
	}
	hook.Close()
	if _, err := c.Send(t.Context(), m, ""); !errors.As(err, &retry) || strings.Contains(err.Error(), "token-123456") {
		t.Errorf("nobody listens: got %v, want a retry without the secret", err)
	}
	if _, err := c.Send(t.Context(), notify.Message{Key: "k"}, ""); err == nil {
		t.Error("an incident is no group")
	}
}

// A Slack message of an app that updates its messages is found again by the thread.
func TestChannel_SlackUpdates_TheMessageOfTheThread(t *testing.T) {
	var calls []string
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls = append(calls, r.URL.Path+" "+fmt.Sprint(strings.Contains(string(body), `"ts":"17.1"`)))
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"ok":true,"ts":"17.1","channel":"C1"}`) //nolint:errcheck // the test looks at what came
	}))
	defer srv.Close()
	c, errs := amfile.Parse("am.yml", []byte("route:\n  receiver: a\nreceivers:\n- name: a\n  slack_configs: [{channel: '#x', api_url: 'https://slack.com/api/chat.postMessage', update_message: true, http_config: {authorization: {credentials: xoxb-no-token}, tls_config: {insecure_skip_verify: true}}}]\n"))
	must(t, errs.Err())
	// Alertmanager knows Slack by one address only; the way there ends at the stub.
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, srv.Listener.Addr().String())
	}
	p, err := NewPlan(PlanOptions{Config: c, HTTP: []commoncfg.HTTPClientOption{commoncfg.WithDialContextFunc(dial)}})
	must(t, err)
	group := func(reason string) notify.Message {
		return notify.Message{Key: "k", Group: &notify.Group{Key: "{}:{}", Receiver: "a", Reason: reason, Alerts: []notify.GroupAlert{{Labels: map[string]string{"alertname": "X"}, StartsAt: start}}}}
	}
	thread, err := p.all[0].Send(t.Context(), group(notify.GroupFirst), "")
	if err != nil || thread == "" {
		t.Fatalf("got thread %q, %v", thread, err)
	}
	if _, err := p.all[0].Send(t.Context(), group(notify.GroupChanged), thread); err != nil {
		t.Fatal(err)
	}
	if _, err := p.all[0].Send(t.Context(), group(notify.GroupFirst), thread); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(calls); got != "[/api/chat.postMessage false /api/chat.update true /api/chat.postMessage false]" {
		t.Errorf("got %s", got)
	}
}

func TestPlan_ChannelsAndWhatIsShown(t *testing.T) {
	const conf = `global:
  smtp_smarthost: mail:25
  smtp_from: a@example.com
  smtp_auth_password: hunter2
  slack_api_url: https://hooks.slack.com/services/T0/B0/verysecret
route:
  receiver: two
  routes: [{receiver: empty, matchers: [a=b]}]
receivers:
- name: two
  slack_configs: [{channel: '#x'}]
  webhook_configs:
  - url: https://user:pa55w0rd@hook.example.com/a?token=verysecret2
    http_config: {authorization: {credentials: "tok"}}
  email_configs: [{to: x@example.com}]
- name: empty
- name: unused
  webhook_configs: [{url: 'https://example.com/other-secret'}]
`
	p := planOf(t, conf)
	var names []string
	for _, c := range p.Channels() {
		names = append(names, c.Name())
	}
	if got := strings.Join(names, " "); got != "receiver/two/webhook[0] receiver/two/email[0] receiver/two/slack[0]" {
		t.Errorf("got %s", got)
	}
	if !p.bare["empty"] || p.bare["two"] {
		t.Errorf("got %v", p.bare)
	}
	p, err := NewPlan(PlanOptions{Config: p.conf, Source: []byte(conf)})
	must(t, err)
	for _, secret := range []string{"hunter2", "verysecret", "pa55w0rd", "\"tok\"", "credentials: tok", "other-secret"} {
		if strings.Contains(p.Shown(), secret) {
			t.Errorf("%s is shown:\n%s", secret, p.Shown())
		}
	}
	if !strings.Contains(p.Shown(), "receiver: two") || strings.Contains(p.Shown(), "pagerduty_url") {
		t.Errorf("want it as it was written, got\n%s", p.Shown())
	}
	if p := (&Plan{}); p.Configured() == false {
		t.Error("a plan that was given a configuration is configured")
	}
	none, err := NewPlan(PlanOptions{})
	must(t, err)
	if none.Configured() || len(none.Channels()) != 0 {
		t.Errorf("without a configuration there are no receivers, got %v", none.Channels())
	}
}
