//go:build linux

package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
)

// timeSeries builds one series of a write request; pairs are label names and
// values in turn, sent in that order.
func timeSeries(samples []prompb.Sample, pairs ...string) prompb.TimeSeries {
	ts := prompb.TimeSeries{Samples: samples}
	for i := 0; i+1 < len(pairs); i += 2 {
		ts.Labels = append(ts.Labels, prompb.Label{Name: pairs[i], Value: pairs[i+1]})
	}
	return ts
}

// at is one sample.
func at(t time.Time, v float64) []prompb.Sample {
	return []prompb.Sample{{Timestamp: t.UnixMilli(), Value: v}}
}

// body encodes a write request.
func body(all ...prompb.TimeSeries) []byte {
	raw, err := (&prompb.WriteRequest{Timeseries: all}).Marshal()
	if err != nil {
		panic(err) // plain structs of numbers and strings
	}
	return snappy.Encode(nil, raw)
}

// writeRequest is a remote write 1.0 request as Prometheus sends it.
func (d *daemon) writeRequest(b []byte) *http.Request {
	req, err := http.NewRequest("POST", d.url+"/api/v1/write", bytes.NewReader(b))
	if err != nil {
		panic(err) // the address was made by us
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	return req
}

// write sends series and returns the answer.
func (d *daemon) write(all ...prompb.TimeSeries) (int, string) {
	return send(d.writeRequest(body(all...)))
}

// Series of the writer.
const (
	sequenceName = "e2e_sequence"
	gaugeName    = "e2e_queue_depth"
)

// writer sends a rising number every 50 ms and a steady gauge every second, and
// remembers what was acknowledged. Nothing is sent twice: what was not
// acknowledged may or may not be there.
type writer struct {
	d        *daemon
	disturb  atomic.Bool // the gauge leaves its band
	mu       sync.Mutex
	acked    map[int64]float64 // by timestamp in milliseconds
	refused  string            // first answer that was neither an acknowledgement nor a dead daemon
	failures int               // writes that found no daemon
}

// run writes until ctx ends.
func (w *writer) run(ctx context.Context) {
	r := rand.New(rand.NewPCG(1, 2))
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	last, sequence, gaugeAt := int64(0), 0.0, time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if now.UnixMilli() <= last {
				continue
			}
			last = now.UnixMilli()
			sequence++
			all := []prompb.TimeSeries{timeSeries(at(now, sequence), labels.MetricName, sequenceName, "job", "e2e")}
			if now.Sub(gaugeAt) >= time.Second {
				gaugeAt = now
				v := 100 + 2*r.NormFloat64()
				if w.disturb.Load() {
					v += 400
				}
				all = append(all, timeSeries(at(now, v), labels.MetricName, gaugeName, "job", "e2e"))
			}
			status, text := w.d.write(all...)
			w.note(last, sequence, status, text)
		}
	}
}

func (w *writer) note(t int64, v float64, status int, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case status/100 == 2:
		w.acked[t] = v
	case status == 0 || status == http.StatusServiceUnavailable:
		w.failures++
	case w.refused == "":
		w.refused = fmt.Sprintf("%d %s", status, text)
	}
}

// snapshot returns a copy of what was acknowledged so far, the number of writes
// that found no daemon, and the first refusal.
func (w *writer) snapshot() (acked map[int64]float64, failures int, refused string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	acked = make(map[int64]float64, len(w.acked))
	for t, v := range w.acked {
		acked[t] = v
	}
	return acked, w.failures, w.refused
}

// missing compares what was acknowledged with what is stored, sample by sample,
// and returns a sentence, or "" when all is there.
func missing(d *daemon, acked map[int64]float64) string {
	result, err := query(d.url, sequenceName+`{job="e2e"}[1h]`, time.Now())
	if err != nil {
		return err.Error()
	}
	if len(result) != 1 {
		return fmt.Sprintf("%s: %d series, want 1", sequenceName, len(result))
	}
	stored := make(map[int64]float64, len(result[0].Points))
	for _, p := range result[0].Points {
		v, err := strconv.ParseFloat(p.Value, 64)
		if err != nil {
			return err.Error()
		}
		stored[int64(math.Round(p.Seconds*1000))] = v
	}
	lost, first := 0, int64(0)
	for t, v := range acked {
		if got, ok := stored[t]; !ok || got != v {
			if lost++; first == 0 || t < first {
				first = t
			}
		}
	}
	if lost > 0 {
		return fmt.Sprintf("%d of %d acknowledged samples are gone, the first of %s", lost, len(acked), time.UnixMilli(first).Format(time.TimeOnly))
	}
	return ""
}
