package demo

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// record is a line of a service's log as it is sent: a JSON line.
type record struct {
	Time    string `json:"ts"`
	Service string `json:"service"`
	Level   string `json:"level"`
	Message string `json:"msg"`
	Trace   string `json:"trace_id"`
}

// Log appends to b some lines, one JSON object each, that the services wrote in the
// interval that ended with the last sample: a few of their requests, and what they say
// of the failures of the bad deployment. It draws from numbers of its own, so that
// the samples are the same with it and without.
func (s *Shop) Log(b *bytes.Buffer) error {
	enc := json.NewEncoder(b)
	for _, r := range s.services {
		for range 2 {
			if err := enc.Encode(s.ordinary(r)); err != nil {
				return err
			}
		}
		if r.broken(s.now) {
			for range 3 {
				if err := enc.Encode(s.failure(r)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// ordinary is what a service says of a request.
func (s *Shop) ordinary(r *running) record {
	route := r.of.routes[s.words.IntN(len(r.of.routes))]
	ms := 1000 * (r.of.median + r.slower) * (0.6 + 0.8*s.words.Float64())
	return s.record(r, "info", fmt.Sprintf("%s %s answered 200 in %.0f ms for customer %d", route.method, route.path, ms, 10000+s.words.IntN(80000)))
}

// failure is what the bad version of a service says.
func (s *Shop) failure(r *running) record {
	if s.words.IntN(3) == 0 {
		return s.record(r, "warn", fmt.Sprintf("pool exhausted: %d of 20 connections wait for the ledger", 15+s.words.IntN(6)))
	}
	return s.record(r, "error", fmt.Sprintf("ledger did not answer within %d ms, order ord_%06x failed", 3000+s.words.IntN(200), s.words.IntN(1<<24)))
}

func (s *Shop) record(r *running, level, message string) record {
	var id [16]byte
	for i := range id {
		id[i] = byte(s.words.IntN(256))
	}
	return record{Time: s.now.UTC().Format(time.RFC3339Nano), Service: r.of.name, Level: level, Message: message, Trace: hex.EncodeToString(id[:])}
}

// Log sends lines made by Shop.Log.
func (s *Sender) Log(ctx context.Context, lines []byte) error {
	return s.try(ctx, func() (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/insert/jsonline", bytes.NewReader(lines))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/x-ndjson")
		return req, nil
	})
}
