package promapi_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"

	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/web/promapi"
)

// federated serves a store with what add appends.
func federated(t *testing.T, change func(*promapi.Options), add func(func(ls labels.Labels, at int64, v float64, fh *histogram.FloatHistogram))) *httptest.Server {
	t.Helper()
	return serve(t, func(o *promapi.Options) {
		app := o.Storage.(*store.DB).AppenderV2(context.Background())
		add(func(ls labels.Labels, at int64, v float64, fh *histogram.FloatHistogram) {
			if _, err := app.Append(0, ls, 0, at, v, nil, fh, storage.AppendV2Options{}); err != nil {
				t.Fatal(err)
			}
		})
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
		if change != nil {
			change(o)
		}
	})
}

func ask(t *testing.T, s *httptest.Server, accept string, match ...string) (*http.Response, string) {
	t.Helper()
	q, err := http.NewRequest(http.MethodGet, s.URL+"/federate?"+url.Values{"match[]": match}.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(b)
}

// custom is a histogram with custom buckets.
func custom() *histogram.FloatHistogram {
	return &histogram.FloatHistogram{Schema: histogram.CustomBucketsSchema, Count: 6, Sum: 9, CustomValues: []float64{0.5, 1, 2},
		PositiveSpans: []histogram.Span{{Offset: 0, Length: 1}, {Offset: 1, Length: 2}}, PositiveBuckets: []float64{1, 2, 3}}
}

func TestFederate_NewestSamples_InOrderWithTheirTimes(t *testing.T) {
	at := start.UnixMilli()
	s := federated(t, nil, func(add func(labels.Labels, int64, float64, *histogram.FloatHistogram)) {
		name := func(n string, more ...string) labels.Labels {
			return labels.FromStrings(append([]string{"__name__", n}, more...)...)
		}
		add(name("old"), at-301_000, 1, nil)
		add(name("just"), at-300_000, 2, nil)
		add(name("ended"), at-60_000, 1, nil)
		add(name("ended"), at-30_000, math.Float64frombits(value.StaleNaN), nil)
		add(name("wide", "instance", "h:1", "q", "a\"b\nc"), at-1000, math.Inf(1), nil)
		add(name("custom"), at, 0, custom())
		add(name("native"), at, 0, tsdbutil.GenerateTestFloatHistogram(3))
	})
	response, got := ask(t, s, "text/plain", `{__name__=~"old|just|ended|wide|custom|native"}`, `up{job="api"}`, `wide`)
	want := `# TYPE custom histogram
custom_bucket{instance="",le="0.5"} 1 1772366400000
custom_bucket{instance="",le="1"} 1 1772366400000
custom_bucket{instance="",le="2"} 3 1772366400000
custom_bucket{instance="",le="+Inf"} 6 1772366400000
custom_sum{instance=""} 9 1772366400000
custom_count{instance=""} 6 1772366400000
# TYPE just untyped
just{instance=""} 2 1772366100000
# TYPE up untyped
up{job="api",instance=""} 10 1772366400000
# TYPE wide untyped
wide{instance="h:1",q="a\"b\nc"} +Inf 1772366399000
`
	if response.StatusCode != 200 || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain; version=0.0.4") || got != want {
		t.Errorf("got %d %s\n%s\nwant\n%s", response.StatusCode, response.Header.Get("Content-Type"), got, want)
	}
	response, got = ask(t, s, "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;q=0.5", "native")
	d := expfmt.NewDecoder(strings.NewReader(got), expfmt.ResponseFormat(response.Header))
	var f dto.MetricFamily
	if err := d.Decode(&f); err != nil {
		t.Fatalf("%s: %s", response.Header.Get("Content-Type"), err)
	}
	h := f.Metric[0].Histogram
	if f.GetType() != dto.MetricType_HISTOGRAM || h.GetSampleCountFloat() != 39 || len(h.PositiveCount) != 4 || len(h.NegativeSpan) != 2 || h.GetSchema() != 1 {
		t.Errorf("got %v", &f)
	}
	if err := d.Decode(&f); !errors.Is(err, io.EOF) {
		t.Errorf("got %v and %v, want no more", &f, err)
	}
}

// late is a store that takes longer than any query may.
type late struct {
	storage.SampleAndChunkQueryable
}

func (late) Querier(int64, int64) (storage.Querier, error) { return lateQuerier{}, nil }

type lateQuerier struct{ storage.Querier }

func (lateQuerier) Close() error { return nil }

func (lateQuerier) Select(ctx context.Context, _ bool, _ *storage.SelectHints, _ ...*labels.Matcher) storage.SeriesSet {
	<-ctx.Done()
	return storage.ErrSeriesSet(ctx.Err())
}

func TestFederate_Refusals(t *testing.T) {
	s := serve(t, nil)
	for _, tt := range []struct {
		method, path string
		code         int
		want         string
	}{
		{"GET", "/federate", 400, "no match[] is given"},
		{"GET", "/federate?match[]=up{", 400, "parse error"},
		{"POST", "/federate?match[]=up", 405, "method POST is not allowed"},
		{"GET", "/api/v1/federate?match[]=up", 404, "no such path"},
		{"GET", "/federate?match[]=" + strings.Repeat("a", 200<<10), 400, "query_too_long"},
	} {
		if code, _, body := call(t, tt.method, s.URL+tt.path, "", ""); code != tt.code || !strings.Contains(body, tt.want) {
			t.Errorf("%s %.40s: got %d %.200s, want %d with %q", tt.method, tt.path, code, body, tt.code, tt.want)
		}
	}
	s = serve(t, func(o *promapi.Options) { o.Storage, o.Timeout = late{}, time.Millisecond })
	if code, _, body := call(t, "GET", s.URL+"/federate?match[]=up", "", ""); code != 503 || !strings.Contains(body, "took longer than 1ms") {
		t.Errorf("late: got %d %s", code, body)
	}
	s = serve(t, func(o *promapi.Options) { o.Limits.ReadSamples = 1 })
	if code, _, body := call(t, "GET", s.URL+"/federate?match[]=up", "", ""); code != 422 || !strings.Contains(body, "more than 1 series") {
		t.Errorf("too many: got %d %s", code, body)
	}
}
