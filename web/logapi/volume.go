package logapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logql"
)

// grouped is the bytes of the streams that share the labels asked for.
type grouped struct {
	labels map[string]string
	bytes  int64
}

// volumeBy groups the volume of a time by the labels of targetLabels, or by those that
// the selector names, all if it names none. With aggregateBy=labels it is by the names.
func (a *api) volumeBy(ctx context.Context, r *http.Request, from, to time.Time) ([]grouped, logs.Stats, error) {
	var targets []string
	if text := r.Form.Get("targetLabels"); text != "" {
		targets = strings.Split(text, ",")
	} else {
		matchers, err := selector(r.Form.Get("query"))
		if err != nil {
			return nil, logs.Stats{}, err
		}
		for _, m := range matchers {
			targets = append(targets, m.Name)
		}
	}
	byName := false
	switch by := r.Form.Get("aggregateBy"); by {
	case "", "series":
	case "labels":
		byName = true
	default:
		return nil, logs.Stats{}, bad("invalid aggregation option %.64q, want series or labels", by)
	}
	groups := map[string]*grouped{}
	add := func(labels map[string]string, bytes int64) {
		key := logql.LabelKey(labels)
		if groups[key] == nil {
			groups[key] = &grouped{labels: labels}
		}
		groups[key].bytes += bytes
	}
	st, err := a.volumes(ctx, r.Form.Get("query"), from, to, func(have map[string]string, _ int, bytes int64) {
		of := map[string]string{}
		for n, v := range have {
			if len(targets) > 0 && !slices.Contains(targets, n) {
				continue
			}
			if byName {
				add(map[string]string{n: ""}, bytes)
			}
			of[n] = v
		}
		if !byName {
			add(of, bytes)
		}
	})
	if err != nil {
		return nil, st, err
	}
	n, err := a.limit(r, 100)
	if err != nil {
		return nil, st, err
	}
	var out []grouped
	for _, g := range groups {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b grouped) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), strings.Compare(logql.LabelKey(a.labels), logql.LabelKey(b.labels)))
	})
	return out[:min(n, len(out))], st, nil
}

func (a *api) volume(w http.ResponseWriter, r *http.Request) error {
	from, to, err := a.span(r)
	if err != nil {
		return err
	}
	ctx, cancel := a.within(r)
	defer cancel()
	all, st, err := a.volumeBy(ctx, r, from, to)
	if err != nil {
		return err
	}
	result := []map[string]any{}
	for _, g := range all {
		result = append(result, map[string]any{"metric": g.labels, "value": []any{float64(to.UnixMilli()) / 1000, strconv.FormatInt(g.bytes, 10)}})
	}
	return answer(w, map[string]any{"resultType": "vector", "result": result, "stats": stats(st, 0)})
}

func (a *api) volumeRange(w http.ResponseWriter, r *http.Request) error {
	from, to, err := a.span(r)
	if err != nil {
		return err
	}
	every, err := step(r, from, to)
	if err != nil {
		return err
	}
	if to.Sub(from)/every > 1000 {
		return bad("a volume of at most 1000 steps, got %s in steps of %s", to.Sub(from), every)
	}
	ctx, cancel := a.within(r)
	defer cancel()
	by := map[string]map[string]any{}
	var keys []string
	var total logs.Stats
	for at := from; !at.After(to); at = at.Add(every) {
		all, st, err := a.volumeBy(ctx, r, at.Add(-every).Add(1), at)
		if err != nil {
			return err
		}
		total.Units, total.Records, total.Bytes = total.Units+st.Units, total.Records+st.Records, total.Bytes+st.Bytes
		for _, g := range all {
			key := logql.LabelKey(g.labels)
			if by[key] == nil {
				keys = append(keys, key)
				by[key] = map[string]any{"metric": g.labels, "values": [][]any{}}
			}
			by[key]["values"] = append(by[key]["values"].([][]any), []any{float64(at.UnixMilli()) / 1000, strconv.FormatInt(g.bytes, 10)})
		}
	}
	result := []map[string]any{}
	for _, k := range keys {
		result = append(result, by[k])
	}
	return answer(w, map[string]any{"resultType": "matrix", "result": result, "stats": stats(total, 0)})
}

// maxPatterns is how many patterns one answer has, the most frequent ones.
const maxPatterns = 300

// patterns answers with the templates of a selector's records and how many there were.
func (a *api) patterns(w http.ResponseWriter, r *http.Request) error {
	matchers, err := selector(r.Form.Get("query"))
	if err != nil {
		return err
	}
	from, to, err := a.span(r)
	if err != nil {
		return err
	}
	every, err := step(r, from, to)
	if err != nil {
		return err
	}
	every = max(every.Truncate(10*time.Second), 10*time.Second) // as Loki counts
	ctx, cancel := a.within(r)
	defer cancel()
	all, err := a.countTemplates(ctx, matchers, from, to, every)
	if err != nil {
		return err
	}
	out := []map[string]any{}
	for _, c := range all[:min(maxPatterns, len(all))] {
		t, ok := a.Template(c.id)
		if !ok {
			continue
		}
		samples := [][]int64{}
		for i, n := range c.counts {
			if n > 0 {
				samples = append(samples, []int64{from.Add(time.Duration(i) * every).Unix(), int64(n)})
			}
		}
		out = append(out, map[string]any{"pattern": strings.ReplaceAll(t.Wildcard, "<*>", "<_>"), "samples": samples})
	}
	return answer(w, out)
}

// counted is how many records of a template there are in each step.
type counted struct {
	id     uint64
	total  int
	counts []int
}

// countTemplates counts records by template, the most frequent first.
func (a *api) countTemplates(ctx context.Context, matchers []logql.Matcher, from, to time.Time, every time.Duration) ([]counted, error) {
	q := (&logql.LogQuery{Matchers: matchers}).Query(from.UnixNano(), to.UnixNano()+1)
	if (q.To-q.From)/int64(every) > 11_000 {
		return nil, bad("at most 11,000 steps, got %s in steps of %s", to.Sub(from), every)
	}
	by := map[uint64]*counted{}
	err := a.Store.CountTemplates(ctx, q, int64(every), func(at int64, id uint64, n int) {
		c := by[id]
		if c == nil {
			c = &counted{id: id, counts: make([]int, (q.To-q.From-1)/int64(every)+1)}
			by[id] = c
		}
		c.total += n
		c.counts[(at-q.From)/int64(every)] += n
	})
	var out []counted
	for _, c := range by {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b counted) int { return cmp.Or(cmp.Compare(b.total, a.total), cmp.Compare(a.id, b.id)) })
	return out, err
}
