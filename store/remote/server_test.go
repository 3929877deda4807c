package remote_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	promremote "github.com/prometheus/prometheus/storage/remote"

	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/store/remote"
)

var (
	begin = time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC)
	end   = begin.Add(10 * 24 * time.Hour)
	up    = labels.FromStrings("__name__", "up", "job", "api")
	// more has all labels of up and one more.
	more = labels.FromStrings("__name__", "up", "job", "api", "zone", "a")
)

// level is the value of the i-th sample of up; the markers of staleness and
// other awkward floats must come through bit for bit.
func level(i int) float64 {
	switch i % 1000 {
	case 500:
		return math.Float64frombits(0x7ff0000000000002)
	case 501:
		return math.Inf(-1)
	}
	return float64(i) / 3
}

// history is a store with ten days of up and more, a sample a minute.
func history(t *testing.T) *store.DB {
	t.Helper()
	c := store.DefaultConfig()
	db, err := store.OpenTSDB(store.TSDBOptions{Dir: t.TempDir(), Config: c, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	a := db.AppenderV2(t.Context())
	for i := range 10 * 1440 {
		at := begin.Add(time.Duration(i) * time.Minute).UnixMilli()
		if _, err := a.Append(0, up, 0, at, level(i), nil, nil, storage.AppendV2Options{}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Append(0, more, 0, at, -1, nil, nil, storage.AppendV2Options{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Commit(); err != nil {
		t.Fatal(err)
	}
	return db
}

// server answers from a store as Prometheus does. Ways that are in without get
// the status given there.
type server struct {
	*httptest.Server
	asked map[string]int
}

func newServer(t *testing.T, db *store.DB, without map[string]int) *server {
	t.Helper()
	s := &server{asked: map[string]int{}}
	engine := store.NewQueryEngine(store.QueryEngineOptions{Config: store.DefaultConfig().Query, Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { engine.Close() })
	mux := http.NewServeMux()
	mux.Handle("/api/v1/read", promremote.NewReadHandler(slog.New(slog.DiscardHandler), nil, db, func() config.Config {
		return config.Config{GlobalConfig: config.GlobalConfig{ExternalLabels: labels.FromStrings("replica", "one")}}
	}, 1e6, 4, 1<<15))
	mux.HandleFunc("/api/v1/query", func(w http.ResponseWriter, r *http.Request) {
		q, err := engine.NewInstantQuery(r.Context(), db, nil, r.FormValue("query"), seconds(r.FormValue("time")))
		answer(w, r, q, err)
	})
	mux.HandleFunc("/api/v1/query_range", func(w http.ResponseWriter, r *http.Request) {
		step, _ := strconv.ParseFloat(r.FormValue("step"), 64)
		from, to := seconds(r.FormValue("start")), seconds(r.FormValue("end"))
		if n := to.Sub(from).Seconds() / step; n > 11_000 {
			http.Error(w, `{"status":"error","errorType":"bad_data","error":"exceeded maximum resolution of 11,000 points per timeseries"}`, http.StatusBadRequest)
			return
		}
		q, err := engine.NewRangeQuery(r.Context(), db, nil, r.FormValue("query"), from, to, time.Duration(step*float64(time.Second)))
		answer(w, r, q, err)
	})
	mux.HandleFunc("/api/v1/series", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"status":"success","data":[{"__name__":"up","job":"api","zone":"a"},{"__name__":"up","job":"api"},{"__name__":"up","job":"api"}]}`)
	})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked[r.URL.Path]++
		if status := without[r.URL.Path]; status != 0 {
			http.Error(w, "unsupported path requested: "+r.URL.Path, status)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func seconds(s string) time.Time {
	v, _ := strconv.ParseFloat(s, 64)
	return time.UnixMilli(int64(math.Round(v * 1000)))
}

// answer writes a matrix as the API does.
func answer(w http.ResponseWriter, r *http.Request, q promql.Query, err error) {
	var matrix promql.Matrix
	if err == nil {
		matrix, err = q.Exec(r.Context()).Matrix()
	}
	if err != nil {
		http.Error(w, fmt.Sprintf(`{"status":"error","errorType":"bad_data","error":%q}`, err), http.StatusBadRequest)
		return
	}
	type stream struct {
		Metric map[string]string `json:"metric"`
		Values [][2]any          `json:"values"`
	}
	result := []stream{}
	for _, s := range matrix {
		out := stream{Metric: s.Metric.Map()}
		for _, p := range s.Floats {
			out.Values = append(out.Values, [2]any{float64(p.T) / 1000, strconv.FormatFloat(p.F, 'f', -1, 64)})
		}
		result = append(result, out)
	}
	json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": "matrix", "result": result}})
}

// reader returns a reader of a server with the settings that change makes.
func reader(t *testing.T, url string, change func(*remote.Config)) *remote.Reader {
	t.Helper()
	c := remote.DefaultConfig()
	c.URL = url
	if change != nil {
		change(&c)
	}
	c.Validate(func(path, format string, args ...any) { t.Fatalf(path+": "+format, args...) })
	r, err := remote.NewReader(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}
