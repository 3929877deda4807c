package client_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web/client"
	"github.com/tocsinhq/tocsin/web/uitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func dial(t *testing.T, h http.Handler) *client.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(func() {
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		srv.Close()
	})
	c, err := client.New(srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func shop(t *testing.T) *client.Client {
	return dial(t, uitest.NewServer(func() time.Time { return noon }).Handler())
}

func TestIncidents_ListShowAckResolve(t *testing.T) {
	c, ctx := shop(t), t.Context()
	list, err := c.Incidents(ctx, client.IncidentQuery{State: "open", Service: "checkout", Limit: 5})
	if err != nil || len(list.Incidents) != 1 {
		t.Fatalf("got %d incidents, %v; want 1", len(list.Incidents), err)
	}
	id := list.Incidents[0].ID
	d, err := c.Incident(ctx, id)
	if err != nil || d.Incident.Service != "checkout" || len(d.Ranking.Findings) != 3 {
		t.Errorf("show: got %+v, %v", d.Incident, err)
	}
	if in, err := c.Ack(ctx, id, "on-call", "on it"); err != nil || in.State != incident.StateAcknowledged {
		t.Errorf("ack: got %s, %v", in.State, err)
	}
	if in, err := c.Resolve(ctx, id, "on-call", ""); err != nil || in.State != incident.StateResolved {
		t.Errorf("resolve: got %s, %v", in.State, err)
	}
	var e *client.Error
	if _, err := c.Resolve(ctx, id, "on-call", ""); !errors.As(err, &e) || e.Status != 409 {
		t.Errorf("resolve again: got %v, want 409", err)
	}
	if list, err := c.Incidents(ctx, client.IncidentQuery{}); err != nil || len(list.Incidents) != 4 {
		t.Errorf("all: got %d, %v; want 4", len(list.Incidents), err)
	}
}

func TestChanges_RecordAndList(t *testing.T) {
	c, ctx := shop(t), t.Context()
	got, err := c.RecordChange(ctx, client.NewChange{Service: "cart", Kind: telemetry.KindFlag, Started: noon})
	if err != nil || !got.Created || got.Change.Kind != telemetry.KindFlag {
		t.Fatalf("got %+v, %v", got, err)
	}
	list, err := c.Changes(ctx, client.ChangeQuery{Service: "cart", Kind: "flag", From: noon, To: noon.Add(time.Second), Limit: 10})
	if err != nil || len(list.Changes) != 1 || list.Changes[0].ID != got.Change.ID {
		t.Errorf("got %+v, %v", list, err)
	}
}

func TestRecordChange_Invalid_NamesEveryField(t *testing.T) {
	_, err := shop(t).RecordChange(t.Context(), client.NewChange{Kind: "magic"})
	want := "2 fields are wrong:\n  service: want the name of the service that was changed\n  kind: want a known kind, got \"magic\""
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestIncident_Unknown_IsTheDaemonsSentence(t *testing.T) {
	_, err := shop(t).Incident(t.Context(), "a/b c")
	if err == nil || err.Error() != `there is no incident "a/b c"` {
		t.Errorf("got %v", err)
	}
}

func TestBudgets_OfOneService(t *testing.T) {
	all, err := shop(t).Budgets(t.Context(), "")
	if err != nil || len(all.Budgets) != 2 {
		t.Fatalf("got %+v, %v", all, err)
	}
	if one, err := shop(t).Budgets(t.Context(), "search"); err != nil || len(one.Budgets) != 1 || one.Budgets[0].Series != 12 {
		t.Errorf("got %+v, %v", one, err)
	}
}

func TestStatus(t *testing.T) {
	if st, err := shop(t).Status(t.Context()); err != nil || st.Version != "0.1.0" {
		t.Errorf("got %+v, %v", st, err)
	}
}

func TestDaemon_NotRunning_SaysWhatToDo(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	c, err := client.New("http://" + addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Incidents(t.Context(), client.IncidentQuery{})
	if err == nil || !strings.HasPrefix(err.Error(), "the daemon is not running at http://"+addr+`; start it with "tocsin serve"`) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = c.Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

func TestAnswer_OfSomethingElse_IsNamed(t *testing.T) {
	f := func(status int, body, want string) {
		t.Helper()
		c := dial(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			w.Write([]byte(body))
		}))
		if _, err := c.Status(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	f(200, "<html>", "is not what a tocsin daemon says")
	f(404, "404 page not found", `answered 404 Not Found, which is not what a tocsin daemon says: "404 page not found"`)
	f(502, "{}", "502 Bad Gateway")
}

func TestNew_WrongAddress_IsRefused(t *testing.T) {
	for _, a := range []string{"", "ftp://x", "http://", "http://x/y", "::"} {
		if _, err := client.New(a); err == nil {
			t.Errorf("%q: want an error", a)
		}
	}
	for _, a := range []string{"127.0.0.1:9099", "localhost", "https://t.example.com/", "[::1]:9099"} {
		if _, err := client.New(a); err != nil {
			t.Errorf("%q: %v", a, err)
		}
	}
}
