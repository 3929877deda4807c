package elastic

import (
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tocsinhq/tocsin/ingest"
)

// media returns the type of content to answer with: that which was asked for, if it
// is of Elasticsearch's own family, else JSON.
func media(r *http.Request) string {
	for _, name := range []string{"Accept", "Content-Type"} {
		for part := range strings.SplitSeq(r.Header.Get(name), ",") {
			part = strings.TrimSpace(part)
			if strings.HasPrefix(part, "application/vnd.elasticsearch+") {
				if _, version, ok := strings.Cut(part, "compatible-with="); ok && (version == "7" || version == "8" || version == "9") {
					return "application/vnd.elasticsearch+json;compatible-with=" + version
				}
			}
		}
	}
	return "application/json"
}

// send writes an answer with the headers without which clients refuse it.
func send(w http.ResponseWriter, r *http.Request, code int, body string) {
	if f := r.URL.Query()["filter_path"]; len(f) > 0 && code < 400 {
		body = filtered(body, strings.Join(f, ","))
	}
	h := w.Header()
	h.Set("X-Elastic-Product", "Elasticsearch")
	h.Set("Content-Type", media(r))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(body)) // the sender went away
	}
}

// refusal is an error as Elasticsearch writes it.
func refusal(f *ingest.Refusal) string {
	kind := "illegal_argument_exception"
	switch f.Code {
	case http.StatusUnauthorized, http.StatusForbidden:
		kind = "security_exception"
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		kind = "es_rejected_execution_exception"
	case http.StatusRequestEntityTooLarge:
		kind = "content_too_long_exception"
	case http.StatusBadRequest:
		if f.Reason == "empty_body" {
			kind = "parse_exception"
		}
	}
	b := append([]byte(`{"error":{"root_cause":[{"type":"`), kind...)
	b = append(b, `","reason":`...)
	b = appendString(b, f.Text)
	b = append(b, `}],"type":"`...)
	b = append(b, kind...)
	b = append(b, `","reason":`...)
	b = appendString(b, f.Text)
	b = append(b, `},"status":`...)
	b = strconv.AppendInt(b, int64(f.Code), 10)
	return string(append(b, '}'))
}

// bulk is the answer to a bulk request: an item for each action, in order.
func bulk(items []item, took int64) string {
	b := append(make([]byte, 0, 64+96*len(items)), `{"took":`...)
	b = strconv.AppendInt(b, took, 10)
	failed := false
	for i := range items {
		failed = failed || items[i].status != 201
	}
	b = append(b, `,"errors":`...)
	b = strconv.AppendBool(b, failed)
	b = append(b, `,"items":[`...)
	for i := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = items[i].append(b)
	}
	return string(append(b, `]}`...))
}

// append writes one item.
func (it *item) append(b []byte) []byte {
	b = append(append(append(b, `{"`...), verbNames[it.verb]...), `":{"_index":`...)
	b = appendString(b, string(it.index))
	b = append(b, `,"_id":`...)
	b = appendString(b, string(it.id))
	if it.status == 201 {
		return append(b, `,"_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},"_seq_no":0,"_primary_term":1,"status":201}}`...)
	}
	b = append(b, `,"status":`...)
	b = strconv.AppendUint(b, uint64(it.status), 10)
	b = append(append(append(b, `,"error":{"type":"`...), it.kind...), `","reason":`...)
	b = appendString(b, it.reason)
	return append(b, `}}}`...)
}

// appendString writes a text as a string of JSON.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ':
			b = append(b, `\u00`...)
			b = append(b, "0123456789abcdef"[r>>4], "0123456789abcdef"[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
