package warm_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/warm"
)

var leOf = regexp.MustCompile(`le="([0-9]+)"`)

// buckets is a Prometheus that has a histogram of three buckets, each with three samples,
// the first of bucket 5 a minute before those of the others. It fails once at the second
// of them.
func buckets(t *testing.T) string {
	t.Helper()
	var mu sync.Mutex
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v1/series":
			var list []string
			for _, le := range []int{1, 5, 9} {
				list = append(list, fmt.Sprintf(`{"__name__":"wait_bucket","service":"pay","le":"%d"}`, le))
			}
			fmt.Fprintf(w, `{"status":"success","data":[%s]}`, strings.Join(list, ","))
		case "/api/v1/query":
			mu.Lock()
			asked++
			on := asked == 2
			mu.Unlock()
			if on {
				http.Error(w, "on fire", http.StatusInternalServerError)
				return
			}
			le, _ := strconv.Atoi(leOf.FindStringSubmatch(r.FormValue("query"))[1])
			at, _ := strconv.ParseFloat(r.FormValue("time"), 64)
			var values []string
			if end := float64(now.Unix()); at >= end-300 {
				for i := range 3 {
					early := 0
					if le == 5 && i == 0 {
						early = 60
					}
					values = append(values, fmt.Sprintf(`[%d,"%d"]`, now.Unix()-int64(300-60*i+early), le+i))
				}
			}
			fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"wait_bucket","service":"pay","le":"%d"},"values":[%s]}]}}`, le, strings.Join(values, ","))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// Buckets are handed over together, those of one time one after the other; a histogram
// that the server does not give in whole is asked for again.
func TestRun_BucketsOfTheServer_AreHandedOverInOrderOfTime(t *testing.T) {
	h := newHouse(t, buckets(t), func(c *warm.Config) { c.Labels = map[string]string{"cluster": "a"} })
	var tries []string
	h.histogram = func(ctx context.Context, x warm.Histogram) (int, error) {
		said := x.Own.String()
		for _, l := range x.Buckets {
			said += " " + l.Get("le") + l.Get("cluster")
		}
		n := 0
		err := x.Past(ctx, func(at int, s telemetry.Sample) {
			n++
			said += fmt.Sprintf(" %d:%s=%v", (s.T-now.UnixMilli())/1000, x.Buckets[at].Get("le"), s.V)
		}, func(telemetry.HistogramSample) { t.Error("got a native one") })
		tries = append(tries, said)
		return n, err
	}
	if err := h.start.Run(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	own := `{__name__="wait", cluster="a", service="pay"} 1a 5a 9a`
	want := own + "|" + own + " -360:5=5 -300:1=1 -300:9=9 -240:1=2 -240:5=6 -240:9=10 -180:1=3 -180:5=7 -180:9=11"
	if got := strings.Join(tries, "|"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if p := h.start.Progress(); p.Series != 1 || p.Done != 1 || p.Failed != 0 || p.Samples != 9 || p.Incomplete || len(h.waits) != 1 {
		t.Errorf("got %+v after waits %v\n%s", p, h.waits, h.log.String())
	}
}

// A histogram of which figures are known is left alone.
func TestRun_KnownHistogram_IsNotAskedFor(t *testing.T) {
	h := newHouse(t, buckets(t), nil)
	h.histogram = func(context.Context, warm.Histogram) (int, error) {
		t.Error("asked for")
		return 0, nil
	}
	own := labels.FromStrings("__name__", "wait", "service", "pay")
	h.bank.Observe(h.bank.Register(detector.DerivedOf(own)[0]), now.UnixMilli(), 5)
	if err := h.start.Run(t.Context(), false); err != nil || h.start.Progress().Series != 0 {
		t.Errorf("got %+v, %v", h.start.Progress(), err)
	}
}
