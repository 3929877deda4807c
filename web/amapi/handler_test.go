package amapi_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/alertmanager/alert"
	apiv2 "github.com/prometheus/alertmanager/api/v2"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/marker"
	"github.com/prometheus/alertmanager/provider/mem"
	amsilence "github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/internal/amfile"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/alertmanager"
	"github.com/tocsinhq/tocsin/notify/silence"
	"github.com/tocsinhq/tocsin/notify/window"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/web/amapi"
)

type bench struct {
	changed int // how often silences changed
	t       testing.TB
	db      *sql.DB
	path    string
	set     *metrics.Set
	cfg     alertmanager.Config
	r       *alertmanager.Router
	sil     *silence.Store
	h       *amapi.Handler
}

const conf = `global: {resolve_timeout: 7m}
route:
  receiver: a
  group_by: [alertname]
  routes: [{receiver: b, matchers: [team=b]}]
receivers: [{name: a}, {name: b}]
inhibit_rules: [{source_matchers: [alertname=Root], target_matchers: [alertname=Leaf]}]
`

func newBench(t testing.TB, change func(*alertmanager.Config)) *bench {
	b := &bench{t: t, path: filepath.Join(t.TempDir(), "state.db"), set: metrics.NewSet(), cfg: alertmanager.DefaultConfig()}
	if change != nil {
		change(&b.cfg)
	}
	b.open()
	t.Cleanup(func() { b.db.Close() })
	return b
}

func (b *bench) open() {
	b.t.Helper()
	check := func(err error) {
		b.t.Helper()
		if err != nil {
			b.t.Fatal(err)
		}
	}
	var err error
	b.db, err = store.OpenState(context.Background(), b.path)
	check(err)
	c, errs := amfile.Parse("am.yml", []byte(conf))
	check(errs.Err())
	plan, err := alertmanager.NewPlan(alertmanager.PlanOptions{Config: c, Source: []byte(conf),
		Maintenance: []window.Config{{Name: "always", Matchers: []string{"service=batch"}, Cron: "* * * * *", Duration: 10 * 60e9}}})
	check(err)
	b.sil, err = silence.New(context.Background(), silence.Options{DB: b.db})
	check(err)
	b.r, err = alertmanager.New(context.Background(), alertmanager.Options{
		DB: b.db, Config: b.cfg, Plan: plan, Silences: b.sil, Now: time.Now, Metrics: b.set,
		Enqueue: func(context.Context, notify.Message, string) (bool, error) { return true, nil },
	})
	check(err)
	b.h, err = amapi.New(amapi.Options{Router: b.r, Silences: b.sil, Config: b.cfg, Metrics: b.set, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
		Changed: func(context.Context) { b.changed++ }})
	check(err)
}

func (b *bench) do(method, path, body string) (int, string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestPostAlerts(t *testing.T) {
	ok := `{"labels":{"alertname":"X","empty":""},"annotations":{"a":"b"}}`
	for _, tt := range []struct {
		name, body string
		code       int
		says       string
		kept       int
	}{
		{"one", "[" + ok + "]", 200, "", 1},
		{"none", "[]", 200, "", 0},
		{"no list", ok, 400, "want a list", 0},
		{"empty", "", 400, "want a list", 0},
		{"cut off", "[" + ok, 400, "after 1 alerts: want the end of the list", 0},
		{"wrong type", `[{"labels":{"alertname":5}}]`, 400, "alert 1", 0},
		{"bad time", `[{"labels":{"alertname":"X"},"startsAt":"soon"}]`, 400, "want a time such as", 0},
		{"no labels, the other is taken", `[{"labels":{}},` + ok + `]`, 400, "at least one label pair required", 1},
		{"ends before it starts", `[{"labels":{"a":"b"},"startsAt":"2026-01-05T00:00:00Z","endsAt":"2026-01-04T00:00:00Z"}]`, 400, "start time must be before end time", 0},
		{"times in strfmt's other forms", `[{"labels":{"a":"b"},"startsAt":"2026-01-05T00:00:00.000","endsAt":"2099-01-05T00:00:00+02:00"}]`, 200, "", 1},
		{"too many labels", `[{"labels":{"a":"b","b":"c","c":"d","d":"e"}}]`, 400, "want at most 3 labels", 0},
		{"too long", `[{"labels":{"a":"` + strings.Repeat("x", 200) + `"}}]`, 400, "want at most 100B of labels", 0},
		{"too large", "[" + strings.Repeat(ok+",", 100) + ok + "]", 413, "nothing was taken", 0},
		{"no room", `[{"labels":{"a":"1"}},{"labels":{"a":"2"}},{"labels":{"a":"3"}}]`, 503, "alertmanager.max_alerts, which is 2", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, func(c *alertmanager.Config) { c.MaxLabels, c.MaxTextBytes, c.MaxBody, c.MaxAlerts = 3, 100, 2048, 2 })
			code, body := b.do("POST", "/api/v2/alerts", tt.body)
			if code != tt.code || !strings.Contains(body, tt.says) {
				t.Errorf("got %d %s, want %d %s", code, body, tt.code, tt.says)
			}
			if n := len(b.r.Alerts()); n != tt.kept {
				t.Errorf("kept %d, want %d", n, tt.kept)
			}
		})
	}
}

func TestPostAlerts_WithoutAnEnd_LastsForTheResolveTimeout(t *testing.T) {
	b := newBench(t, nil)
	b.do("POST", "/api/v2/alerts", `[{"labels":{"alertname":"X"}}]`)
	a := b.r.Alerts()[0]
	if d := a.EndsAt.Sub(a.StartsAt); d != 7*time.Minute || !a.Timeout {
		t.Errorf("got %s, %t; want 7m", d, a.Timeout)
	}
	r := httptest.NewRequest("POST", "/api/v2/alerts", strings.NewReader("[]"))
	r.Header.Set("Content-Type", "text/plain")
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, r)
	if w.Code != 415 {
		t.Errorf("text/plain: got %d, want 415", w.Code)
	}
}

func TestGet_AlertsGroupsReceiversStatus_WithAndWithoutPrefix(t *testing.T) {
	b := newBench(t, nil)
	b.do("POST", "/api/v2/alerts", `[{"labels":{"alertname":"Root"}},{"labels":{"alertname":"Leaf"}},{"labels":{"alertname":"X","team":"b"}},{"labels":{"alertname":"Y","service":"batch"}}]`)
	for _, prefix := range []string{"", "/alertmanager"} {
		_, body := b.do("GET", prefix+"/api/v2/alerts", "")
		var alerts []struct {
			Labels    map[string]string
			Receivers []struct{ Name string }
			Status    struct {
				State                   string
				SilencedBy, InhibitedBy []string
			}
		}
		if err := json.Unmarshal([]byte(body), &alerts); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, a := range alerts {
			got[a.Labels["alertname"]] = a.Status.State + " " + a.Receivers[0].Name + " " + strings.Join(a.Status.SilencedBy, "") + fmt.Sprint(len(a.Status.InhibitedBy))
		}
		want := map[string]string{"Root": "active a 0", "Leaf": "suppressed a 1", "X": "active b 0", "Y": "suppressed a maintenance/always0"}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if _, body := b.do("GET", prefix+"/api/v2/alerts?filter=team%3Db", ""); strings.Count(body, "fingerprint") != 1 {
			t.Errorf("filter: got %s", body)
		}
		if _, body := b.do("GET", prefix+"/api/v2/alerts/groups?receiver=b", ""); !strings.Contains(body, `"labels":{"alertname":"X"},"receiver":{"name":"b"}`) || strings.Contains(body, "Root") {
			t.Errorf("groups: got %s", body)
		}
		if _, body := b.do("GET", prefix+"/api/v2/receivers", ""); strings.Count(body, `"name":`) < 2 {
			t.Errorf("receivers: got %s", body)
		}
		if _, body := b.do("GET", prefix+"/api/v2/status", ""); !strings.Contains(body, `"version":"0.34.2"`) || !strings.Contains(body, "resolve_timeout: 7m") {
			t.Errorf("status: got %s", body)
		}
		if code, _ := b.do("GET", prefix+"/-/ready", ""); code != 200 {
			t.Errorf("ready: got %d", code)
		}
	}
}

func TestSilences_AreOnDiskWhenAnswered(t *testing.T) {
	b := newBench(t, nil)
	now := time.Now().UTC()
	body := fmt.Sprintf(`{"matchers":[{"name":"alertname","value":"X","isRegex":false,"isEqual":true}],"startsAt":%q,"endsAt":%q,"createdBy":"oncall","comment":"known"}`,
		now.Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339))
	code, answer := b.do("POST", "/api/v2/silences", body)
	var made struct{ SilenceID string }
	if err := json.Unmarshal([]byte(answer), &made); code != 200 || err != nil {
		t.Fatalf("got %d %s", code, answer)
	}
	b.db.Close() // a kill
	b.open()
	b.do("POST", "/api/v2/alerts", `[{"labels":{"alertname":"X"}}]`)
	if _, got := b.do("GET", "/api/v2/alerts", ""); !strings.Contains(got, `"silencedBy":["`+made.SilenceID+`"]`) {
		t.Errorf("after a kill: got %s", got)
	}
	if code, got := b.do("DELETE", "/api/v2/silence/"+made.SilenceID, ""); code != 200 {
		t.Errorf("expire: got %d %s", code, got)
	}
	if b.changed != 2 {
		t.Errorf("told %d times that silences changed, want at the making and at the end", b.changed)
	}
	b.db.Close()
	b.open()
	if _, got := b.do("GET", "/api/v2/silence/"+made.SilenceID, ""); !strings.Contains(got, `"state":"expired"`) || !strings.Contains(got, `"createdBy":"oncall"`) {
		t.Errorf("after the next: got %s", got)
	}
	if code, got := b.do("POST", "/api/v2/silences", strings.Replace(body, "alertname", "", 1)); code < 400 {
		t.Errorf("a silence without a label name: got %d %s", code, got)
	}
	b.db.Close()
	if code, got := b.do("POST", "/api/v2/silences", body); code != 500 || !strings.Contains(got, "could not be stored") {
		t.Errorf("the disk is gone: got %d %s", code, got)
	}
}

func FuzzPostAlerts(f *testing.F) {
	f.Add([]byte(`[{"labels":{"alertname":"X"},"annotations":{"a":"b"},"startsAt":"2026-01-05T00:00:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://x"}]`))
	f.Add([]byte(`[{"labels":{"alertname":""}},{}]`))
	f.Add([]byte(`[null,{"labels":null}]`))
	b := newBench(f, func(c *alertmanager.Config) { c.MaxAlerts, c.MaxBody = 10, 4096 })
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest("POST", "/api/v2/alerts", bytes.NewReader(body))
		w := httptest.NewRecorder()
		b.h.ServeHTTP(w, r)
		switch w.Code {
		case 200, 400, 413, 503:
		default:
			t.Errorf("got %d %s", w.Code, w.Body)
		}
		if n := len(b.r.Alerts()); n > 10 {
			t.Errorf("kept %d, want at most 10", n)
		}
	})
}

// BenchmarkIntake posts batches of 64 alerts, which is what a Prometheus sends,
// from the body to the answer: here, with rows that survive a kill, and to
// Alertmanager's own API and provider, which keep them in memory.
func BenchmarkIntake(b *testing.B) {
	b.Run("tocsin", func(b *testing.B) {
		intake(b, newBench(b, func(c *alertmanager.Config) { c.MaxAlerts = 1 << 30 }).h)
	})
	b.Run("alertmanager", func(b *testing.B) {
		x := newBench(b, nil)
		reg := prometheus.NewRegistry()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		log := slog.New(slog.DiscardHandler)
		silencer := amsilence.NewSilencer(x.sil.Alertmanager(), log, eventrecorder.Recorder{})
		alerts, err := mem.NewAlerts(ctx, time.Hour, 0, silencer, log, eventrecorder.Recorder{}, reg, featurecontrol.NoopFlags{})
		if err != nil {
			b.Fatal(err)
		}
		defer alerts.Close()
		d := dispatch.NewDispatcher(alerts, dispatch.NewRoute(x.r.Plan().Config().Route, nil), quiet{}, marker.NewGroupMarker(),
			func(d time.Duration) time.Duration { return d }, time.Minute, nil, log, eventrecorder.Recorder{}, nil, nil)
		go d.Run(time.Now())
		d.WaitForLoading()
		defer d.Stop()
		groups := func(context.Context, func(*dispatch.Route) bool, func(*alert.Alert, time.Time) bool) (dispatch.AlertGroups, map[model.Fingerprint][]string, error) {
			return nil, nil, nil
		}
		am, err := apiv2.NewAPI(alerts, groups, func(string, string) ([]string, bool) { return nil, false }, x.sil.Alertmanager(), nil, log, reg)
		if err != nil {
			b.Fatal(err)
		}
		am.Update(x.r.Plan().Config(), func(context.Context, model.LabelSet) {})
		intake(b, am.Handler)
	})
}

// quiet tells nobody.
type quiet struct{}

func (quiet) Exec(ctx context.Context, _ *slog.Logger, alerts ...*alert.Alert) (context.Context, []*alert.Alert, error) {
	return ctx, alerts, nil
}

func intake(b *testing.B, h http.Handler) {
	const batch = 64
	bodies := make([]string, b.N)
	for i := range bodies {
		var list []string
		for j := range batch {
			n := i*batch + j
			list = append(list, fmt.Sprintf(`{"labels":{"alertname":"Down","service":"s%d","host":"h%d","severity":"critical","instance":"10.0.0.1:9100","datacenter":"eu-1"},`+
				`"annotations":{"summary":"host %d is down","runbook":"https://runbooks.example.com/down"},"startsAt":"2026-01-05T00:00:00Z","endsAt":"2099-01-05T00:00:00Z","generatorURL":"http://prometheus/graph?g0.expr=up"}`, n%7, n, n))
		}
		bodies[i] = "[" + strings.Join(list, ",") + "]"
	}
	b.ResetTimer()
	for _, body := range bodies {
		r := httptest.NewRequest(http.MethodPost, "/api/v2/alerts", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "alerts/s")
}
