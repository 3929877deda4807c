package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/segment"
)

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
