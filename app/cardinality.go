package app

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/index"

	"github.com/tocsinhq/tocsin/cardinality"
	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

const (
	cardinalityFile = "cardinality.json"
	// bytesPerSeries is what a series with about ten labels costs in memory while it is
	// in the head, the detector's page of its seasons included.
	bytesPerSeries = int64(store.BytesPerSeries + detector.BytesPerSeries)
	// statsMost is how many names the index of the head is asked for.
	statsMost = 1000
	// lookedAt is how many series of a metric are looked at for their labels, and
	// closely how many rows get that.
	lookedAt = 10_000
	closely  = 10
	// fewValues is how many values a label must have to be named for a jump.
	fewValues = 20
	// labelMargin is how far from a jump a label may have been first met that came
	// with it.
	labelMargin = 10 * time.Minute
)

// countsKept is what an earlier process counted.
func (c *Core) countsKept() keepsake {
	return keepsake{filepath.Join(c.dir, cardinalityFile), "the counts of series"}
}

func (c *Core) loadCardinality() error { return c.countsKept().load(c.log, c.growth.Load) }

// saveCardinality writes the counts in place of the old ones.
func (c *Core) saveCardinality() error { return c.countsKept().save(c.growth.Save) }

// Cardinality says where series come from, what grew, and which change was before.
func (c *Core) Cardinality(ctx context.Context, r web.CardinalityRequest) (web.Cardinality, error) {
	total, since := c.growth.Total()
	out := web.Cardinality{
		By: r.By, At: c.now().UTC(), Since: since.UTC(), Series: c.tsdb.NumSeries(), Stale: c.tsdb.NumStaleSeries(), Most: c.maxSeries,
		Made: total.Made, Gone: total.Gone, MadeDay: total.MadeDay, GoneDay: total.GoneDay, BytesEach: bytesPerSeries,
	}
	found, err := c.jumps(ctx)
	if err != nil {
		return out, err
	}
	stats := c.tsdb.Stats(labels.MetricName, statsMost).IndexPostingStats
	switch r.By {
	case "change":
		out.Rows = jumpRows(found)
		for _, x := range found {
			if x.Change == nil {
				out.Unresolved++
			}
		}
	case "service":
		out.Rows = rowsOf(c.growth.Rows(cardinality.ByService), nil, nil)
	case "label":
		out.Rows = rowsOf(c.growth.Rows(cardinality.ByLabel), nil, named(stats.CardinalityLabelStats))
	case "pair":
		out.Rows = rowsOf(c.growth.Rows(cardinality.ByPair), paired(stats.LabelValuePairsStats), nil)
	default:
		out.Rows = rowsOf(c.growth.Rows(cardinality.ByMetric), named(stats.CardinalityMetricsStats), nil)
	}
	out.Rows = out.Rows[:min(len(out.Rows), r.Limit)]
	for i := range out.Rows {
		if err := c.explainRow(ctx, r.By, &out.Rows[i], found, i < closely); err != nil {
			return out, err
		}
	}
	return out, nil
}

// jumps are those of the history that is kept, each with the change before it.
func (c *Core) jumps(ctx context.Context) ([]cardinality.Attribution, error) {
	changes, err := c.feed.List(ctx, change.Filter{From: c.now().Add(-cardinality.Kept), Limit: 1000})
	if err != nil {
		return nil, err
	}
	return cardinality.Attribute(c.growth.Jumps(), changes), nil
}

// name is a row's name and, for pairs, its value.
type name struct{ a, b string }

func named(stats []index.Stat) map[name]int64 {
	out := map[name]int64{}
	for _, s := range stats {
		out[name{a: s.Name}] = int64(s.Count)
	}
	return out
}

// paired takes name=value apart. The pairs that are a metric's name are left out.
func paired(stats []index.Stat) map[name]int64 {
	out := map[name]int64{}
	for _, s := range stats {
		if n, v, ok := strings.Cut(s.Name, "="); ok && n != labels.MetricName {
			out[name{n, v}] = int64(s.Count)
		}
	}
	return out
}

// rowsOf joins what was counted with what the index of the head says: series by
// name, or values by name. Those with the most come first.
func rowsOf(counted []cardinality.Row, series, values map[name]int64) []web.CardinalityRow {
	at := map[name]int{}
	var out []web.CardinalityRow
	add := func(n name) *web.CardinalityRow {
		i, ok := at[n]
		if !ok {
			i = len(out)
			at[n] = i
			out = append(out, web.CardinalityRow{Name: n.a, Value: n.b, Made: make([]int64, cardinality.Hours), Gone: make([]int64, cardinality.Hours)})
		}
		return &out[i]
	}
	for _, r := range counted {
		x := add(name{r.Name, r.Value})
		x.Series, x.Made, x.Gone, x.MadeHour, x.MadeDay, x.GoneDay, x.Over = r.Series, r.Made, r.Gone, r.MadeHour, r.MadeDay, r.GoneDay, r.Over
	}
	for n, count := range series {
		add(n).Series = count
	}
	for n, count := range values {
		if n.a != labels.MetricName {
			add(n).Values = int(count)
		}
	}
	for i := range out {
		out[i].Bytes = out[i].Series * bytesPerSeries
	}
	slices.SortFunc(out, func(a, b web.CardinalityRow) int {
		return cmp.Or(cmp.Compare(b.Series, a.Series), cmp.Compare(b.Values, a.Values), cmp.Compare(b.MadeDay, a.MadeDay),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
	})
	return out
}

// jumpRows has a row for each jump, the latest first.
func jumpRows(found []cardinality.Attribution) []web.CardinalityRow {
	var out []web.CardinalityRow
	for _, x := range found {
		row := web.CardinalityRow{
			Name: x.Service, Series: x.Made, Bytes: x.Made * bytesPerSeries, Jump: webJump(x),
			Made: make([]int64, cardinality.Hours), Gone: make([]int64, cardinality.Hours),
		}
		for _, m := range x.Metrics {
			row.Metrics = append(row.Metrics, web.MetricSeries{Metric: m.Metric, Series: m.Made})
		}
		out = append(out, row)
	}
	return out
}

func webJump(x cardinality.Attribution) *web.SeriesJump {
	return &web.SeriesJump{
		Service: x.Service, From: x.From, To: x.To, Series: x.Made, Usual: telemetry.Number(x.Usual), Change: x.Change, Own: x.Own,
	}
}

// explainRow adds the jump of a row and, if it is to be looked at closely, the
// labels that make its series many and what can be done.
func (c *Core) explainRow(ctx context.Context, by string, row *web.CardinalityRow, found []cardinality.Attribution, look bool) error {
	metric := ""
	switch by {
	case "metric":
		metric = row.Name
		row.Jump = latest(found, func(x cardinality.Attribution) bool {
			return slices.ContainsFunc(x.Metrics, func(m cardinality.MetricGrowth) bool { return m.Metric == metric })
		})
	case "change":
		if len(row.Metrics) > 0 {
			metric = row.Metrics[0].Metric
		}
	case "service":
		row.Jump = latest(found, func(x cardinality.Attribution) bool { return x.Service == row.Name })
		if look {
			row.Advice = webAdvice(cardinality.AdviseService(row.Name))
		}
	case "label":
		row.Jump = latest(found, func(x cardinality.Attribution) bool { return c.growth.NewLabel(row.Name, x.From, labelMargin) })
		row.NewLabel = row.Jump != nil
		if look {
			row.Advice = webAdvice(cardinality.AdviseLabel(row.Name, row.Values))
		}
	case "pair":
		if look {
			row.Advice = webAdvice(cardinality.AdvisePair(row.Name, row.Value))
		}
	}
	if metric == "" || !look {
		return nil
	}
	counts, err := c.labelsOf(ctx, metric)
	if err != nil {
		return err
	}
	for _, x := range counts[:min(len(counts), 5)] {
		row.Labels = append(row.Labels, web.LabelValues{Name: x.Name, Values: x.Values})
	}
	least, fresh := cardinality.ManyValues, func(string) bool { return false }
	if row.Jump != nil {
		least = fewValues
		fresh = func(label string) bool { return c.growth.NewLabel(label, row.Jump.From, labelMargin) }
	}
	row.Label = cardinality.Culprit(counts, least, fresh)
	row.NewLabel = row.Label != "" && fresh(row.Label)
	row.Advice = webAdvice(cardinality.AdviseMetric(metric, row.Label))
	return nil
}

func latest(found []cardinality.Attribution, of func(cardinality.Attribution) bool) *web.SeriesJump {
	for _, x := range found {
		if of(x) {
			return webJump(x)
		}
	}
	return nil
}

func webAdvice(in []cardinality.Advice) []web.SeriesAdvice {
	var out []web.SeriesAdvice
	for _, a := range in {
		out = append(out, web.SeriesAdvice{Text: a.Text, Snippet: a.Snippet})
	}
	return out
}

// labelsOf counts the values of each label of a metric's series in memory, the
// label with the most first, by looking at some thousands of them.
func (c *Core) labelsOf(ctx context.Context, metric string) ([]cardinality.LabelCount, error) {
	from, to := c.tsdb.MinTime(), c.tsdb.MaxTime()
	q, err := c.tsdb.Querier(from, to)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	seen := map[string]map[string]struct{}{}
	set := q.Select(ctx, false, &storage.SelectHints{Start: from, End: to, Func: "series", Limit: lookedAt},
		labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, metric))
	for n := 0; n < lookedAt && set.Next(); n++ {
		set.At().Labels().Range(func(x labels.Label) {
			if seen[x.Name] == nil {
				seen[x.Name] = map[string]struct{}{}
			}
			seen[x.Name][x.Value] = struct{}{}
		})
	}
	if err := set.Err(); err != nil {
		return nil, err
	}
	var out []cardinality.LabelCount
	for n, values := range seen {
		if n != labels.MetricName {
			out = append(out, cardinality.LabelCount{Name: n, Values: len(values)})
		}
	}
	slices.SortFunc(out, func(a, b cardinality.LabelCount) int {
		return cmp.Or(cmp.Compare(b.Values, a.Values), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}
