package logapi

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/logs/logql"
)

// lokiStream is the lines of one set of labels.
type lokiStream struct {
	Stream map[string]string `json:"stream"`
	Values [][]any           `json:"values"`
}

// streamsOf gathers entries by their labels, in the order of their first lines. With
// apart, what the record alone has stands at each line.
type streamsOf struct {
	apart bool
	by    map[string]int
	list  []lokiStream
}

func (s *streamsOf) add(e logql.Entry) {
	labels := e.Stream
	value := []any{strconv.FormatInt(e.Time, 10), e.Line}
	if s.apart {
		more := map[string]any{}
		if len(e.Own) > 0 {
			more["structuredMetadata"] = e.Own
		}
		if len(e.Parsed) > 0 {
			more["parsed"] = e.Parsed
		}
		value = append(value, more)
	} else {
		labels = e.Labels()
	}
	key := logql.LabelKey(labels)
	if s.by == nil {
		s.by = make(map[string]int)
	}
	at, ok := s.by[key]
	if !ok {
		at = len(s.list)
		s.by[key] = at
		s.list = append(s.list, lokiStream{Stream: labels})
	}
	s.list[at].Values = append(s.list[at].Values, value)
}

// wantsApart says whether the client asks for structured metadata to be told apart.
func wantsApart(r *http.Request) bool {
	for _, v := range r.Header.Values("X-Loki-Response-Encoding-Flags") {
		for flag := range strings.SplitSeq(v, ",") {
			if strings.TrimSpace(flag) == "categorize-labels" {
				return true
			}
		}
	}
	return false
}

func (a *api) queryRange(w http.ResponseWriter, r *http.Request) error {
	x, err := logql.Parse(r.Form.Get("query"))
	if err != nil {
		return err
	}
	from, to, err := a.span(r)
	if err != nil {
		return err
	}
	ctx, cancel := a.within(r)
	defer cancel()
	begun := time.Now()
	q, isLogs := x.(*logql.LogQuery)
	if !isLogs {
		every, err := step(r, from, to)
		if err != nil {
			return err
		}
		series, _, st, err := a.engine.Metric(ctx, x, logql.Range{Start: from.UnixNano(), End: to.UnixNano(), Step: int64(every)})
		if err != nil {
			return err
		}
		return answer(w, map[string]any{
			"resultType": "matrix", "result": matrix(series, logql.Range{Start: from.UnixNano(), End: to.UnixNano(), Step: int64(every)}),
			"stats": stats(st, time.Since(begun).Seconds()),
		})
	}
	n, err := a.limit(r, 100)
	if err != nil {
		return err
	}
	forward, err := oldest(r)
	if err != nil {
		return err
	}
	found := streamsOf{apart: wantsApart(r), list: []lokiStream{}}
	st, err := a.engine.Logs(ctx, q, from.UnixNano(), to.UnixNano(), n, forward, func(e logql.Entry) error {
		found.add(e)
		return nil
	})
	if err != nil {
		return err
	}
	data := map[string]any{"resultType": "streams", "result": found.list, "stats": stats(st, time.Since(begun).Seconds())}
	if found.apart {
		data["encodingFlags"] = []string{"categorize-labels"}
	}
	return answer(w, data)
}

func (a *api) instant(w http.ResponseWriter, r *http.Request) error {
	x, err := logql.Parse(r.Form.Get("query"))
	if err != nil {
		return err
	}
	if _, isLogs := x.(*logql.LogQuery); isLogs {
		return bad("log queries are not supported as an instant query type, please change your query to a range query type")
	}
	at, err := stamp(r.Form.Get("time"), a.Now())
	if err != nil {
		return err
	}
	ctx, cancel := a.within(r)
	defer cancel()
	begun := time.Now()
	series, scalar, st, err := a.engine.Metric(ctx, x, logql.Range{Start: at.UnixNano(), End: at.UnixNano()})
	if err != nil {
		return err
	}
	if scalar {
		return answer(w, map[string]any{"resultType": "scalar", "result": point(at, series[0].Values[0]), "stats": stats(st, 0)})
	}
	result := []map[string]any{}
	for _, s := range series {
		if !math.IsNaN(s.Values[0]) {
			result = append(result, map[string]any{"metric": s.Labels, "value": point(at, s.Values[0])})
		}
	}
	return answer(w, map[string]any{"resultType": "vector", "result": result, "stats": stats(st, time.Since(begun).Seconds())})
}

// point is a value with its time in seconds, as Prometheus writes it.
func point(at time.Time, v float64) []any {
	return []any{float64(at.UnixMilli()) / 1000, strconv.FormatFloat(v, 'f', -1, 64)}
}

func matrix(series []logql.Series, r logql.Range) []map[string]any {
	out := []map[string]any{}
	for _, s := range series {
		var values [][]any
		for i, v := range s.Values {
			if !math.IsNaN(v) {
				values = append(values, point(r.Time(i), v))
			}
		}
		if len(values) > 0 {
			out = append(out, map[string]any{"metric": s.Labels, "values": values})
		}
	}
	return out
}

func (a *api) formatQuery(w http.ResponseWriter, r *http.Request) error {
	x, err := logql.Parse(r.Form.Get("query"))
	if err != nil {
		return err
	}
	return answer(w, x.String())
}

func (a *api) buildInfo(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, map[string]string{
		"version": lokiVersion, "revision": "tocsin-" + a.Version, "branch": "", "buildUser": "", "buildDate": "", "goVersion": "",
	})
}

// lokiVersion is the release whose API is answered; Grafana chooses features by it.
const lokiVersion = "3.5.0"
