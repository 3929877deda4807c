package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"
)

func readAll(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, 256<<20)) }

// namedQuery is one of the ten queries; span is that of a range query by steps of
// 15 seconds, 0 for an instant one.
type namedQuery struct {
	name, text string
	span       time.Duration
}

// The queries that dashboards and rules ask: of one metric over all targets, of one
// target, over labels, of histograms.
var namedQueries = []namedQuery{
	{"rate by job", `sum by (job) (rate(shop_requests_handled_045_total[5m]))`, 0},
	{"rate by job, range", `sum by (job) (rate(shop_requests_handled_045_total[2m]))`, 6 * time.Minute},
	{"p99 by job", `histogram_quantile(0.99, sum by (job, le) (rate(shop_request_duration_seconds_00_bucket[5m])))`, 0},
	{"p99 by job, range", `histogram_quantile(0.99, sum by (job, le) (rate(shop_request_duration_seconds_00_bucket[2m])))`, 6 * time.Minute},
	{"one series, range", `shop_queue_length_070{pod="checkout-7d9f8b6c5d-00007"}`, 8 * time.Minute},
	{"one target, all metrics", `count by (__name__) ({pod="checkout-7d9f8b6c5d-00007"})`, 0},
	{"top ten", `topk(10, shop_queue_length_070)`, 0},
	{"largest of the last minutes", `max by (job) (max_over_time(shop_queue_length_070[5m]))`, 0},
	{"names by pattern", `sum({__name__=~"shop_queue_length_07[0-4]"})`, 0},
	{"ratio of two", `sum by (job) (rate(shop_requests_handled_045_total[5m])) / sum by (job) (rate(shop_requests_handled_046_total[5m]))`, 0},
}

// Each query is asked of each server in turn, and in its turn again and again until
// queryTime has passed or it was asked queryMost times: what takes less than a
// millisecond varies more from one time to the next than servers differ.
const (
	queryTurns = 15
	queryTime  = 20 * time.Millisecond
	queryMost  = 20
)

// queries compares the time that the servers take for each query at a moment that
// all have data of; the answers have to be alike.
func (p *ingestPlan) queries(ours, theirs *process, at time.Time) error {
	w := tabwriter.NewWriter(p.out, 2, 0, 2, ' ', 0)
	fmt.Fprintf(w, "query\t%s ms\t%s ms\tratio\ttimes\n", ours.name, theirs.name)
	// All queries take turns, so that what a server does on the side now and then,
	// such as collecting garbage, does not fall on one of them.
	took := make([][2][]float64, len(namedQueries))
	servers := []*process{ours, theirs}
	for turn := range queryTurns {
		for n, q := range namedQueries {
			var answers [2]int
			for k := range servers {
				i := (k + turn) % 2 // nobody is always the first
				times, body, err := servers[i].askFor(queryTime, q, at)
				if err != nil {
					return fmt.Errorf("%s: %w", servers[i].name, err)
				}
				took[n][i] = append(took[n][i], times...)
				answers[i] = series(body)
			}
			if answers[0] == 0 || answers[0] != answers[1] {
				return fmt.Errorf("query %q has %d series of %s and %d of %s", q.name, answers[0], ours.name, answers[1], theirs.name)
			}
		}
	}
	worst := 0.0
	for n, q := range namedQueries {
		a, b := median(took[n][0]), median(took[n][1])
		worst = max(worst, a/b)
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\t%d\n", q.name, a, b, a/b, len(took[n][0]))
	}
	p.found["query_worst_ratio_"+theirs.name] = worst
	return w.Flush()
}

// askFor asks a query until so much time has passed, once at least, and returns the
// milliseconds of each answer and the last of them.
func (x *process) askFor(most time.Duration, q namedQuery, at time.Time) (times []float64, body []byte, err error) {
	for first := time.Now(); len(times) == 0 || len(times) < queryMost && time.Since(first) < most; {
		begin := time.Now()
		if body, err = x.answer(q, at); err != nil {
			return nil, nil, err
		}
		times = append(times, float64(time.Since(begin).Microseconds())/1000)
	}
	return times, body, nil
}

// answer asks one of the named queries.
func (x *process) answer(q namedQuery, at time.Time) ([]byte, error) {
	seconds := func(t time.Time) []string { return []string{strconv.FormatInt(t.Unix(), 10)} }
	if q.span == 0 {
		return x.ask(x.query+"/query", url.Values{"query": {q.text}, "time": seconds(at)})
	}
	return x.ask(x.query+"/query_range", url.Values{"query": {q.text}, "start": seconds(at.Add(-q.span)), "end": seconds(at), "step": {"15"}})
}

// series counts the results in an answer of the Prometheus API.
func series(answer []byte) int {
	var a struct {
		Data struct {
			Result []json.RawMessage `json:"result"`
		} `json:"data"`
	}
	if json.NewDecoder(bytes.NewReader(answer)).Decode(&a) != nil {
		return -1
	}
	return len(a.Data.Result)
}
