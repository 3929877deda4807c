package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/web"
	"github.com/tocsinhq/tocsin/web/uitest"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

const burning = "01JDK3M8Q4T7ZV" // the shop's open incident

func newServer() *uitest.Server {
	return uitest.NewServer(func() time.Time { return noon })
}

// ask sends one request and returns the answer and its whole body.
func ask(t *testing.T, h http.Handler, method, target, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:9099"+target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	res := w.Result()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

func decode[T any](t *testing.T, body string) T {
	t.Helper()
	var v T
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("decode %T: %v in %s", v, err, body)
	}
	return v
}

func TestIncidents_ByState(t *testing.T) {
	h := newServer().Handler()
	f := func(query string, want ...string) {
		t.Helper()
		res, body := ask(t, h, "GET", "/api/v1/tocsin/incidents"+query, "")
		if res.StatusCode != 200 {
			t.Fatalf("%s: status %d: %s", query, res.StatusCode, body)
		}
		var got []string
		for _, in := range decode[web.IncidentList](t, body).Incidents {
			got = append(got, in.Service)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
	f("", "checkout", "search", "catalog", "payments")
	f("?state=all", "checkout", "search", "catalog", "payments")
	f("?state=open", "checkout")
	f("?state=acknowledged", "search")
	f("?state=resolved", "catalog", "payments")
	f("?service=catalog", "catalog")
	f("?service=nobody")
	f("?limit=2", "checkout", "search")
}

func TestIncidents_TopSuspectAndMore(t *testing.T) {
	h := newServer().Handler()
	_, body := ask(t, h, "GET", "/api/v1/tocsin/incidents?limit=3", "")
	list := decode[web.IncidentList](t, body)
	if !list.More {
		t.Error("more: got false with 3 of 4 shown, want true")
	}
	if s := list.Incidents[0].TopSuspect; s == nil || s.ChangeID != "dep-checkout-42" || s.Probability != 0.91 {
		t.Errorf("top suspect of checkout: got %+v", s)
	}
	if s := list.Incidents[1].TopSuspect; s == nil || s.ChangeID != "" || s.Title != "no recent change fits" {
		t.Errorf("top suspect of search: got %+v, want the row without a change", s)
	}
	if s := list.Incidents[2].TopSuspect; s != nil {
		t.Errorf("top suspect of catalog: got %+v, want none", s)
	}
	_, body = ask(t, h, "GET", "/api/v1/tocsin/incidents?limit=4", "")
	if decode[web.IncidentList](t, body).More {
		t.Error("more: got true with 4 of 4 shown, want false")
	}
}

func TestIncident_DetailHoldsAll(t *testing.T) {
	h := newServer().Handler()
	res, body := ask(t, h, "GET", "/api/v1/tocsin/incidents/"+burning, "")
	if res.StatusCode != 200 {
		t.Fatalf("status %d: %s", res.StatusCode, body)
	}
	d := decode[web.IncidentDetail](t, body)
	if d.Incident.ID != burning || len(d.Events) != 7 || d.Ranking == nil || len(d.Ranking.Findings) != 3 || len(d.Deliveries) != 4 {
		t.Errorf("got id %s, %d events, ranking %v, %d deliveries", d.Incident.ID, len(d.Events), d.Ranking != nil, len(d.Deliveries))
	}
	var ids []string
	for _, c := range d.Changes {
		ids = append(ids, c.ID)
	}
	if want := []string{"dep-checkout-42", "flag-checkout-wallet"}; !slices.Equal(ids, want) {
		t.Errorf("changes: got %v, want %v", ids, want)
	}
	if strings.Contains(body, `"score":null`) == false {
		t.Error("an unknown score must be null")
	}
}

func TestIncident_Unknown_IsASentence(t *testing.T) {
	h := newServer().Handler()
	for _, f := range []struct{ method, path, body string }{
		{"GET", "/api/v1/tocsin/incidents/nope", ""},
		{"POST", "/api/v1/tocsin/incidents/nope/ack", `{"actor":"eve"}`},
		{"POST", "/api/v1/tocsin/incidents/nope/resolve", `{"actor":"eve"}`},
	} {
		res, body := ask(t, h, f.method, f.path, f.body)
		e := decode[web.ErrorBody](t, body)
		if res.StatusCode != 404 || e.Code != web.KindNotFound || e.Error != `there is no incident "nope"` || e.RequestID == "" || e.Retryable {
			t.Errorf("%s %s: got %d %+v", f.method, f.path, res.StatusCode, e)
		}
		if got := res.Header.Get("X-Request-Id"); got != e.RequestID {
			t.Errorf("X-Request-Id: got %q, want %q", got, e.RequestID)
		}
	}
}

func TestIncident_AckAndResolve(t *testing.T) {
	h := newServer().Handler()
	path := "/api/v1/tocsin/incidents/" + burning
	res, body := ask(t, h, "POST", path+"/ack", `{"actor":" on-call ","note":"on it"}`)
	if in := decode[incident.Incident](t, body); res.StatusCode != 200 || in.State != incident.StateAcknowledged || !in.Acked.Equal(noon) {
		t.Fatalf("ack: %d %s", res.StatusCode, body)
	}
	res, body = ask(t, h, "POST", path+"/resolve", `{"actor":"on-call"}`)
	if in := decode[incident.Incident](t, body); res.StatusCode != 200 || in.State != incident.StateResolved {
		t.Fatalf("resolve: %d %s", res.StatusCode, body)
	}
	res, body = ask(t, h, "POST", path+"/resolve", `{"actor":"on-call"}`)
	if e := decode[web.ErrorBody](t, body); res.StatusCode != 409 || e.Code != web.KindConflict {
		t.Errorf("resolve again: got %d %+v", res.StatusCode, e)
	}
	_, body = ask(t, h, "GET", path, "")
	events := decode[web.IncidentDetail](t, body).Events
	if e := events[7]; e.Actor != "on-call" || e.Text != "on it" {
		t.Errorf("event of ack: got %+v, want actor on-call without spaces", e)
	}
}

func TestAction_WrongBody_IsRefused(t *testing.T) {
	h := newServer().Handler()
	f := func(body, want string) {
		t.Helper()
		res, got := ask(t, h, "POST", "/api/v1/tocsin/incidents/"+burning+"/ack", body)
		if e := decode[web.ErrorBody](t, got); res.StatusCode != 400 || !strings.Contains(e.Error, want) {
			t.Errorf("%.40q: got %d %q, want 400 with %q", body, res.StatusCode, e.Error, want)
		}
	}
	f(``, "actor: want the name")
	f(`{}`, "actor: want the name")
	f(`{"actor":"  "}`, "actor: want the name")
	f(`{"actor":"a\nb"}`, "actor: want one line")
	f(`{"actor":"`+strings.Repeat("é", 201)+`"}`, "actor: want at most 200")
	f(`{"note":"`+strings.Repeat("n", 4001)+`"}`, "note: want at most 4000")
	f(`{"actor":"a","severity":"x"}`, `unknown field "severity"`)
	f(`{"actor":"a"} {"actor":"b"}`, "one JSON object and nothing after")
	f(`{"actor":1}`, "cannot unmarshal number")
	f(`[`, "read body")
}

func TestBody_TooLarge_Is413(t *testing.T) {
	h := newServer().Handler()
	big := `{"note":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, path := range []string{"/api/v1/tocsin/changes", "/api/v1/tocsin/incidents/" + burning + "/ack"} {
		res, body := ask(t, h, "POST", path, big)
		if e := decode[web.ErrorBody](t, body); res.StatusCode != 413 || !strings.Contains(e.Error, "at most 1048576 bytes") {
			t.Errorf("%s: got %d %+v", path, res.StatusCode, e)
		}
	}
}

func TestChanges_RecordAndList(t *testing.T) {
	h := newServer().Handler()
	const path = "/api/v1/tocsin/changes"
	res, body := ask(t, h, "POST", path, `{"id":"x","service":"cart","version_to":"v2"}`)
	if c := decode[web.ChangeRecorded](t, body); res.StatusCode != 201 || !c.Created || c.Change.Service != "cart" {
		t.Fatalf("create: %d %s", res.StatusCode, body)
	}
	if res, body = ask(t, h, "POST", path, `{"id":"x","service":"cart","version_to":"v3"}`); res.StatusCode != 200 {
		t.Errorf("update: got %d %s, want 200", res.StatusCode, body)
	}
	res, body = ask(t, h, "POST", path, `{"kind":"magic"}`)
	if e := decode[web.ErrorBody](t, body); res.StatusCode != 400 || len(e.Problems) != 2 {
		t.Errorf("invalid: got %d %+v, want both wrong fields", res.StatusCode, e)
	}
	f := func(query string, want ...string) {
		t.Helper()
		_, body := ask(t, h, "GET", path+query, "")
		var got []string
		for _, c := range decode[web.ChangeList](t, body).Changes {
			got = append(got, c.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
	f("?service=cart", "x", "cfg-cart-9")
	f("?kind=flag", "flag-checkout-wallet")
	f("?from=2026-03-04T11:50:00Z", "x", "schema-payments-3")
	f(fmt.Sprintf("?to=%d", noon.Add(-48*time.Hour).Unix()), "cert-frontend")
}

func TestAnomalies_FilteredAndFlat(t *testing.T) {
	h := newServer().Handler()
	_, body := ask(t, h, "GET", "/api/v1/tocsin/anomalies?service=checkout&since=2026-03-04T11:57:00Z", "")
	list := decode[web.AnomalyList](t, body)
	if len(list.Anomalies) != 1 || list.Anomalies[0].Name != "p95_latency" || list.Anomalies[0].Incident != burning {
		t.Errorf("got %+v", list.Anomalies)
	}
	_, body = ask(t, h, "GET", "/api/v1/tocsin/anomalies?limit=1", "")
	if !decode[web.AnomalyList](t, body).More {
		t.Error("more: want true")
	}
}

func TestSLOs_ListedWithBudgetAndBurns(t *testing.T) {
	h := uitest.NewServer(time.Now).Handler()
	_, body := ask(t, h, "GET", "/api/v1/tocsin/slos?service=checkout", "")
	for _, want := range []string{
		`"name":"availability"`, `"objective":0.999`, `"window_seconds":2592000`, `"budget_left":-0.2`, `"burning":"critical"`, `"ratio_lower":0.0012`,
		`"rate":14.4,"severity":"critical","long_seconds":3600,"short_seconds":300,"long_rate":21.4,"short_rate":30.2,"burning":true`,
		`"query":"tocsin:slo:budget_left{slo=\"availability\",environment=\"production\",service=\"checkout\"}"`, `"source":"/etc/tocsin/slos.yml:3"`, `"more":false`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	_, body = ask(t, h, "GET", "/api/v1/tocsin/slos?service=reports", "")
	if !strings.Contains(body, `"budget_left":null`) || strings.Contains(body, `"query"`) {
		t.Errorf("without data: got %s", body)
	}
	if _, body = ask(t, h, "GET", "/api/v1/tocsin/slos?limit=1", ""); !strings.Contains(body, `"more":true`) || strings.Count(body, `"observed_seconds"`) != 1 {
		t.Errorf("limited: got %s", body)
	}
	if _, body = ask(t, h, "GET", "/api/v1/tocsin/slos?service=nobody", ""); !strings.Contains(body, `"slos":[]`) {
		t.Errorf("none: got %s", body)
	}
}

func TestBudget_OfAllServicesOrOne(t *testing.T) {
	h := newServer().Handler()
	_, body := ask(t, h, "GET", "/api/v1/tocsin/budget?limit=1", "")
	list := decode[web.BudgetList](t, body)
	if len(list.Budgets) != 1 || !list.More || list.Budgets[0].Service != "checkout" || list.Budgets[0].Spent7 != 3 || len(list.Budgets[0].Daily) != 28 {
		t.Errorf("got %+v", list)
	}
	if !strings.Contains(body, `"budget_per_week":1`) || !strings.Contains(body, `"most":[{"series":"{__name__=\"tocsin:p95_latency\"`) {
		t.Errorf("got %s", body)
	}
	_, body = ask(t, h, "GET", "/api/v1/tocsin/budget?service=search", "")
	if list := decode[web.BudgetList](t, body); len(list.Budgets) != 1 || list.More || list.Budgets[0].Service != "search" {
		t.Errorf("of one service: got %+v", list)
	}
	if _, body = ask(t, h, "GET", "/api/v1/tocsin/budget?service=nobody", ""); !strings.Contains(body, `"budgets":[]`) {
		t.Errorf("of nobody: got %s", body)
	}
}

func TestBand_PointsAreArraysWithNull(t *testing.T) {
	h := newServer().Handler()
	res, body := ask(t, h, "GET", `/api/v1/tocsin/band?query=tocsin:error_rate%7Bservice=%22checkout%22%7D&start=2026-03-04T11:00:00Z&end=2026-03-04T12:00:00Z&step=30s`, "")
	if res.StatusCode != 200 {
		t.Fatal(body)
	}
	b := decode[web.Band](t, body)
	if len(b.Points) != 121 || b.Unit != "ratio" {
		t.Errorf("got %d points in %q, want 121 in ratio", len(b.Points), b.Unit)
	}
	if !strings.Contains(body, `[1772622000000,`) || !strings.Contains(body, `,null,null,null,null]`) {
		t.Errorf("got %.300s", body)
	}
	res, body = ask(t, h, "GET", "/api/v1/tocsin/band?query=nothing", "")
	if e := decode[web.ErrorBody](t, body); res.StatusCode != 404 || !strings.Contains(e.Error, "no series matches nothing") {
		t.Errorf("no match: got %d %+v", res.StatusCode, e)
	}
}

func TestBand_DefaultStepFitsTheRange(t *testing.T) {
	s := newServer()
	var got web.BandRequest
	s.Options.Bands = bandFunc(func(r web.BandRequest) (web.Band, error) { got = r; return web.Band{}, nil })
	h := s.Handler()
	f := func(query string, want time.Duration) {
		t.Helper()
		if res, body := ask(t, h, "GET", "/api/v1/tocsin/band?query=up"+query, ""); res.StatusCode != 200 || !strings.Contains(body, `"points":[]`) || !strings.Contains(body, `"series":{}`) {
			t.Fatalf("%d %s", res.StatusCode, body)
		}
		if got.Step != want {
			t.Errorf("%s: got step %s, want %s", query, got.Step, want)
		}
	}
	f("", 30*time.Second) // six hours until now
	f("&start=2026-03-04T11:59:00Z", time.Second)
	f("&start=2026-02-25T12:00:00Z", 840*time.Second)
	f("&step=1.5&start=2026-03-04T11:00:00Z", 1500*time.Millisecond)
	f("&step=2m", 2*time.Minute)
	if !got.End.Equal(noon) {
		t.Errorf("end: got %s, want now", got.End)
	}
}

type bandFunc func(web.BandRequest) (web.Band, error)

func (f bandFunc) Band(_ context.Context, r web.BandRequest) (web.Band, error) { return f(r) }

func (bandFunc) Explain(context.Context, string, time.Time) (web.Explanation, error) {
	return web.Explanation{}, errors.New("not asked for")
}

func TestParameters_WrongOnes_AreAllNamed(t *testing.T) {
	h := newServer().Handler()
	f := func(target string, want ...string) {
		t.Helper()
		res, body := ask(t, h, "GET", "/api/v1/tocsin"+target, "")
		e := decode[web.ErrorBody](t, body)
		if res.StatusCode != 400 || e.Code != web.KindInvalid || len(e.Problems) != len(want) {
			t.Errorf("%s: got %d %+v, want 400 with %d problems", target, res.StatusCode, e, len(want))
		}
		for _, w := range want {
			if !strings.Contains(e.Error, w) {
				t.Errorf("%s: got %q, want %q in it", target, e.Error, w)
			}
		}
	}
	f("/incidents?stat=open&limit=0", "stat: unknown query parameter; want one of state, service, limit", `limit: want a whole number from 1 to 500, got "0"`)
	f("/incidents?state=broken", `state: want one of candidate, open, acknowledged, mitigated, resolved, closed, merged, false_positive, expired, active, ended, all, got "broken"`)
	f("/incidents?limit=10&limit=20", "limit: want it once, got it 2 times")
	f("/incidents?limit=501", "limit")
	f("/incidents?service="+strings.Repeat("x", 5000), "service: want at most 4096 bytes")
	f("/incidents/x?verbose=1", "this route takes none")
	f("/status?verbose=1", "this route takes none")
	f("/anomalies?since=yesterday", `since: want a time as RFC 3339 or in seconds since 1970, got "yesterday"`)
	f("/anomalies?since=NaN", "since")
	f("/anomalies?since=1e300", "since")
	f("/changes?kind=x&from=-1", "kind: want one of deployment", "from: want a time")
	f("/changes?from=20&to=10", "to: want a time not before from")
	f("/band", "query: want a PromQL selector")
	f("/explain?time=noon", "query: want a PromQL selector", "time: want a time")
	f("/forecast", "match: want a PromQL selector of series")
	f("/forecast?match=up&horizon=2y", "horizon: want at most 365d")
	f("/forecast?match=up&horizon=1us", "horizon: want at least 1ms")
	f("/forecast?match=up&horizon=1e-10", "horizon: want a positive duration")
	f("/forecast?match=up&horizon=-3d", "horizon: want a positive duration")
	f("/forecast?match=up&coverage=1", "coverage: want a number between 0 and 1 such as 0.9")
	f("/forecast?match=up&threshold=NaN", "threshold: want a number")
	f("/forecast?match=up&direction=up", "direction: want one of above, below")
	f("/capacity?full=95", "full: want a number between 0 and 1 such as 0.95")
	f("/band?query=up&start=20&end=10", "start: want a time before end")
	f("/band?query=up&step=0", "step: want a positive duration")
	f("/band?query=up&step=1s&start=0&end=20000", "step: want a step that makes at most 11000 points, got 20000")
	f("/events?last_event_id=x", "last_event_id: want the id of an earlier event")
	f("/incidents?a=%zz", "query string")
}

func TestMethod_Wrong_Is405WithAllow(t *testing.T) {
	h := newServer().Handler()
	f := func(method, path, allow string) {
		t.Helper()
		res, body := ask(t, h, method, path, "")
		if e := decode[web.ErrorBody](t, body); res.StatusCode != 405 || res.Header.Get("Allow") != allow || e.Code != web.KindMethod {
			t.Errorf("%s %s: got %d, Allow %q, %+v", method, path, res.StatusCode, res.Header.Get("Allow"), e)
		}
	}
	f("DELETE", "/api/v1/tocsin/incidents", "GET, HEAD")
	f("DELETE", "/api/v1/tocsin/changes", "GET, HEAD, POST")
	f("GET", "/api/v1/tocsin/incidents/x/ack", "POST")
	f("GET", "/-/reload", "POST, PUT")
	f("GET", "/api/v1/write", "POST")
	f("POST", "/incidents", "GET, HEAD")
}

func TestPath_Unknown_Is404InJSON(t *testing.T) {
	h := newServer().Handler()
	for _, path := range []string{"/api/v1/tocsin/nothing", "/api/v3/alerts", "/-/quit", "/assets/gone.js", "/v1/profiles", "/api/v1/tocsin/" + strings.Repeat("x", 999)} {
		res, body := ask(t, h, "GET", path, "")
		if e := decode[web.ErrorBody](t, body); res.StatusCode != 404 || e.Code != web.KindNotFound || len(e.Error) > 400 {
			t.Errorf("%s: got %d %+v", path, res.StatusCode, e)
		}
	}
}

func TestNotReady_DataRoutesAnswer503(t *testing.T) {
	s := newServer()
	why := "replaying the write-ahead log, segment 3 of 9"
	s.NotReady.Store(&why)
	h := s.Handler()
	for _, path := range []string{"/api/v1/tocsin/incidents", "/api/v1/tocsin/status", "/api/v1/tocsin/events", "/api/v1/query_range?query=up"} {
		res, body := ask(t, h, "GET", path, "")
		e := decode[web.ErrorBody](t, body)
		if res.StatusCode != 503 || res.Header.Get("Retry-After") != "2" || !e.Retryable || !strings.Contains(e.Error, why) {
			t.Errorf("%s: got %d %+v", path, res.StatusCode, e)
		}
	}
	if res, _ := ask(t, h, "POST", "/api/v1/write", ""); res.StatusCode != 503 || s.Writes.Load() != 0 {
		t.Errorf("write: got %d, %d writes; want 503 and none", res.StatusCode, s.Writes.Load())
	}
	res, body := ask(t, h, "GET", "/-/ready", "")
	if res.StatusCode != 503 || !strings.Contains(body, why) || res.Header.Get("Retry-After") == "" {
		t.Errorf("ready: got %d %q", res.StatusCode, body)
	}
	for _, path := range []string{"/-/healthy", "/metrics", "/", "/api/v1/tocsin/openapi.json"} {
		if res, body := ask(t, h, "GET", path, ""); res.StatusCode != 200 {
			t.Errorf("%s: got %d %s, want 200 although not ready", path, res.StatusCode, body)
		}
	}
	s.NotReady.Store(nil)
	if res, body := ask(t, h, "GET", "/-/ready", ""); res.StatusCode != 200 || body != "ready\n" {
		t.Errorf("ready at last: got %d %q", res.StatusCode, body)
	}
	if res, _ := ask(t, h, "POST", "/api/v1/write", ""); res.StatusCode != 204 || s.Writes.Load() != 1 {
		t.Errorf("write at last: got %d", res.StatusCode)
	}
}

func TestHealthy_SaysWhyNot(t *testing.T) {
	s := newServer()
	s.Options.Healthy = func() error { return errors.New("the disk is full") }
	if res, body := ask(t, s.Handler(), "GET", "/-/healthy", ""); res.StatusCode != 503 || body != "not healthy: the disk is full\n" {
		t.Errorf("got %d %q", res.StatusCode, body)
	}
}

func TestReload_AnswersTheErrorText(t *testing.T) {
	s := newServer()
	var fail error
	s.Options.Reload = func(context.Context) error { return fail }
	h := s.Handler()
	for _, method := range []string{"POST", "PUT"} {
		if res, body := ask(t, h, method, "/-/reload", ""); res.StatusCode != 200 || body != "reloaded\n" {
			t.Errorf("%s: got %d %q", method, res.StatusCode, body)
		}
	}
	fail = errors.New("tocsin.yml:3: webb: unknown field\ntocsin.yml:9: port: want a number")
	res, body := ask(t, h, "POST", "/-/reload", "")
	if res.StatusCode != 400 || body != fail.Error()+"\n" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("got %d %q", res.StatusCode, body)
	}
}

func TestErrors_OfParts_AreClassifiedOrHidden(t *testing.T) {
	s := newServer()
	var logged bytes.Buffer
	s.Options.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	cause := errors.New("disk I/O error at page 7")
	s.Options.Status = func(context.Context) (web.Status, error) { return web.Status{}, cause }
	h := s.Handler()
	res, body := ask(t, h, "GET", "/api/v1/tocsin/status", "")
	e := decode[web.ErrorBody](t, body)
	if res.StatusCode != 500 || strings.Contains(body, "page 7") || e.Code != web.KindInternal {
		t.Errorf("got %d %s, want 500 without the cause", res.StatusCode, body)
	}
	if !strings.Contains(logged.String(), "page 7") || !strings.Contains(logged.String(), e.RequestID) {
		t.Errorf("log: got %q, want the cause and the request id", logged.String())
	}
	s.Options.Classify = func(err error) *web.Error {
		if errors.Is(err, cause) {
			return &web.Error{Kind: web.KindUnavailable, Message: "the disk is ill", Err: err}
		}
		return nil
	}
	if res, body = ask(t, s.Handler(), "GET", "/api/v1/tocsin/status", ""); res.StatusCode != 503 || !strings.Contains(body, "the disk is ill") {
		t.Errorf("classified: got %d %s", res.StatusCode, body)
	}
	s.Options.Status = func(context.Context) (web.Status, error) { return web.Status{}, context.DeadlineExceeded }
	if res, body = ask(t, s.Handler(), "GET", "/api/v1/tocsin/status", ""); res.StatusCode != 503 || !strings.Contains(body, "took too long") {
		t.Errorf("deadline: got %d %s", res.StatusCode, body)
	}
}

func TestPanic_IsAnsweredAndCounted(t *testing.T) {
	s := newServer()
	s.Options.Status = func(context.Context) (web.Status, error) { panic("boom") }
	h := s.Handler()
	res, body := ask(t, h, "GET", "/api/v1/tocsin/status", "")
	if e := decode[web.ErrorBody](t, body); res.StatusCode != 500 || e.Code != web.KindInternal || strings.Contains(body, "boom") {
		t.Errorf("got %d %s", res.StatusCode, body)
	}
	_, body = ask(t, h, "GET", "/metrics", "")
	for _, want := range []string{"tocsin_http_panics_total 1", `tocsin_http_requests_total{route="/api/v1/tocsin/status",method="GET",code="500"} 1`} {
		if !strings.Contains(body, want) {
			t.Errorf("metrics: want %s in\n%s", want, body)
		}
	}
}

func TestNewServer_MissingOption_Panics(t *testing.T) {
	s := newServer()
	s.Options.Bands = nil
	defer func() {
		if got := recover(); got != "web: Options.Bands is missing" {
			t.Errorf("got %v", got)
		}
	}()
	s.Handler()
}
