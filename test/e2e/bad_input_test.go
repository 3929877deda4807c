//go:build linux

package e2e_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"
)

// sentence fails the test unless the answer has the status and every word.
func sentence(t *testing.T, what string, status int, text string, want int, words ...string) {
	t.Helper()
	if status != want {
		t.Errorf("%s: status=%d, want %d: %.300s", what, status, want, text)
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s: the answer lacks %q: %.400s", what, w, text)
		}
	}
	if strings.Contains(text, "failed to") || strings.Contains(text, "panic") || strings.Contains(text, "goroutine") {
		t.Errorf("%s: not a sentence for people: %.400s", what, text)
	}
}

func TestBadInput_Body_IsRefusedWithASentence(t *testing.T) {
	d := serve(t)
	now := time.Now()
	good := body(timeSeries(at(now, 1), "__name__", "e2e_good"))
	f := func(what string, change func(*http.Request), payload []byte, want int, words ...string) {
		t.Helper()
		t.Run(what, func(t *testing.T) {
			before := d.counted(t, "tocsin_ingest_", "")
			req := d.writeRequest(payload)
			if change != nil {
				change(req)
			}
			status, text := send(req)
			sentence(t, what, status, text, want, words...)
			if after := d.counted(t, "tocsin_ingest_", ""); after <= before {
				t.Errorf("%s: counted with a reason %g before and %g after, want more", what, before, after)
			}
		})
	}
	f("not snappy", nil, []byte("this is not snappy at all"), http.StatusBadRequest, "snappy")
	f("snappy cut short", nil, good[:len(good)-3], http.StatusBadRequest, "snappy")
	f("not protobuf", nil, snappy.Encode(nil, []byte("\xff\xff\xff\xff rubbish")), http.StatusBadRequest, "byte")
	f("empty", nil, nil, http.StatusBadRequest)
	f("unknown encoding", func(r *http.Request) { r.Header.Set("Content-Encoding", "br") }, good, http.StatusUnsupportedMediaType, "br", "snappy")
	f("unknown type", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, good, http.StatusUnsupportedMediaType, "text/plain")
	proto := func(name string) func(r *http.Request) {
		return func(r *http.Request) { r.Header.Set("Content-Type", "application/x-protobuf;proto="+name) }
	}
	f("unknown message", proto("io.prometheus.write.v9.Request"), good, http.StatusUnsupportedMediaType, "io.prometheus.write.v2.Request")
	f("another message than named", proto("io.prometheus.write.v2.Request"), good, http.StatusBadRequest, "Content-Type")
	f("2.0 with a symbol that is not there", proto("io.prometheus.write.v2.Request"), snappy.Encode(nil, []byte("\x22\x00\x2a\x04\x0a\x02\x00\x09")), http.StatusBadRequest, "byte 7", "symbols")
	f("oversized when unpacked", nil, append(binary.AppendUvarint(nil, 1<<31), good...), http.StatusRequestEntityTooLarge)
	f("oversized as sent", func(r *http.Request) {
		r.ContentLength = 1 << 32
		r.Body = io.NopCloser(io.LimitReader(zeros{}, 1<<32))
		r.Header.Set("Expect", "100-continue")
	}, nil, http.StatusRequestEntityTooLarge)
	status, text := d.try("GET", "/api/v1/write", "", nil)
	sentence(t, "GET of the write path", status, text, http.StatusMethodNotAllowed)
	if status, text := d.write(timeSeries(at(now, 1), "__name__", "e2e_good")); status/100 != 2 {
		t.Errorf("a good write after all that: %d %s", status, text)
	}
}

// zeros reads as an endless run of zero bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestBadInput_Samples_TheGoodOnesBesideThemAreStored(t *testing.T) {
	d := serve(t)
	now := time.Now().Truncate(time.Second)
	if status, text := d.write(timeSeries(at(now, 1), "__name__", "e2e_clock")); status/100 != 2 {
		t.Fatalf("first write: %d %s", status, text)
	}
	n := 0
	f := func(what string, bad prompb.TimeSeries, reasons ...string) {
		t.Helper()
		t.Run(what, func(t *testing.T) {
			n++
			beside := fmt.Sprintf("e2e_beside_%d", n)
			var before float64
			for _, r := range reasons {
				before += d.counted(t, "tocsin_ingest_rejected_total", r)
			}
			status, text := d.write(
				timeSeries(at(now, 7), "__name__", beside, "side", "before"),
				bad,
				timeSeries(at(now, 7), "__name__", beside, "side", "after"))
			sentence(t, what, status, text, http.StatusBadRequest)
			named := false
			after := 0.0
			for _, r := range reasons {
				named = named || strings.Contains(text, "["+r+"]")
				after += d.counted(t, "tocsin_ingest_rejected_total", r)
			}
			if !named {
				t.Errorf("%s: the answer names none of the reasons %v: %s", what, reasons, text)
			}
			if after != before+1 {
				t.Errorf("%s: tocsin_ingest_rejected_total of %v rose from %g to %g, want by 1", what, reasons, before, after)
			}
			if v, err := d.number("count(" + beside + " == 7)"); err != nil || v != 2 {
				t.Errorf("%s: %g of the 2 series beside it are stored, %v", what, v, err)
			}
		})
	}
	f("labels without a name", timeSeries(at(now, 1), "job", "e2e"), "missing_metric_name")
	f("label with an empty name", timeSeries(at(now, 1), "__name__", "e2e_bad", "", "x"), "invalid_label")
	f("duplicate label names", timeSeries(at(now, 1), "__name__", "e2e_bad", "job", "a", "job", "b"), "duplicate_label")
	f("label that is not UTF-8", timeSeries(at(now, 1), "__name__", "e2e_bad", "job", "a\xff"), "invalid_label")
	f("far in the future", timeSeries(at(now.AddDate(1, 0, 0), 1), "__name__", "e2e_bad"), "too_far_in_future")
	f("long out of order", timeSeries(at(now.Add(-48*time.Hour), 1), "__name__", "e2e_clock"), "out_of_order", "too_old")
	f("other value at the same time", timeSeries(at(now, 2), "__name__", "e2e_clock"), "duplicate_timestamp")

	if status, text := d.write(timeSeries(at(now, 1), "__name__", "e2e_clock")); status/100 != 2 {
		t.Errorf("the same sample again: %d %s, want it taken as sent twice", status, text)
	}
	if v, err := d.number("e2e_clock"); err != nil || v != 1 {
		t.Errorf("e2e_clock=%g, %v, want the first value 1", v, err)
	}
}

func TestBadInput_NaNAndInf_AreSamplesLikeOthers(t *testing.T) {
	d := serve(t)
	now := time.Now()
	status, text := d.write(
		timeSeries(at(now, math.NaN()), "__name__", "e2e_odd", "v", "NaN"),
		timeSeries(at(now, math.Inf(1)), "__name__", "e2e_odd", "v", "+Inf"),
		timeSeries(at(now, math.Inf(-1)), "__name__", "e2e_odd", "v", "-Inf"),
		timeSeries(at(now, 3), "__name__", "e2e_odd", "v", "3"))
	if status/100 != 2 {
		t.Fatalf("write: %d %s", status, text)
	}
	result, err := query(d.url, "e2e_odd", time.Now())
	if err != nil || len(result) != 4 {
		t.Fatalf("%d series, %v, want 4", len(result), err)
	}
	for _, s := range result {
		if s.Value.Value != s.Labels["v"] {
			t.Errorf("value=%s, want %s", s.Value.Value, s.Labels["v"])
		}
	}
	if status, body := d.try("GET", "/api/v1/tocsin/anomalies", "", nil); status != http.StatusOK {
		t.Errorf("anomalies after odd values: %d %s", status, body)
	}
}

func TestBadInput_Change_IsRefusedFieldByField(t *testing.T) {
	d := serve(t)
	f := func(what, payload string, words ...string) {
		t.Helper()
		status, text := d.try("POST", "/api/v1/tocsin/changes", "application/json", strings.NewReader(payload))
		sentence(t, what, status, text, http.StatusBadRequest, words...)
	}
	f("without a service", `{"kind":"deployment","version_to":"v42"}`, "service")
	f("of an unknown kind", `{"kind":"wish","service":"payment"}`, "kind", "wish", "deployment")
	f("with an unknown field", `{"service":"payment","versionTo":"v42"}`, "versionTo")
	f("that is not JSON", `{"service":`, "JSON")
	f("of another type", `{"service":7}`, "service")
	f("with two faults", `{"service":7,"labels":7}`, "service", "labels")
	if all, err := d.changes(""); err != nil || len(all) != 0 {
		t.Errorf("%d changes, %v, want none of the refused ones", len(all), err)
	}
}

func TestBadInput_Query_IsRefusedWithASentence(t *testing.T) {
	d := serve(t)
	f := func(path string, want int, words ...string) {
		t.Helper()
		status, text := d.try("GET", path, "", nil)
		sentence(t, path, status, text, want, words...)
	}
	f("/api/v1/query?query=sum(", http.StatusBadRequest, "parse error")
	f("/api/v1/tocsin/anomalies?since=yesterday", http.StatusBadRequest, "since", "yesterday")
	f("/api/v1/tocsin/incidents?stat=open", http.StatusBadRequest, "stat")
	f("/api/v1/tocsin/incidents/nothing", http.StatusNotFound, "nothing")
	f("/api/v1/tocsin/nothing", http.StatusNotFound, "nothing")
}
