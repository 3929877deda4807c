package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/segment"
)

// elastic asks an Elasticsearch (7.12 and later) or OpenSearch with points in time,
// https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-search.
type elastic struct {
	*client
	roles roles
	now   func() time.Time

	mu     sync.Mutex
	caps   *mapping
	capsAt time.Time
}

// object is a piece of a question.
type object = map[string]any

const (
	timeField = "@timestamp"
	keepAlive = "1m" // of a point in time, from each page on
	// elasticPage is how many documents a page has at most: index.max_result_window is
	// 10,000 by default, and documents may be large.
	elasticPage = 2000
)

// post asks with a body of JSON.
func (e *elastic) post(ctx context.Context, path string, body object, v any) error {
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(raw)
	}
	req, err := e.request(ctx, http.MethodPost, path, in)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return e.decode(req, v)
}

// index is the path of what is searched.
func (e *elastic) index() string { return "/" + e.cfg.Index }

const lenient = "?ignore_unavailable=true&allow_no_indices=true"

// hit is a document.
type hit struct {
	ID     string          `json:"_id"`
	Index  string          `json:"_index"`
	Source json.RawMessage `json:"_source"`
	Sort   []any           `json:"sort"`
}

// answer is what a search says.
type answer struct {
	PIT      string `json:"pit_id"`
	TimedOut bool   `json:"timed_out"`
	Shards   struct {
		Total    int
		Failed   int
		Failures json.RawMessage
	} `json:"_shards"`
	Hits struct {
		Hits []hit
	}
	Aggregations json.RawMessage
}

// search asks once. Answers that are not whole are errors.
func (e *elastic) search(ctx context.Context, path string, body object) (*answer, error) {
	if end, ok := ctx.Deadline(); ok {
		body["timeout"] = fmt.Sprintf("%dms", max(1, time.Until(end).Milliseconds()))
	}
	body["track_total_hits"] = false
	var a answer
	if err := e.post(ctx, path, body, &a); err != nil {
		return nil, err
	}
	if a.TimedOut || a.Shards.Failed > 0 {
		return nil, fmt.Errorf("%w: only a part of its shards answered (%d of %d failed, timed out: %t): %.300s",
			ErrUnavailable, a.Shards.Failed, a.Shards.Total, a.TimedOut, a.Shards.Failures)
	}
	return &a, nil
}

// open makes a point in time, which close ends.
func (e *elastic) open(ctx context.Context) (id string, err error) {
	var said struct{ ID string }
	if err := e.post(ctx, e.index()+"/_pit"+"?ignore_unavailable=true&keep_alive="+keepAlive, nil, &said); err != nil {
		return "", err
	}
	if said.ID == "" {
		return "", fmt.Errorf("%w: it has opened no point in time", ErrUnavailable)
	}
	return said.ID, nil
}

// close ends a point in time, also when the caller's time is over; it ends by itself in a minute.
func (e *elastic) close(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	raw, err := json.Marshal(object{"id": id})
	if err != nil {
		return
	}
	req, err := e.request(ctx, http.MethodDelete, "/_pit", bytes.NewReader(raw))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/json")
	var said struct{}
	_ = e.decode(req, &said)
}

// sorting is by time, to the nanosecond also where documents have only milliseconds.
func sorting(oldest bool) []any {
	order := "desc"
	if oldest {
		order = "asc"
	}
	return []any{
		object{timeField: object{"order": order, "format": "strict_date_optional_time_nanos", "numeric_type": "date_nanos", "unmapped_type": "date"}},
		object{"_shard_doc": "asc"},
	}
}

func (e *elastic) read(ctx context.Context, q *logs.Query, ordered bool, page int, found func(*logs.Record) error) error {
	m, err := e.mapping(ctx, mappingFor)
	if err != nil {
		return err
	}
	filter, _, err := e.filter(ctx, m, q, true)
	if err != nil {
		return err
	}
	pit, err := e.open(ctx)
	if err != nil {
		return err
	}
	defer func() { e.close(ctx, pit) }()
	body := object{"query": filter, "sort": []any{object{"_shard_doc": "asc"}}}
	if ordered {
		body["sort"] = sorting(q.Oldest)
	}
	for page = min(page, elasticPage); ; page = min(4*page, elasticPage) {
		body["pit"] = object{"id": pit, "keep_alive": keepAlive}
		body["size"] = page
		a, err := e.search(ctx, "/_search?allow_partial_search_results=false", body)
		if err != nil {
			return err
		}
		if a.PIT != "" {
			pit = a.PIT
		}
		for i := range a.Hits.Hits {
			r, err := e.record(&a.Hits.Hits[i])
			if err != nil {
				return err
			}
			if err := found(r); err != nil {
				return err
			}
		}
		if len(a.Hits.Hits) < page {
			return nil
		}
		body["search_after"] = a.Hits.Hits[len(a.Hits.Hits)-1].Sort
		if body["search_after"] == nil {
			return fmt.Errorf("%w: documents without sort values", ErrUnavailable)
		}
	}
}

func (e *elastic) counts(ctx context.Context, q *logs.Query, step int64, found func(at int64, level, n int)) (bool, error) {
	m, err := e.mapping(ctx, mappingFor)
	if err != nil {
		return false, err
	}
	filter, whole, err := e.filter(ctx, m, q, false)
	if err != nil {
		return false, err
	}
	ms := int64(time.Millisecond)
	level, ok := m.level(e.roles.level)
	if !whole || step%ms != 0 || !ok {
		return false, nil
	}
	bars := object{"date_histogram": object{
		"field": timeField, "fixed_interval": fmt.Sprintf("%dms", step/ms), "offset": fmt.Sprintf("%dms", q.From/ms%(step/ms)), "min_doc_count": 1,
	}}
	if level != "" {
		bars["aggs"] = object{"levels": object{"terms": object{"field": level, "size": maxWords}}}
	}
	a, err := e.search(ctx, e.index()+"/_search"+lenient+"&allow_partial_search_results=false", object{"size": 0, "query": filter, "aggs": object{"bars": bars}})
	if err != nil {
		return false, err
	}
	type bucket struct {
		Key   json.RawMessage
		Count int `json:"doc_count"`
	}
	var said struct {
		Bars struct {
			Buckets []struct {
				Key    int64
				Count  int `json:"doc_count"`
				Levels struct{ Buckets []bucket }
			}
		}
	}
	if len(a.Aggregations) > 0 { // none if no index has the name
		if err := json.Unmarshal(a.Aggregations, &said); err != nil {
			return false, fmt.Errorf("%w: read its counts: %w", ErrUnavailable, err)
		}
	}
	for _, b := range said.Bars.Buckets {
		rest := b.Count
		for _, l := range b.Levels.Buckets {
			var word string
			_ = json.Unmarshal(l.Key, &word) // a number is no level
			if n := severity([]string{word}); n != 0 {
				found(b.Key*ms, n, l.Count)
				rest -= l.Count
			}
		}
		if rest > 0 {
			found(b.Key*ms, 0, rest)
		}
	}
	return true, nil
}

// streams counts documents by the fields of logs.remote.labels.
func (e *elastic) streams(ctx context.Context, q *logs.Query, volume bool, found func(*segment.Stream, int, int64) bool) error {
	m, err := e.mapping(ctx, mappingFor)
	if err != nil {
		return err
	}
	filter, _, err := e.filter(ctx, m, q, false)
	if err != nil {
		return err
	}
	var sources []any
	var names []string
	for _, label := range m.labels(e.cfg.Labels, e.roles.service) {
		sources = append(sources, object{label: object{"terms": object{"field": m.keyword(label), "missing_bucket": true}}})
		names = append(names, label)
	}
	if len(sources) == 0 {
		return nil
	}
	mean := int64(0)
	if volume {
		if mean, err = e.meanText(ctx, filter); err != nil {
			return err
		}
	}
	composite := object{"size": 1000, "sources": sources}
	for {
		a, err := e.search(ctx, e.index()+"/_search"+lenient+"&allow_partial_search_results=false", object{
			"size": 0, "query": filter, "aggs": object{"streams": object{"composite": composite}},
		})
		if err != nil {
			return err
		}
		var said struct {
			Streams struct {
				After   json.RawMessage `json:"after_key"`
				Buckets []struct {
					Key   map[string]any
					Count int `json:"doc_count"`
				}
			}
		}
		if len(a.Aggregations) > 0 {
			if err := json.Unmarshal(a.Aggregations, &said); err != nil {
				return fmt.Errorf("%w: read its streams: %w", ErrUnavailable, err)
			}
		}
		for _, b := range said.Streams.Buckets {
			var fields []field
			for _, n := range names {
				if v := plainText(b.Key[n]); v != "" {
					fields = append(fields, field{name: n, value: v})
				}
			}
			if !found(e.roles.stream(fields, elasticName), b.Count, int64(b.Count)*mean) {
				return nil
			}
		}
		if said.Streams.After == nil {
			return nil
		}
		composite["after"] = said.Streams.After
	}
}

// meanText returns the mean length of the texts of some documents.
func (e *elastic) meanText(ctx context.Context, filter object) (int64, error) {
	a, err := e.search(ctx, e.index()+"/_search"+lenient+"&allow_partial_search_results=false", object{"size": 100, "query": filter})
	if err != nil || len(a.Hits.Hits) == 0 {
		return 0, err
	}
	sum := int64(0)
	for i := range a.Hits.Hits {
		r, err := e.record(&a.Hits.Hits[i])
		if err != nil {
			return 0, err
		}
		sum += int64(len(r.Body))
	}
	return sum / int64(len(a.Hits.Hits)), nil
}

// Elasticsearch has nothing that tells of new documents, and shows them when an index is
// refreshed, by default a second after they came. So it is asked each second for what is
// new in the last ones; documents that are further behind than that are not followed.
const (
	followEvery = time.Second
	followBack  = 30 * time.Second
	followMost  = 10_000 // documents at a time
)

func (e *elastic) follow(ctx context.Context, q *logs.Query, found func(*logs.Record) error) error {
	seen := map[string]int64{} // what was shown or was there before, with its time
	began := true
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		now := e.now().UnixNano()
		from := now - int64(followBack)
		err := e.recent(ctx, q, from, func(id string, r *logs.Record) error {
			if _, ok := seen[id]; ok {
				return nil
			}
			seen[id] = r.Time
			if began {
				return nil
			}
			return found(r)
		})
		if err != nil {
			return err
		}
		began = false
		for id, at := range seen {
			if at < from-int64(followBack) {
				delete(seen, id)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// recent calls found with the documents since a time, the oldest first.
func (e *elastic) recent(ctx context.Context, q *logs.Query, from int64, found func(id string, r *logs.Record) error) error {
	m, err := e.mapping(ctx, mappingFor)
	if err != nil {
		return err
	}
	filter, _, err := e.filter(ctx, m, &logs.Query{Hints: q.Hints, From: from, To: maxInstant}, false)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	a, err := e.search(ctx, e.index()+"/_search"+lenient+"&allow_partial_search_results=false", object{
		"size": followMost, "query": filter, "sort": sorting(false)[:1],
	})
	if err != nil {
		return err
	}
	for i := len(a.Hits.Hits) - 1; i >= 0; i-- {
		h := &a.Hits.Hits[i]
		r, err := e.record(h)
		if err != nil {
			return err
		}
		if err := found(h.Index+"\x00"+h.ID, r); err != nil {
			return err
		}
	}
	return nil
}

// termsOf reads the words of an aggregation levels, and says how many there were.
func termsOf(raw json.RawMessage) (words []string, n int, err error) {
	if len(raw) == 0 {
		return nil, 0, nil
	}
	var said struct {
		Levels struct {
			Buckets []struct{ Key any }
		}
	}
	if err := json.Unmarshal(raw, &said); err != nil {
		return nil, 0, fmt.Errorf("%w: read its levels: %w", ErrUnavailable, err)
	}
	for _, b := range said.Levels.Buckets {
		if w, ok := b.Key.(string); ok {
			words = append(words, w)
		}
	}
	return words, len(said.Levels.Buckets), nil
}
