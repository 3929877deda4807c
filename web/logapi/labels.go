package logapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logql"
	"github.com/tocsinhq/tocsin/logs/segment"
)

// maxListed bounds lists of labels, values and series.
const maxListed = 10_000

// eachStream calls found with the labels of the streams of a request's time that match.
func (a *api) eachStream(r *http.Request, matchers []logql.Matcher, found func(map[string]string) bool) error {
	from, to, err := a.span(r)
	if err != nil {
		return err
	}
	ctx, cancel := a.within(r)
	defer cancel()
	return a.Store.Streams(ctx, from.UnixNano(), to.UnixNano()+1, func(s *segment.Stream) bool {
		return !logql.MatchStream(matchers, s) || found(logql.StreamLabels(s))
	})
}

func (a *api) labels(w http.ResponseWriter, r *http.Request) error {
	matchers, err := selector(r.Form.Get("query"))
	if err != nil {
		return err
	}
	names := map[string]bool{}
	err = a.eachStream(r, matchers, func(labels map[string]string) bool {
		for n := range labels {
			names[n] = true
		}
		return len(names) < maxListed
	})
	if err != nil {
		return err
	}
	return answer(w, slices.Sorted(maps.Keys(names)))
}

func (a *api) values(w http.ResponseWriter, r *http.Request) error {
	matchers, err := selector(r.Form.Get("query"))
	if err != nil {
		return err
	}
	values := map[string]bool{}
	err = a.eachStream(r, matchers, func(labels map[string]string) bool {
		if v, ok := labels[r.PathValue("name")]; ok {
			values[v] = true
		}
		return len(values) < maxListed
	})
	if err != nil {
		return err
	}
	return answer(w, slices.Sorted(maps.Keys(values)))
}

func (a *api) series(w http.ResponseWriter, r *http.Request) error {
	texts := append(r.Form["match[]"], r.Form["match"]...)
	if len(texts) == 0 {
		texts = []string{"{}"}
	}
	found := map[string]map[string]string{}
	for _, text := range texts {
		matchers, err := selector(text)
		if err != nil {
			return err
		}
		err = a.eachStream(r, matchers, func(labels map[string]string) bool {
			found[logql.LabelKey(labels)] = labels
			return len(found) < maxListed
		})
		if err != nil {
			return err
		}
	}
	out := []map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[key])
	}
	return answer(w, out)
}

func (a *api) detectedLabels(w http.ResponseWriter, r *http.Request) error {
	matchers, err := selector(r.Form.Get("query"))
	if err != nil {
		return err
	}
	values := map[string]map[string]bool{}
	err = a.eachStream(r, matchers, func(labels map[string]string) bool {
		for n, v := range labels {
			if values[n] == nil {
				values[n] = map[string]bool{}
			}
			if len(values[n]) < maxListed {
				values[n][v] = true
			}
		}
		return len(values) < maxListed
	})
	if err != nil {
		return err
	}
	out := []map[string]any{}
	for _, n := range slices.Sorted(maps.Keys(values)) {
		out = append(out, map[string]any{"label": n, "cardinality": len(values[n])})
	}
	return writeJSON(w, map[string]any{"detectedLabels": out})
}

// volumes sums records and about their bytes over the time and selector of a request.
func (a *api) volumes(ctx context.Context, text string, from, to time.Time, found func(map[string]string, int, int64)) (logs.Stats, error) {
	matchers, err := selector(text)
	if err != nil {
		return logs.Stats{}, err
	}
	q := (&logql.LogQuery{Matchers: matchers}).Query(from.UnixNano(), to.UnixNano()+1)
	return a.Store.Volume(ctx, q, func(s *segment.Stream, rows int, bytes int64) { found(logql.StreamLabels(s), rows, bytes) })
}

func (a *api) indexStats(w http.ResponseWriter, r *http.Request) error {
	from, to, err := a.span(r)
	if err != nil {
		return err
	}
	ctx, cancel := a.within(r)
	defer cancel()
	streams := map[string]bool{}
	st, err := a.volumes(ctx, r.Form.Get("query"), from, to, func(labels map[string]string, _ int, _ int64) { streams[logql.LabelKey(labels)] = true })
	if err != nil {
		return err
	}
	return writeJSON(w, map[string]int64{"streams": int64(len(streams)), "chunks": int64(st.Units), "bytes": st.Bytes, "entries": int64(st.Records)})
}
