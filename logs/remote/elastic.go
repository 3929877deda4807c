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
