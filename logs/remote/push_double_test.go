package remote_test

import (
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"testing"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/telemetry"
)

func proxyTo(to *url.URL) http.Handler {
	return &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to) }}
}

// pushTo takes what our forwarder sends to a Loki.
func pushTo(t *testing.T, s *logs.Store) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		var body struct {
			Streams []struct {
				Stream map[string]string
				Values [][]json.RawMessage
			}
		}
		if err := json.NewDecoder(z).Decode(&body); err != nil {
			t.Error(err)
		}
		var b telemetry.LogBatch
		for _, st := range body.Streams {
			for _, v := range st.Values {
				var at, line string
				var more map[string]string
				if json.Unmarshal(v[0], &at) != nil || json.Unmarshal(v[1], &line) != nil || json.Unmarshal(v[2], &more) != nil {
					t.Errorf("pushed %s", v)
				}
				x := b.Next()
				x.Time, _ = strconv.ParseInt(at, 10, 64)
				x.Service, x.Body = st.Stream["service_name"], []byte(line)
				x.Severity, _ = telemetry.ParseSeverity(more["detected_level"])
				for n, v := range st.Stream {
					if n != "service_name" {
						x.Stream = append(x.Stream, telemetry.Pair{Name: []byte(n), Value: []byte(v)})
					}
				}
				for n, v := range more {
					raw, _ := hex.DecodeString(v)
					switch n {
					case "detected_level":
					case "trace_id":
						copy(x.TraceID[:], raw)
					case "span_id":
						copy(x.SpanID[:], raw)
					default:
						x.Attributes = append(x.Attributes, telemetry.Pair{Name: []byte(n), Value: []byte(v)})
					}
				}
			}
		}
		if _, err := s.WriteLogs(context.Background(), &b); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}
