package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/store/remote"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Whenever one asks, query_range is asked for the same times: whole steps.
func TestSamples_QueryRange_WholeSteps(t *testing.T) {
	s := newServer(t, history(t), map[string]int{"/api/v1/read": 404, "/api/v1/query": 404})
	r := reader(t, s.URL, nil)
	got, _, err := r.Samples(t.Context(), up, begin.Add(17*time.Second), begin.Add(time.Hour))
	if err != nil || len(got) == 0 || got[0].T != begin.Add(time.Minute).UnixMilli() {
		t.Errorf("got %d samples from %+v on, %v; want the first a minute after %v", len(got), got[:min(len(got), 1)], err, begin)
	}
}

// Whatever the server knows, the samples are those that it holds; query_range
// knows no markers of staleness.
func TestSamples_EachWay_GivesWhatTheServerHolds(t *testing.T) {
	db := history(t)
	for _, tt := range []struct {
		way     string
		without map[string]int
		asked   string
		times   int
		markers bool
	}{
		{"remote read", nil, "/api/v1/read", 2, true},
		{"range selectors", map[string]int{"/api/v1/read": 404}, "/api/v1/query", 10, false},
		{"range selectors", map[string]int{"/api/v1/read": 400}, "/api/v1/query", 10, false},
		{"query_range", map[string]int{"/api/v1/read": 404, "/api/v1/query": 404}, "/api/v1/query_range", 2, false},
	} {
		t.Run(tt.way, func(t *testing.T) {
			s := newServer(t, db, tt.without)
			r := reader(t, s.URL, nil)
			got, _, err := r.Samples(t.Context(), up, begin, end.Add(-time.Minute))
			if err != nil || r.Way() != tt.way {
				t.Fatalf("by %s: %v", r.Way(), err)
			}
			if s.asked[tt.asked] != tt.times {
				t.Errorf("asked %v, want %d times %s", s.asked, tt.times, tt.asked)
			}
			var want []telemetry.Sample
			for i := range 10 * 1440 {
				v := level(i)
				if value.IsStaleNaN(v) && !tt.markers {
					continue
				}
				want = append(want, telemetry.Sample{T: begin.Add(time.Duration(i) * time.Minute).UnixMilli(), V: v})
			}
			if s := difference(got, want); s != "" {
				t.Error(s)
			}
			before := s.asked["/api/v1/read"]
			if _, _, err := r.Samples(t.Context(), up, begin, begin.Add(time.Hour)); err != nil {
				t.Error(err)
			}
			if tt.way != "remote read" && s.asked["/api/v1/read"] != before {
				t.Error("remote read is tried again by a reader that knows better")
			}
		})
	}
}

func difference(got, want []telemetry.Sample) string {
	for i := range min(len(got), len(want)) {
		if got[i].T != want[i].T || math.Float64bits(got[i].V) != math.Float64bits(want[i].V) {
			return fmt.Sprintf("sample %d: got %+v, want %+v", i, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		return fmt.Sprintf("got %d samples, want %d", len(got), len(want))
	}
	return ""
}

func TestSamples_PartOfARange_BothEndsIncluded(t *testing.T) {
	db := history(t)
	for _, without := range []map[string]int{nil, {"/api/v1/read": 404}, {"/api/v1/read": 404, "/api/v1/query": 404}} {
		r := reader(t, newServer(t, db, without).URL, nil)
		got, _, err := r.Samples(t.Context(), more, begin.Add(time.Hour), begin.Add(2*time.Hour))
		if err != nil || len(got) != 61 || got[0].T != begin.Add(time.Hour).UnixMilli() || got[60].V != -1 {
			t.Errorf("by %s: got %d samples, %v; want 61", r.Way(), len(got), err)
		}
		got, _, err = r.Samples(t.Context(), labels.FromStrings("__name__", "down"), begin, end)
		if err != nil || len(got) != 0 {
			t.Errorf("a series that is not there: got %d samples, %v", len(got), err)
		}
	}
}

func TestSeries_SortedAndOnce(t *testing.T) {
	r := reader(t, newServer(t, history(t), nil).URL, nil)
	got, err := r.Series(t.Context(), []string{`{job="api"}`, "up"}, begin, end)
	if err != nil || len(got) != 2 || !labels.Equal(got[0], up) || !labels.Equal(got[1], more) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestReader_Authorization(t *testing.T) {
	for want, change := range map[string]func(*remote.Config){
		"Bearer token-1":         func(c *remote.Config) { c.BearerToken = "token-1" },
		"Basic dXNlcjpwYXNzLTI=": func(c *remote.Config) { c.BasicAuth = remote.BasicAuth{Username: "user", Password: "pass-2"} },
		"Basic dXNlcjpwYXNzLTM=": func(c *remote.Config) { c.URL = strings.Replace(c.URL, "http://", "http://user:pass-3@", 1) },
	} {
		got := make(chan string, 1)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got <- r.Header.Get("Authorization")
			http.Error(w, "no", http.StatusUnauthorized)
		}))
		r := reader(t, s.URL, change)
		_, _, err := r.Samples(t.Context(), up, begin, end)
		if have := <-got; have != want {
			t.Errorf("got %q, want %q", have, want)
		}
		if err == nil || !strings.Contains(err.Error(), "401") || strings.Contains(err.Error(), "pass-") || strings.Contains(err.Error(), "token-") {
			t.Errorf("got %v, want that it is 401, without a password", err)
		}
		if strings.Contains(r.Address(), "pass") {
			t.Errorf("got address %s", r.Address())
		}
		s.Close()
	}
}

func TestReader_ServerMisbehaves_ErrorSaysWhereAndWhat(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request)
		want   string
	}{
		{"error of its own", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "too many cooks", 503) }, "too many cooks"},
		{"JSON error", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(422)
			io.WriteString(w, `{"status":"error","errorType":"execution","error":"query processing would load too many samples"}`)
		}, "too many samples"},
		{"page of a proxy", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>sign in</html>") }, "remote server http://"},
		{"hangs", func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}, "deadline exceeded"},
		{"endless", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"status":"success","data":[`)
			for {
				if _, err := io.WriteString(w, strings.Repeat(`{"__name__":"up"},`, 4096)); err != nil {
					return
				}
			}
		}, "larger than max_response, 1048576 bytes"},
		{"broken off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"status":`)
		}, "unexpected EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body) // only then is it seen that the client is gone
				tt.answer(w, r)
			}))
			defer s.Close()
			r := reader(t, s.URL, func(c *remote.Config) {
				c.MaxResponse, c.Timeout = 1<<20, yamldoc.Duration(time.Second)
			})
			_, err := r.Series(t.Context(), []string{"up"}, begin, end)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "remote server "+s.URL+": list series: ") {
				t.Errorf("series: got %v, want %q", err, tt.want)
			}
			if _, _, err := r.Samples(t.Context(), up, begin, end); err == nil || !strings.Contains(err.Error(), `read samples of {__name__="up", job="api"} by remote read: `) {
				t.Errorf("samples: got %v", err)
			}
		})
	}
	r := reader(t, "http://127.0.0.1:1", nil)
	if _, err := r.Series(t.Context(), []string{"up"}, begin, end); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("nobody there: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := r.Samples(ctx, up, begin, end); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

func TestConfig_WhatCannotWork_IsReportedByPath(t *testing.T) {
	for _, tt := range []struct {
		change func(*remote.Config)
		path   string
	}{
		{func(c *remote.Config) { c.URL = "prometheus:9090" }, "url"},
		{func(c *remote.Config) { c.URL = "http://u:p@h"; c.BearerToken = "x" }, "url"},
		{func(c *remote.Config) { c.Timeout = 0 }, "timeout"},
		{func(c *remote.Config) { c.Step = yamldoc.Duration(2 * time.Hour) }, "step"},
		{func(c *remote.Config) { c.MaxResponse = 5 }, "max_response"},
		{func(c *remote.Config) { c.BearerToken = "x"; c.BasicAuth.Username = "u" }, "bearer_token"},
		{func(c *remote.Config) { c.BasicAuth.Password = "p" }, "basic_auth.username"},
		{func(c *remote.Config) { c.TLS.KeyFile = "k" }, "tls"},
	} {
		c := remote.DefaultConfig()
		tt.change(&c)
		var got []string
		c.Validate(func(path, format string, args ...any) { got = append(got, path) })
		if len(got) != 1 || got[0] != tt.path {
			t.Errorf("got %v, want %s", got, tt.path)
		}
	}
	c := remote.DefaultConfig()
	c.URL, c.TLS.CAFile = "https://u:secret@h", "/nowhere/ca.pem"
	if _, err := remote.NewReader(c); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a CA file that is not there: got %v", err)
	}
}
