package remote_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
)

// elasticDouble answers as Elasticsearch does, as far as we ask it: _bulk, _field_caps,
// points in time and _search with bool, range, terms, match and exists, with search_after,
// and the aggregations date_histogram, terms and composite. Texts are keywords, but for
// message, which is taken apart into words.
type elasticDouble struct {
	*testing.T
	mu   sync.Mutex
	docs []elasticDoc
	pits map[string][]elasticDoc
	made int
}

type elasticDoc struct {
	id     string
	seq    int
	source map[string]any
	fields map[string]string
	at     time.Time
}

func (d *elasticDouble) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if got := r.Header.Get("Authorization"); got != "ApiKey k" {
		d.Errorf("%s: got Authorization %q", r.URL.Path, got)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.Header().Set("Content-Type", "application/json")
	in := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			d.Error(err)
			return
		}
		in = z
	}
	body, _ := io.ReadAll(in)
	switch {
	case r.URL.Path == "/_bulk":
		d.bulk(w, body)
	case r.URL.Path == "/logs-*/_field_caps" && r.Method == http.MethodGet:
		fields := map[string]any{"_id": map[string]any{"_id": map[string]any{"searchable": true, "metadata_field": true}}}
		for _, x := range d.docs {
			for n := range x.fields {
				kind := "keyword"
				switch n {
				case "message":
					kind = "match_only_text"
				case "@timestamp":
					kind = "date"
				}
				fields[n] = map[string]any{kind: map[string]any{"type": kind, "searchable": true, "aggregatable": kind != "match_only_text"}}
			}
		}
		d.write(w, map[string]any{"indices": []string{"logs-x"}, "fields": fields})
	case r.URL.Path == "/logs-*/_pit" && r.Method == http.MethodPost:
		d.made++
		id := "pit-" + strconv.Itoa(d.made)
		d.pits[id] = slices.Clone(d.docs)
		d.write(w, map[string]any{"id": id})
	case r.URL.Path == "/_pit" && r.Method == http.MethodDelete:
		var said struct{ ID string }
		_ = json.Unmarshal(body, &said)
		if _, ok := d.pits[said.ID]; !ok {
			d.Errorf("no point in time %q is open", said.ID)
		}
		delete(d.pits, said.ID)
		d.write(w, map[string]any{"succeeded": true, "num_freed": 1})
	case r.URL.Path == "/_search" || r.URL.Path == "/logs-*/_search":
		d.search(w, body)
	default:
		w.WriteHeader(http.StatusNotFound)
		d.write(w, map[string]any{"error": map[string]any{"type": "index_not_found_exception", "reason": r.Method + " " + r.URL.Path}, "status": 404})
	}
}

func (d *elasticDouble) write(w io.Writer, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		d.Error(err)
	}
}

func (d *elasticDouble) bulk(w io.Writer, body []byte) {
	lines := bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
	items := []any{}
	for i := 0; i+1 < len(lines); i += 2 {
		var action struct {
			Create struct {
				Index string `json:"_index"`
				ID    string `json:"_id"`
			}
		}
		x := elasticDoc{fields: map[string]string{}, seq: len(d.docs)}
		if json.Unmarshal(lines[i], &action) != nil || json.Unmarshal(lines[i+1], &x.source) != nil {
			d.Errorf("%s\n%s", lines[i], lines[i+1])
		}
		for n, v := range x.source {
			x.fields[n] = fmt.Sprint(v)
		}
		x.id = action.Create.ID
		var err error
		if x.at, err = time.Parse(time.RFC3339Nano, x.fields["@timestamp"]); err != nil {
			d.Error(err)
		}
		status := 201
		if slices.ContainsFunc(d.docs, func(y elasticDoc) bool { return y.id == x.id }) {
			status = 409
		} else {
			d.docs = append(d.docs, x)
		}
		items = append(items, map[string]any{"create": map[string]any{"status": status}})
	}
	d.write(w, map[string]any{"took": 1, "errors": false, "items": items})
}

func (d *elasticDouble) refuse(w http.ResponseWriter, format string, args ...any) {
	w.WriteHeader(http.StatusBadRequest)
	d.write(w, map[string]any{"status": 400, "error": map[string]any{"type": "parsing_exception", "reason": fmt.Sprintf(format, args...)}})
}

func (d *elasticDouble) search(w http.ResponseWriter, body []byte) {
	var q struct {
		PIT *struct {
			ID        string
			KeepAlive string `json:"keep_alive"`
		}
		Size        int
		Query       map[string]any
		Sort        []map[string]any
		SearchAfter []any `json:"search_after"`
		Aggs        map[string]map[string]any
		Timeout     string
		Track       *bool `json:"track_total_hits"`
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&q); err != nil {
		d.refuse(w, "%v in %s", err, body)
		return
	}
	if q.Size > 10_000 {
		d.refuse(w, "Result window is too large, from + size must be less than or equal to: [10000] but was [%d]", q.Size)
		return
	}
	docs := d.docs
	if q.PIT != nil {
		var ok bool
		if docs, ok = d.pits[q.PIT.ID]; !ok {
			d.refuse(w, "no search context for %s", q.PIT.ID)
			return
		}
	}
	var found []elasticDoc
	for _, x := range docs {
		ok, err := fits(q.Query, x)
		if err != nil {
			d.refuse(w, "%v", err)
			return
		}
		if ok {
			found = append(found, x)
		}
	}
	newest, byTime := true, false
	if len(q.Sort) > 0 && q.Sort[0]["@timestamp"] != nil {
		byTime = true
		newest = q.Sort[0]["@timestamp"].(map[string]any)["order"] == "desc"
	}
	compare := func(a, b elasticDoc) int {
		c := 0
		if byTime {
			// The index keeps milliseconds.
			if c = a.at.Truncate(time.Millisecond).Compare(b.at.Truncate(time.Millisecond)); newest {
				c = -c
			}
		}
		return cmp.Or(c, cmp.Compare(a.seq, b.seq))
	}
	slices.SortFunc(found, compare)
	hits := []any{}
	for _, x := range found {
		sorted := []any{x.seq}
		if byTime {
			sorted = []any{x.at.Truncate(time.Millisecond).Format("2006-01-02T15:04:05.999Z07:00"), x.seq}[:len(q.Sort)]
		}
		if q.SearchAfter != nil {
			after := elasticDoc{seq: int(q.SearchAfter[len(q.SearchAfter)-1].(float64))}
			if byTime {
				after.at, _ = time.Parse(time.RFC3339Nano, q.SearchAfter[0].(string))
			}
			if compare(x, after) <= 0 {
				continue
			}
		}
		if len(hits) == q.Size {
			break
		}
		hits = append(hits, map[string]any{"_id": x.id, "_index": "logs-x", "_source": x.source, "sort": sorted})
	}
	out := map[string]any{"took": 1, "timed_out": false, "_shards": map[string]int{"total": 1, "successful": 1, "failed": 0}, "hits": map[string]any{"hits": hits}}
	if q.PIT != nil {
		out["pit_id"] = q.PIT.ID
	}
	if q.Aggs != nil {
		aggs := map[string]any{}
		for name, a := range q.Aggs {
			v, err := aggregate(a, found)
			if err != nil {
				d.refuse(w, "%v", err)
				return
			}
			aggs[name] = v
		}
		out["aggregations"] = aggs
	}
	d.write(w, out)
}

// fits says whether a document fulfils a query.
func fits(q map[string]any, x elasticDoc) (bool, error) {
	if len(q) != 1 {
		return false, fmt.Errorf("want one query, got %v", q)
	}
	for kind, v := range q {
		args := v.(map[string]any)
		switch kind {
		case "match_none":
			return false, nil
		case "bool":
			return fitsBool(args, x)
		case "exists":
			_, ok := x.fields[args["field"].(string)]
			return ok, nil
		}
		for field, want := range args {
			have, ok := x.fields[field]
			switch kind {
			case "range":
				r := want.(map[string]any)
				from, err1 := time.Parse(time.RFC3339Nano, r["gte"].(string))
				to, err2 := time.Parse(time.RFC3339Nano, r["lt"].(string))
				at := x.at.Truncate(time.Millisecond)
				return !at.Before(from.Truncate(time.Millisecond)) && at.Before(to), cmp.Or(err1, err2)
			case "terms":
				return ok && slices.Contains(want.([]any), any(have)), nil
			case "match":
				m := want.(map[string]any)
				words := wordsOf(have)
				for _, w := range wordsOf(m["query"].(string)) {
					if !slices.Contains(words, w) {
						return false, nil
					}
				}
				return m["operator"] == "and", nil
			}
		}
		return false, fmt.Errorf("unknown query [%s]", kind)
	}
	return false, nil
}

func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '.' })
}

func fitsBool(args map[string]any, x elasticDoc) (bool, error) {
	each := func(key string) (n, all int, err error) {
		list, _ := args[key].([]any)
		for _, q := range list {
			ok, err := fits(q.(map[string]any), x)
			if err != nil {
				return 0, 0, err
			}
			if ok {
				n++
			}
		}
		return n, len(list), nil
	}
	must, all, err := each("filter")
	if err != nil || must < all {
		return false, err
	}
	not, _, err := each("must_not")
	if err != nil || not > 0 {
		return false, err
	}
	some, all, err := each("should")
	return some > 0 || all == 0, err
}

func aggregate(a map[string]any, docs []elasticDoc) (any, error) {
	sub, _ := a["aggs"].(map[string]any)
	delete(a, "aggs")
	nested := func(docs []elasticDoc, into map[string]any) error {
		into["doc_count"] = len(docs)
		for name, s := range sub {
			v, err := aggregate(maps.Clone(s.(map[string]any)), docs)
			if err != nil {
				return err
			}
			into[name] = v
		}
		return nil
	}
	for kind, v := range a {
		args := v.(map[string]any)
		groups := map[string][]elasticDoc{}
		switch kind {
		case "date_histogram":
			step, err1 := time.ParseDuration(args["fixed_interval"].(string))
			offset, err2 := time.ParseDuration(args["offset"].(string))
			if err := cmp.Or(err1, err2); err != nil {
				return nil, err
			}
			for _, x := range docs {
				ms := x.at.UnixMilli() - offset.Milliseconds()
				key := fmt.Sprintf("%015d", ms-ms%step.Milliseconds()+offset.Milliseconds())
				groups[key] = append(groups[key], x)
			}
		case "terms":
			for _, x := range docs {
				if v, ok := x.fields[args["field"].(string)]; ok {
					groups[v] = append(groups[v], x)
				}
			}
		case "composite":
			return composite(args, docs)
		default:
			return nil, fmt.Errorf("unknown aggregation [%s]", kind)
		}
		buckets := []any{}
		for _, key := range slices.Sorted(maps.Keys(groups)) {
			b := map[string]any{"key": key}
			if kind == "date_histogram" {
				n, _ := strconv.ParseInt(key, 10, 64)
				b["key"] = n
			}
			if err := nested(groups[key], b); err != nil {
				return nil, err
			}
			buckets = append(buckets, b)
		}
		return map[string]any{"buckets": buckets}, nil
	}
	return nil, fmt.Errorf("want an aggregation, got %v", a)
}

// composite gives two buckets at a time.
func composite(args map[string]any, docs []elasticDoc) (any, error) {
	type bucket struct {
		key map[string]any
		n   int
	}
	by := map[string]*bucket{}
	for _, x := range docs {
		key, text := map[string]any{}, ""
		for _, s := range args["sources"].([]any) {
			for name, src := range s.(map[string]any) {
				terms := src.(map[string]any)["terms"].(map[string]any)
				v, ok := x.fields[terms["field"].(string)]
				if !ok && terms["missing_bucket"] != true {
					return nil, fmt.Errorf("a document without %s is left out", name)
				}
				key[name] = nil
				if ok {
					key[name] = v
				}
				text += fmt.Sprintf("%t%s\xff", ok, v)
			}
		}
		if by[text] == nil {
			by[text] = &bucket{key: key}
		}
		by[text].n++
	}
	after := ""
	if a, ok := args["after"].(map[string]any); ok {
		for _, s := range args["sources"].([]any) {
			for name := range s.(map[string]any) {
				if a[name] == nil {
					after += "false\xff"
				} else {
					after += fmt.Sprintf("true%s\xff", a[name])
				}
			}
		}
	}
	out := map[string]any{}
	buckets := []any{}
	for _, text := range slices.Sorted(maps.Keys(by)) {
		if text <= after {
			continue
		}
		if len(buckets) == 2 {
			break
		}
		buckets = append(buckets, map[string]any{"key": by[text].key, "doc_count": by[text].n})
		out["after_key"] = by[text].key
	}
	out["buckets"] = buckets
	return out, nil
}
