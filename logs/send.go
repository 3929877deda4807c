package logs

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/logs/wire"
	"github.com/tocsinhq/tocsin/telemetry"
)

// outgoing is a record on its way to another store, with memory of its payload.
type outgoing struct {
	parsed
	from *segment.Stream
}

// appendOutgoing appends the records of a payload.
func appendOutgoing(to []outgoing, payload []byte) []outgoing {
	r := &wire.Reader{B: payload}
	base, streams, count := payloadHead(r)
	for range count {
		var o outgoing
		parseRecord(r, base, &o.parsed)
		if r.Err != nil || int(o.stream) >= len(streams) {
			return to
		}
		o.from = &streams[o.stream]
		to = append(to, o)
	}
	return to
}

// text is what JSON can hold of b.
func text(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }

// fields returns what a record alone has.
func (o *outgoing) fields() map[string]string {
	out := make(map[string]string, len(o.attributes)+3)
	for _, a := range o.attributes {
		out[text(a.Name)] = text(a.Value)
	}
	if o.trace != [16]byte{} {
		out["trace_id"] = hex.EncodeToString(o.trace[:])
	}
	if o.span != [8]byte{} {
		out["span_id"] = hex.EncodeToString(o.span[:])
	}
	if o.severity != telemetry.SeverityUnknown {
		out["detected_level"] = o.severity.String()
	}
	return out
}

// service is that of the record, or what Loki calls one that is not known.
func (o *outgoing) service() string {
	if o.from.Service == "" {
		return "unknown_service"
	}
	return o.from.Service
}

func newSender(c ForwardConfig) sender {
	client := &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	if c.Protocol == ForwardElastic {
		return &elasticSender{c, client}
	}
	return &lokiSender{c, client}
}

// post sends a compressed body. The answer is at most a mebibyte.
func post(ctx context.Context, client *http.Client, c Credentials, url, kind string, body []byte) (answer []byte, err error) {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(body); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, &packed)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Content-Encoding", "gzip")
	c.Authorize(req)
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, 16<<20))
	switch {
	case res.StatusCode/100 == 2:
		return answer, err
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode/100 == 5, res.StatusCode == http.StatusUnauthorized, res.StatusCode == http.StatusForbidden:
		return nil, fmt.Errorf("%s answers %s: %.200q", req.URL.Redacted(), res.Status, answer) // a person can mend it
	}
	return nil, fmt.Errorf("%w: %s answers %s: %.200q", errRefused, req.URL.Redacted(), res.Status, answer)
}

// lokiSender pushes as Promtail does, in JSON, with structured metadata.
type lokiSender struct {
	cfg    ForwardConfig
	client *http.Client
}

func (l *lokiSender) send(ctx context.Context, _ place, records []outgoing) error {
	type stream struct {
		Stream map[string]string `json:"stream"`
		Values [][]any           `json:"values"`
	}
	var list []*stream
	by := map[string]*stream{}
	for i := range records {
		o := &records[i]
		key := o.from.Key()
		s := by[key]
		if s == nil {
			s = &stream{Stream: map[string]string{segment.ServiceLabel: o.service()}}
			for _, l := range o.from.Labels {
				s.Stream[l.Name] = l.Value
			}
			by[key] = s
			list = append(list, s)
		}
		s.Values = append(s.Values, []any{strconv.FormatInt(o.at, 10), text(o.body), o.fields()})
	}
	body, err := json.Marshal(map[string]any{"streams": list})
	if err != nil {
		return err
	}
	_, err = post(ctx, l.client, l.cfg.Credentials, l.cfg.URL, "application/json", body)
	return err
}

// elasticSender creates documents by _bulk. Their ids tell where a record stood, so that
// one that is sent again is not there twice.
type elasticSender struct {
	cfg    ForwardConfig
	client *http.Client
}

func (e *elasticSender) send(ctx context.Context, from place, records []outgoing) error {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	for i := range records {
		o := &records[i]
		doc := map[string]any{
			"@timestamp": time.Unix(0, o.at).UTC().Format(time.RFC3339Nano), "message": text(o.body),
			"service.name": o.service(), "log.level": o.severity.String(),
		}
		for name, v := range o.fields() {
			switch name {
			case "trace_id":
				doc["trace.id"] = v
			case "span_id":
				doc["span.id"] = v
			case "detected_level":
			default:
				doc["labels."+name] = v
			}
		}
		for _, l := range o.from.Labels {
			doc["labels."+l.Name] = l.Value
		}
		id := fmt.Sprintf("%d-%d-%d-%x", from.seq, from.at, i, o.at)
		for _, line := range []any{map[string]any{"create": map[string]string{"_index": e.cfg.Index, "_id": id}}, doc} {
			if err := enc.Encode(line); err != nil {
				return err
			}
		}
	}
	answer, err := post(ctx, e.client, e.cfg.Credentials, strings.TrimSuffix(e.cfg.URL, "/")+"/_bulk", "application/x-ndjson", body.Bytes())
	if err != nil {
		return err
	}
	var said struct {
		Errors bool `json:"errors"`
		Items  []map[string]struct {
			Status int             `json:"status"`
			Error  json.RawMessage `json:"error"`
		} `json:"items"`
	}
	if err := json.Unmarshal(answer, &said); err != nil || len(said.Items) != len(records) {
		return fmt.Errorf("%s answers %d items for %d documents: %w", e.cfg.URL, len(said.Items), len(records), err)
	}
	refused, first := 0, ""
	for _, item := range said.Items {
		for _, x := range item {
			switch {
			case x.Status/100 == 2, x.Status == http.StatusConflict: // there already
			case x.Status == http.StatusTooManyRequests || x.Status/100 == 5:
				return fmt.Errorf("%s is busy: %.200s", e.cfg.URL, x.Error)
			default:
				if refused++; first == "" {
					first = string(x.Error)
				}
			}
		}
	}
	if refused > 0 {
		return &partlyRefused{refused, first}
	}
	return nil
}

// partlyRefused says that some of the records are not wanted and the others are there.
type partlyRefused struct {
	n     int
	first string
}

func (e *partlyRefused) Error() string {
	return fmt.Sprintf("%d documents were refused, the first because of %.200s", e.n, e.first)
}
