package push

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Prefix is the path that groups stand behind.
const Prefix = "/metrics/"

// pushTime is the metric that says when a group was pushed last, as a Pushgateway
// has it.
const pushTime = "push_time_seconds"

// Handler takes pushes. It is safe for concurrent use.
type Handler struct {
	*ingest.Receiver
	sink   ingest.Sink
	groups *groups
}

// NewHandler returns the handler of PUT, POST and DELETE below Prefix.
func NewHandler(o ingest.Options) *Handler {
	return &Handler{Receiver: ingest.NewReceiver("push", o), sink: o.Sink, groups: newGroups(maxSeries, o.Metrics)}
}

// ServeHTTP answers 200 to PUT and POST and 202 to DELETE, as clients of a
// Pushgateway expect; 400 when the path or body cannot be read, or some samples were
// refused, which the text names; 405, 408, 413 and 415 for what HTTP has a status
// for, and 503 with Retry-After when nothing could be stored now.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.Do(w, r, func() {
		var b ingest.Body
		defer h.Release(&b)
		code := http.StatusOK
		if r.Method == http.MethodDelete {
			code = http.StatusAccepted
		}
		if f := h.receive(w, r, &b); f != nil {
			h.refuse(w, r, f)
			return
		}
		h.Answered(code)
		w.WriteHeader(code)
	})
}

func (h *Handler) receive(w http.ResponseWriter, r *http.Request, b *ingest.Body) *ingest.Refusal {
	switch r.Method {
	case http.MethodPut, http.MethodPost, http.MethodDelete:
	default:
		return ingest.Refuse(http.StatusMethodNotAllowed, "method", "want PUT, POST or DELETE, got %s", r.Method)
	}
	group, err := parseGroup(strings.TrimPrefix(r.URL.EscapedPath(), Prefix))
	if err != nil {
		return ingest.Refuse(http.StatusBadRequest, "bad_path", "%s", err)
	}
	if r.Method == http.MethodDelete {
		return h.end(r.Context(), group)
	}
	body, f := h.Read(w, r, b)
	if f != nil {
		return f
	}
	decoded, f := h.Inflate(body, strings.Join(r.Header.Values("Content-Encoding"), ", "), b)
	if f != nil {
		return f
	}
	h.Took(len(body), len(decoded))
	return h.push(r.Context(), group, decoded, r.Header.Get("Content-Type"), r.Method == http.MethodPut)
}

// push stores the samples of a body and marks the series that it ends.
func (h *Handler) push(ctx context.Context, group labels.Labels, body []byte, contentType string, replace bool) *ingest.Refusal {
	h.groups.mu.Lock()
	defer h.groups.mu.Unlock()
	t := h.groups.time(group, h.Now().UnixMilli())
	var batch telemetry.Batch
	rows, err := decode(body, contentType, group, t, &batch)
	batch.Source = "push " + group.Get(model.JobLabel)
	switch {
	case errors.Is(err, errTooMany):
		return ingest.Refuse(http.StatusRequestEntityTooLarge, "too_many_samples", "%s; push in smaller groups", err)
	case err != nil:
		return ingest.Refuse(http.StatusBadRequest, "malformed", "read metrics of %d bytes: %s", len(body), err)
	}
	rows = append(rows, h.stamp(&batch, group, t))
	ended := h.groups.ended(group, rows, replace)
	result, f := h.write(ctx, &batch, ended, t)
	if f != nil {
		return f
	}
	h.groups.note(group, t, without(rows, result.RefusedSeries), ended)
	return ingest.PartlyRefused(&result, batch.Len())
}

// stamp adds the time of the push.
func (h *Handler) stamp(batch *telemetry.Batch, group labels.Labels, t int64) pushed {
	b := labels.NewBuilder(group)
	b.Set(model.MetricNameLabel, pushTime)
	row := pushed{labels: b.Labels(), family: pushTime}
	s := batch.Next()
	s.Labels = ingest.AppendLabels(s.Labels, row.labels)
	s.Samples = append(s.Samples, telemetry.Sample{T: t, V: float64(t) / 1000})
	batch.Metadata = append(batch.Metadata, telemetry.Metadata{Type: model.MetricTypeGauge, Family: []byte(pushTime), Help: []byte("When this group was pushed last, in seconds since 1970.")})
	return row
}

// end marks all series of a group. One that is not known, because the process was
// restarted since, has no series to mark.
func (h *Handler) end(ctx context.Context, group labels.Labels) *ingest.Refusal {
	h.groups.mu.Lock()
	defer h.groups.mu.Unlock()
	ended := h.groups.ended(group, nil, true)
	if len(ended) == 0 {
		return nil
	}
	var batch telemetry.Batch
	t := h.groups.time(group, h.Now().UnixMilli())
	result, f := h.write(ctx, &batch, ended, t)
	if f != nil {
		return f
	}
	h.groups.drop(group, t)
	return ingest.PartlyRefused(&result, batch.Len())
}

// write stores a batch and staleness markers after its rows. A refusal means that
// nothing was stored.
func (h *Handler) write(ctx context.Context, batch *telemetry.Batch, ended []pushed, t int64) (telemetry.WriteResult, *ingest.Refusal) {
	for _, e := range ended {
		s := batch.Next()
		s.Labels = ingest.AppendLabels(s.Labels, e.labels)
		s.Samples = append(s.Samples, telemetry.Sample{T: t, V: math.Float64frombits(value.StaleNaN)})
	}
	result, err := h.sink.Write(ctx, batch)
	if err != nil {
		return result, ingest.Unavailable(err)
	}
	h.Stored(&result)
	return result, nil
}

// without returns the rows but for those of which something was refused.
func without(rows []pushed, refused []int) []pushed {
	for i := len(refused) - 1; i >= 0; i-- { // they are in the order of the batch
		if row := refused[i]; row < len(rows) {
			rows = slices.Delete(rows, row, row+1)
		}
	}
	return rows
}

func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, f *ingest.Refusal) {
	h.Refused(f, r.RemoteAddr)
	header := w.Header()
	switch f.Code {
	case http.StatusMethodNotAllowed:
		header.Set("Allow", "DELETE, POST, PUT")
	case http.StatusRequestEntityTooLarge, http.StatusRequestTimeout:
		header.Set("Connection", "close") // the rest of the body is not wanted
	}
	if f.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(f.RetryAfter.Seconds())))
	}
	http.Error(w, f.Text, f.Code)
}
