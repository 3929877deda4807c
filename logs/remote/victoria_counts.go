package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/segment"
)

func (v *victoria) counts(ctx context.Context, q *logs.Query, step int64, found func(at int64, level, n int)) (bool, error) {
	w, err := v.words(ctx, q, false)
	if err != nil || !w.whole {
		return false, err
	}
	names, err := v.names(ctx, q, "field_names")
	if err != nil {
		return false, err
	}
	offset := (step - q.From%step) % step // steps begin so long before whole multiples
	args := url.Values{
		"query": {v.span(q.From, q.To) + " " + w.filter}, "step": {fmt.Sprintf("%dns", step)}, "offset": {fmt.Sprintf("%dns", offset)},
		"start": {instant(q.From)}, "end": {instant(q.To - 1)},
	}
	for _, n := range v.roles.level {
		if slices.Contains(names, n) {
			args.Add("field", n)
		}
	}
	req, err := v.ask(ctx, "hits", args)
	if err != nil {
		return false, err
	}
	var said struct {
		Hits []struct {
			Fields     map[string]string
			Timestamps []time.Time
			Values     []int
		}
	}
	if err := v.decode(req, &said); err != nil {
		return false, err
	}
	for _, h := range said.Hits {
		if len(h.Values) != len(h.Timestamps) {
			return false, fmt.Errorf("%w: got %d times and %d hits", ErrUnavailable, len(h.Timestamps), len(h.Values))
		}
		var values []string
		for _, n := range v.roles.level {
			values = append(values, h.Fields[n])
		}
		level := severity(values)
		for i, n := range h.Values {
			if n > 0 {
				found(h.Timestamps[i].UnixNano(), level, n)
			}
		}
	}
	return true, nil
}

func (v *victoria) streams(ctx context.Context, q *logs.Query, volume bool, found func(*segment.Stream, int, int64) bool) error {
	w, err := v.words(ctx, q, false)
	if err != nil {
		return err
	}
	text := v.span(q.From, q.To) + " " + w.filter
	if volume {
		return v.volumes(ctx, text, found)
	}
	req, err := v.ask(ctx, "streams", url.Values{"query": {text}, "start": {instant(q.From)}, "end": {instant(q.To - 1)}})
	if err != nil {
		return err
	}
	all, err := v.values(req)
	if err != nil {
		return err
	}
	for _, text := range all {
		labels, err := parseStream(text)
		if err != nil {
			return err
		}
		if !found(v.roles.stream(labels, plainName), 0, 0) {
			return nil
		}
	}
	return nil
}

func (v *victoria) volumes(ctx context.Context, text string, found func(*segment.Stream, int, int64) bool) error {
	req, err := v.ask(ctx, "query", url.Values{"query": {text + " | stats by (_stream) count() rows, sum_len(_msg) bytes"}})
	if err != nil {
		return err
	}
	err = v.eachLine(req, func(line []byte) error {
		var said struct {
			Stream string      `json:"_stream"`
			Rows   json.Number `json:"rows"`
			Bytes  json.Number `json:"bytes"`
		}
		if err := json.Unmarshal(line, &said); err != nil {
			return fmt.Errorf("%w: read a volume: %w in %.100q", ErrUnavailable, err, line)
		}
		labels, err := parseStream(said.Stream)
		if err != nil {
			return err
		}
		rows, _ := said.Rows.Int64()
		bytes, _ := said.Bytes.Int64()
		if !found(v.roles.stream(labels, plainName), int(rows), bytes) {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// names asks for names of fields or of labels of streams in the query's time.
func (v *victoria) names(ctx context.Context, q *logs.Query, path string) ([]string, error) {
	req, err := v.ask(ctx, path, url.Values{"query": {v.span(q.From, q.To) + " *"}, "start": {instant(q.From)}, "end": {instant(q.To - 1)}})
	if err != nil {
		return nil, err
	}
	return v.values(req)
}

// values reads an answer that lists values.
func (v *victoria) values(req *http.Request) ([]string, error) {
	var said struct{ Values []struct{ Value string } }
	if err := v.decode(req, &said); err != nil {
		return nil, err
	}
	out := make([]string, len(said.Values))
	for i, x := range said.Values {
		out[i] = x.Value
	}
	return out, nil
}
