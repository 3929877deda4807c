package uitest

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

// shape is how a made-up series behaves: a daily wave, noise, and from the
// break on another level or a climb.
type shape struct {
	unit               string
	level, wave, noise float64
	jump, climb        float64 // after the break; climb per hour
	broke              time.Duration
}

var shapes = map[string]shape{
	`tocsin:error_rate{service="checkout"}`:                           {"ratio", 0.008, 0.002, 0.0022, 0.13, 0, 13 * time.Minute},
	`tocsin:p95_latency{service="checkout"}`:                          {"seconds", 0.312, 0.05, 0.02, 1.5, 0, 12 * time.Minute},
	`tocsin:cpu_usage{service="checkout",instance="checkout-2:9100"}`: {"ratio", 0.41, 0.05, 0.02, 0.4, 0, 11 * time.Minute},
	`tocsin:memory_percent{service="search"}`:                         {"percent", 62, 2, 0.8, 0, 4.1, 7 * time.Hour},
	`tocsin:request_rate{service="checkout"}`:                         {"per_second", 88, 30, 3, 0, 0, 0},
}

// at returns value, expected and half width of the band.
func (s shape) at(t, now time.Time) (v, e, half float64) {
	day := float64(t.Unix()%86400) / 86400 * 2 * math.Pi
	e = s.level + s.wave*math.Sin(day)
	h := fnv.New32a()
	fmt.Fprint(h, t.Unix())
	noise := (float64(h.Sum32()%2000)/1000 - 1) * s.noise
	v = e + noise
	if since := t.Sub(now.Add(-s.broke)); s.broke > 0 && since > 0 {
		v += s.jump*min(1, since.Minutes()/1.5) + s.climb*since.Hours() + noise*3*min(1, s.jump)
	}
	return v, e, s.noise * 2.6
}

// Band implements web.Bands.
func (s *Shop) Band(_ context.Context, r web.BandRequest) (web.Band, error) {
	sh, ok := shapes[r.Query]
	if !ok {
		return web.Band{}, &web.Error{Kind: web.KindNotFound, Message: fmt.Sprintf("no series matches %s in this time", r.Query)}
	}
	name, rest, _ := strings.Cut(r.Query, "{")
	b := web.Band{Unit: sh.unit, Series: map[string]string{"__name__": name, "selector": "{" + rest}}
	now := s.now()
	for t := r.Start.Truncate(r.Step); !t.After(r.End) && !t.After(now); t = t.Add(r.Step) {
		v, e, half := sh.at(t, now)
		lower := max(0, e-half)
		score := min(1, math.Abs(v-e)/half*0.8)
		if t.Before(r.Start.Add(2 * r.Step)) { // too young for a band
			e, lower, half = math.NaN(), math.NaN(), math.NaN()
			score = math.NaN()
		}
		b.Points = append(b.Points, web.BandPoint{T: t.UnixMilli(), Value: v, Expected: e, Lower: lower, Upper: e + half, Score: score})
	}
	return b, nil
}

// Explain implements web.Bands.
func (s *Shop) Explain(_ context.Context, query string, at time.Time) (web.Explanation, error) {
	sh, ok := shapes[query]
	if !ok {
		return web.Explanation{}, &web.Error{Kind: web.KindNotFound, Message: fmt.Sprintf("no series matches %s in this time", query)}
	}
	v, e, half := sh.at(at, s.now())
	size := math.Abs(v-e) / half
	odd := size > 1
	kind := map[bool]string{true: "spike", false: "none"}[odd]
	return web.Explanation{
		Series: map[string]string{"selector": query}, Time: at, Value: telemetry.Number(v), Expected: telemetry.Number(e),
		Lower: telemetry.Number(max(0, e-half)), Upper: telemetry.Number(e + half), Score: telemetry.Number(min(1, size*0.8)), Threshold: 0.8,
		Odd: odd, Kind: kind, Text: fmt.Sprintf("value %.4g (expected %.4g, band %.4g to %.4g): %s\n", v, e, max(0, e-half), e+half, kind),
		Evidence: []web.ChannelEvidence{{Channel: "above", Size: telemetry.Number(size), Quantile: 1, Shape: 0.25, Most: telemetry.Number(math.NaN()), Decisive: true}},
	}, nil
}

// PromAPI answers range queries over the made-up series in Prometheus' form:
// the one series for a known selector, five of them for anything else.
func (s *Shop) PromAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/query_range", s.queryRange)
	mux.HandleFunc("/api/v1/query", s.queryInstant)
	mux.HandleFunc("/api/v1/query_exemplars", s.exemplars)
	mux.HandleFunc("/api/v1/metadata", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"status": "success", "data": map[string]any{
			"up": []map[string]string{{"type": "gauge", "help": "Whether the target answered.", "unit": ""}},
		}})
	})
	mux.HandleFunc("/api/v1/label/__name__/values", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"status": "success", "data": []string{"tocsin:error_rate", "tocsin:p95_latency", "tocsin:request_rate", "up"}})
	})
	return mux
}

// series is one made-up series in Prometheus' form.
type series struct {
	Metric map[string]string `json:"metric"`
	Values [][2]any          `json:"values,omitempty"`
	Value  *[2]any           `json:"value,omitempty"`
}

// broken answers a query that is not PromQL.
func broken(w http.ResponseWriter, query string) bool {
	if !strings.Contains(query, "((") {
		return false
	}
	answer(w, http.StatusBadRequest, map[string]any{"status": "error", "errorType": "bad_data", "error": `invalid parameter "query": 1:2: parse error: unexpected end of input`})
	return true
}

func (s *Shop) queryInstant(w http.ResponseWriter, r *http.Request) {
	query := r.FormValue("query")
	if broken(w, query) {
		return
	}
	at, _ := strconv.ParseFloat(r.FormValue("time"), 64)
	result := s.made(query, at, at, 1)
	for i := range result {
		result[i].Value, result[i].Values = &result[i].Values[0], nil
	}
	answer(w, http.StatusOK, map[string]any{"status": "success", "data": map[string]any{"resultType": "vector", "result": result}})
}

// exemplars answers with a few observations that lie on the made-up series.
func (s *Shop) exemplars(w http.ResponseWriter, r *http.Request) {
	start, _ := strconv.ParseFloat(r.FormValue("start"), 64)
	end, _ := strconv.ParseFloat(r.FormValue("end"), 64)
	var list []map[string]any
	for _, one := range s.made(r.FormValue("query"), start+1, end, max(1, (end-start)/7)) {
		for i, v := range one.Values {
			list = append(list, map[string]any{"labels": map[string]string{"trace_id": fmt.Sprintf("%s-%d", one.Metric["__name__"], i)}, "value": v[1], "timestamp": v[0]})
		}
	}
	answer(w, http.StatusOK, map[string]any{"status": "success", "data": []any{map[string]any{"seriesLabels": map[string]string{}, "exemplars": list}}})
}

func (s *Shop) queryRange(w http.ResponseWriter, r *http.Request) {
	query := r.FormValue("query")
	if broken(w, query) {
		return
	}
	start, _ := strconv.ParseFloat(r.FormValue("start"), 64)
	end, _ := strconv.ParseFloat(r.FormValue("end"), 64)
	step, _ := strconv.ParseFloat(r.FormValue("step"), 64)
	answer(w, http.StatusOK, map[string]any{"status": "success", "data": map[string]any{"resultType": "matrix", "result": s.made(query, start, end, step)}})
}

// made returns the series that a query is taken to mean.
func (s *Shop) made(query string, start, end, step float64) []series {
	result := []series{}
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		sh := shapes[name]
		known := shapes[query].unit != ""
		if known && name != query || !known && sh.unit == "percent" {
			continue
		}
		metric, rest, _ := strings.Cut(strings.TrimSuffix(name, "}"), "{")
		labels := map[string]string{"__name__": metric}
		for _, pair := range strings.Split(rest, ",") {
			k, v, _ := strings.Cut(pair, "=")
			labels[k] = strings.Trim(v, `"`)
		}
		one := series{Metric: labels}
		for t := start; t <= end && step > 0; t += step {
			v, _, _ := sh.at(time.Unix(int64(t), 0), s.now())
			one.Values = append(one.Values, [2]any{t, strconv.FormatFloat(v, 'g', -1, 64)})
		}
		result = append(result, one)
	}
	return result
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) //nolint:errcheck // the caller went away
}
