package demo_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/demo"
)

// TestShop_Log_TellsOfTheBadDeployment: errors come from the broken service only, and
// only while it is broken; samples are the same with lines and without.
func TestShop_Log_TellsOfTheBadDeployment(t *testing.T) {
	start := time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)
	play := func(log bool) (samples []byte, text string) {
		s, err := demo.NewShop(demo.Options{Seed: 1, Start: start})
		if err != nil {
			t.Fatal(err)
		}
		var b demo.Block
		var lines bytes.Buffer
		for i := range 20 {
			at := start.Add(time.Duration(i) * 15 * time.Second)
			if i == 10 {
				if _, err := s.Break("payment", at); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Sample(at, &b); err != nil {
				t.Fatal(err)
			}
			if log {
				if err := s.Log(&lines); err != nil {
					t.Fatal(err)
				}
			}
		}
		body, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return body, lines.String()
	}
	with, text := play(true)
	without, _ := play(false)
	if !bytes.Equal(with, without) {
		t.Error("lines of the log alter the samples")
	}
	errors := 0
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		var r struct {
			TS                  time.Time
			Service, Level, Msg string
			Trace               string `json:"trace_id"`
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.Service == "" || r.Msg == "" || len(r.Trace) != 32 {
			t.Fatalf("line %q: got %+v, %v", line, r, err)
		}
		if r.Level == "error" {
			errors++
			if r.Service != "payment" || r.TS.Before(start.Add(150*time.Second)) {
				t.Errorf("an error of %s at %s", r.Service, r.TS)
			}
		}
	}
	if errors < 5 {
		t.Errorf("got %d errors, want some", errors)
	}
}
