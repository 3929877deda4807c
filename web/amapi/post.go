package amapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/go-openapi/strfmt"
	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/notify/alertmanager"
)

// posts takes alerts in.
type posts struct {
	o                            Options
	requests, firing, resolved   *metrics.Counter
	tooLarge, malformed, refused *metrics.Counter
}

func newPosts(o Options) *posts {
	dropped := func(reason string) *metrics.Counter {
		return o.Metrics.GetOrCreateCounter(fmt.Sprintf("tocsin_alertmanager_alerts_dropped_total{reason=%q}", reason))
	}
	refused := func(reason string) *metrics.Counter {
		return o.Metrics.GetOrCreateCounter(fmt.Sprintf("tocsin_alertmanager_requests_refused_total{reason=%q}", reason))
	}
	return &posts{
		o: o, requests: o.Metrics.GetOrCreateCounter("tocsin_alertmanager_requests_total"),
		firing:   o.Metrics.GetOrCreateCounter(`tocsin_alertmanager_alerts_posted_total{state="firing"}`),
		resolved: o.Metrics.GetOrCreateCounter(`tocsin_alertmanager_alerts_posted_total{state="resolved"}`),
		tooLarge: refused("too_large"), malformed: refused("malformed"), refused: dropped("invalid"),
	}
}

// posted is an alert as it comes.
type posted struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     stamp             `json:"startsAt"`
	EndsAt       stamp             `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
}

// stamp is a time in any of the forms that Alertmanager takes.
type stamp struct{ time.Time }

// UnmarshalJSON reads RFC 3339 and, if it is not that, what strfmt reads.
func (s *stamp) UnmarshalJSON(body []byte) error {
	var text string
	if err := json.Unmarshal(body, &text); err != nil {
		return fmt.Errorf("want a time such as \"2026-01-05T00:00:00Z\", got %s", clip(string(body)))
	}
	if text == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		d, err := strfmt.ParseDateTime(text)
		if err != nil {
			return fmt.Errorf("want a time such as 2026-01-05T00:00:00Z, got %q", clip(text))
		}
		t = time.Time(d)
	}
	s.Time = t.UTC()
	return nil
}

// ServeHTTP answers 200 when every alert was taken, 400 when some were wrong, 413
// when the body is too large, and 503 when there is no room; those that are right
// and fit are taken in any case.
func (p *posts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.requests.Inc()
	if t := r.Header.Get("Content-Type"); t != "" {
		if sort, _, err := mime.ParseMediaType(t); err != nil || sort != "application/json" {
			p.malformed.Inc()
			reply(w, http.StatusUnsupportedMediaType, fmt.Sprintf("want application/json, got %q", t))
			return
		}
	}
	now := p.o.Now()
	list, wrong, err := p.read(http.MaxBytesReader(w, r.Body, int64(p.o.Config.MaxBody)), now)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		p.tooLarge.Inc()
		reply(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes; nothing was taken. Send fewer alerts at once or raise alertmanager.max_body", large.Limit))
		return
	case err != nil:
		p.malformed.Inc()
		reply(w, http.StatusBadRequest, "parse alerts: "+err.Error()+"; nothing was taken")
		return
	}
	full, err := p.o.Router.Put(r.Context(), alertmanager.OriginReceived, list, now)
	switch {
	case err != nil:
		p.o.Logger.Error("alerts that were posted could not be stored", "component", "amapi", "error", err)
		reply(w, http.StatusInternalServerError, err.Error())
	case full > 0:
		reply(w, http.StatusServiceUnavailable, fmt.Sprintf("%d of %d alerts were refused: alertmanager.max_alerts, which is %d, is reached", full, len(list), p.o.Config.MaxAlerts))
	case wrong != nil:
		reply(w, http.StatusBadRequest, wrong.Error())
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// read takes a list of alerts apart one by one. wrong says what is the matter
// with those that are left out; err means that the list cannot be read.
func (p *posts) read(body io.Reader, now time.Time) (list []*alert.Alert, wrong, err error) {
	d := json.NewDecoder(body)
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		if err == nil || errors.Is(err, io.EOF) {
			err = errors.New("want a list of alerts")
		}
		return nil, nil, err
	}
	timeout := time.Duration(p.o.Router.Plan().Config().Global.ResolveTimeout)
	if !p.o.Router.Plan().Configured() {
		timeout = p.o.Config.ResolveTimeout.Std()
	}
	const most = 20 // faults that are told
	faults := 0
	for d.More() {
		var in posted
		if err := d.Decode(&in); err != nil {
			return nil, nil, fmt.Errorf("alert %d: %w", len(list)+faults+1, err)
		}
		a, err := p.alertOf(in, now, timeout)
		if err != nil {
			p.refused.Inc()
			if faults++; faults <= most {
				wrong = errors.Join(wrong, err)
			}
			continue
		}
		if a.EndsAt.After(now) {
			p.firing.Inc()
		} else {
			p.resolved.Inc()
		}
		list = append(list, a)
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, fmt.Errorf("after %d alerts: want the end of the list, got %w", len(list)+faults, err)
	}
	return list, wrong, nil
}

// alertOf checks an alert and fills in the times that it does not say.
func (p *posts) alertOf(in posted, now time.Time, timeout time.Duration) (*alert.Alert, error) {
	a := &alert.Alert{Alert: model.Alert{
		Labels: labelSet(in.Labels, true), Annotations: labelSet(in.Annotations, false), StartsAt: in.StartsAt.Time, EndsAt: in.EndsAt.Time, GeneratorURL: in.GeneratorURL,
	}, UpdatedAt: now}
	if a.StartsAt.IsZero() {
		if a.StartsAt = a.EndsAt; a.EndsAt.IsZero() {
			a.StartsAt = now
		}
	}
	if a.EndsAt.IsZero() {
		a.Timeout, a.EndsAt = true, now.Add(timeout)
	}
	if err := a.Validate(); err != nil {
		return nil, err
	}
	if n := max(len(a.Labels), len(a.Annotations)); n > p.o.Config.MaxLabels {
		return nil, fmt.Errorf("alert %s: want at most %d labels and annotations each, got %d", clip(a.Name()), p.o.Config.MaxLabels, n)
	}
	size := len(a.GeneratorURL)
	for _, set := range []model.LabelSet{a.Labels, a.Annotations} {
		for n, v := range set {
			size += len(n) + len(v)
		}
	}
	if size > int(p.o.Config.MaxTextBytes) {
		return nil, fmt.Errorf("alert %s: want at most %s of labels and annotations, got %d bytes", clip(a.Name()), p.o.Config.MaxTextBytes, size)
	}
	return a, nil
}

// labelSet returns the set of names and values; empty ones are the same as none
// for labels.
func labelSet(m map[string]string, dropEmpty bool) model.LabelSet {
	out := make(model.LabelSet, len(m))
	for n, v := range m {
		if v != "" || !dropEmpty {
			out[model.LabelName(n)] = model.LabelValue(v)
		}
	}
	return out
}

func clip(s string) string {
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:80], "") + "..."
	}
	return s
}

// reply writes a text as Alertmanager does: as a string of JSON.
func reply(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(text) //nolint:errcheck // the caller went away
}
