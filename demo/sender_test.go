package demo_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tocsinhq/tocsin/demo"
	"github.com/tocsinhq/tocsin/telemetry"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestSender_DaemonStarting_WaitsAndSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &daemon{starting: 4}
		s := demo.NewSender(demo.SenderOptions{URL: "http://127.0.0.1:9099/", Client: &http.Client{Transport: d}})
		begun := time.Now()
		body, err := sample(t, newShop(t, 1, noon), noon, 2, time.Minute).Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Write(t.Context(), body); err != nil {
			t.Fatal(err)
		}
		if got, want := time.Since(begun), (50+100+200+400)*time.Millisecond; got != want {
			t.Errorf("waited %s, want %s", got, want)
		}
		if d.samples != 494 {
			t.Errorf("samples=%d, want 494", d.samples)
		}
	})
}

func TestSender_RetryAfter_IsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		s := demo.NewSender(demo.SenderOptions{URL: "http://d", Client: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if tries++; tries == 1 {
				resp := respond(r, http.StatusTooManyRequests, "busy")
				resp.Header.Set("Retry-After", "7")
				return resp, nil
			}
			return respond(r, http.StatusCreated, ""), nil
		})}})
		begun := time.Now()
		if err := s.Record(t.Context(), telemetry.Change{ID: "x", Service: "web"}); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(begun); got != 7*time.Second {
			t.Errorf("waited %s, want 7s", got)
		}
	})
}

func TestSender_NobodyThere_GivesUpWithASentence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("connect: connection refused")
		s := demo.NewSender(demo.SenderOptions{URL: "http://d", Patience: 10 * time.Second, Client: &http.Client{Transport: roundTrip(
			func(*http.Request) (*http.Response, error) { return nil, refused })}})
		begun := time.Now()
		err := s.WaitReady(t.Context())
		if !errors.Is(err, refused) || !strings.Contains(err.Error(), "is the daemon running there?") {
			t.Errorf("error=%v, want the cause and a hint", err)
		}
		if got := time.Since(begun); got > 10*time.Second || got < 5*time.Second {
			t.Errorf("gave up after %s, want at most its patience of 10s", got)
		}
	})
}

func TestSender_ContextEnds_StopsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &daemon{starting: 1000}
		s := demo.NewSender(demo.SenderOptions{URL: "http://d", Client: &http.Client{Transport: d}})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begun := time.Now()
		if err := s.WaitReady(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error=%v, want the context's", err)
		}
		if got := time.Since(begun); got != 3*time.Second {
			t.Errorf("stopped after %s, want 3s", got)
		}
	})
}
