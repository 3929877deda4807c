package changes

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/ingest/changes/sentrycli"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Options are what a Handler is made of. All are required.
type Options struct {
	ingest.Options // of which the sink is not used
	Config         Config
	// Record stores a change or brings a known one up to date.
	Record func(ctx context.Context, c telemetry.Change) (stored telemetry.Change, created bool, err error)
	// Known reports whether a change of this id is stored.
	Known func(ctx context.Context, id string) (bool, error)
	// Releases is what sentry-cli told of releases.
	Releases *sentrycli.Releases
	// Invalid reports whether an error of Record is the fault of the change.
	Invalid func(err error) bool
}

// Handler answers webhooks. It is safe for concurrent use.
type Handler struct {
	*ingest.Receiver
	o    Options
	set  *metrics.Set
	plan atomic.Pointer[plan]
	seen *deliveries
}

// NewHandler returns a handler by the configuration of the options.
func NewHandler(o Options) *Handler {
	h := &Handler{Receiver: ingest.NewReceiver("changes", o.Options), o: o, set: o.Metrics, seen: newDeliveries(maxDeliveries)}
	h.Use(o.Config)
	return h
}

// Use takes another configuration from the next request on.
func (h *Handler) Use(c Config) { h.plan.Store(newPlan(c)) }

// Answer is what a provider is told. Lists are never null.
type Answer struct {
	// Verified says that the sender showed that it knows a secret.
	Verified bool           `json:"verified"`
	Recorded []Recorded     `json:"recorded"`
	Ignored  []hook.Ignored `json:"ignored"`
	Errors   []Failure      `json:"errors"`
}

// Recorded is a change as it is known now.
type Recorded struct {
	ID      string                 `json:"id"`
	Service string                 `json:"service"`
	Status  telemetry.ChangeStatus `json:"status"`
	Created bool                   `json:"created"` // it was not known before
}

// Failure is a change of the request, counted from 0, that was not taken.
type Failure struct {
	Item  int    `json:"item"`
	Error string `json:"error"`
}

// ServeHTTP answers POST for the provider that is the path value "provider": 200
// with what became of each change, also if none was in the request; 401 for a wrong
// or missing proof, 404 for a name that is not configured, 400 for a body that is not
// the provider's, 413, and 422 if no change of the request could be taken. 503 asks
// to send it again.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.Do(w, r, func() {
		var b ingest.Body
		defer h.Release(&b)
		answer, f := h.take(w, r, &b)
		if f != nil {
			h.RefuseHeaders(w, r, f, http.MethodPost)
			write(w, f.Code, map[string]any{"error": f.Text, "code": f.Reason, "retryable": f.Code == http.StatusServiceUnavailable})
			return
		}
		h.Answered(http.StatusOK)
		write(w, http.StatusOK, answer)
	})
}

func write(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // the caller went away
}

func (h *Handler) take(w http.ResponseWriter, r *http.Request, b *ingest.Body) (Answer, *ingest.Refusal) {
	name := r.PathValue("provider")
	p, known := h.plan.Load().providers[name]
	if known {
		name = p.name
	}
	if !known {
		return Answer{}, ingest.Refuse(http.StatusNotFound, "unknown_provider", "%q is no provider of changes; there are %s", hook.Clip(name, 60), h.plan.Load().names())
	}
	body, f := h.body(w, r, b)
	if f != nil {
		return Answer{}, f
	}
	req := hook.Request{Header: r.Header, Body: body}
	if f := h.allow(r, req, p); f != nil {
		return Answer{}, f
	}
	out, err := p.decode(req)
	if err != nil {
		if bad, ok := errors.AsType[*hook.MalformedError](err); ok {
			return Answer{}, ingest.Refuse(http.StatusBadRequest, "malformed", "%s: %s", name, bad.Msg)
		}
		return Answer{}, ingest.Refuse(http.StatusBadRequest, "malformed", "%s: %s", name, err)
	}
	answer, f := h.record(r.Context(), name, out)
	answer.Verified = len(p.secrets) > 0
	return answer, f
}

// body reads and unpacks a body.
func (h *Handler) body(w http.ResponseWriter, r *http.Request, b *ingest.Body) ([]byte, *ingest.Refusal) {
	body, f := h.Read(w, r, b)
	if f != nil {
		return nil, f
	}
	decoded, f := h.Inflate(body, strings.Join(r.Header.Values("Content-Encoding"), ", "), b)
	if f != nil {
		return nil, f
	}
	h.Took(len(body), len(decoded))
	return decoded, nil
}

// allow refuses what shows no proof. Without a secret there is nothing to show, and
// only this machine may post.
func (h *Handler) allow(r *http.Request, req hook.Request, p provider) *ingest.Refusal {
	if len(p.secrets) == 0 {
		if h.plan.Load().acceptUnsigned || local(r) {
			return nil
		}
		return ingest.Refuse(http.StatusUnauthorized, "no_secret", "want %s, without which only this machine may post here; or set changes.accept_unsigned", p.setting)
	}
	if p.verify(req, h.Now()) {
		return nil
	}
	return ingest.Refuse(http.StatusUnauthorized, "wrong_proof", "%s is missing or does not fit any of %s", p.proof, p.setting)
}

// local reports whether a request comes from this machine and from no proxy on it.
func local(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// record stores the changes of a request, one by one.
func (h *Handler) record(ctx context.Context, name string, out hook.Outcome) (Answer, *ingest.Refusal) {
	answer := Answer{Recorded: []Recorded{}, Ignored: []hook.Ignored{}, Errors: []Failure{}}
	key := name + " " + out.Delivery
	if out.Delivery != "" && h.seen.has(key) {
		out = hook.Outcome{Delivery: out.Delivery}
		out.Ignore(hook.Repeated, "delivery %s was taken before", out.Delivery)
	}
	for _, x := range out.Failed {
		answer.Errors = append(answer.Errors, Failure{x.Item, x.Msg})
	}
	var later error
	for _, item := range out.Items {
		if item.Follows {
			known, err := h.o.Known(ctx, hook.ID(item.Change.ID))
			if err == nil && !known {
				out.Ignored = append(out.Ignored, hook.Ignored{Reason: hook.NeverBegan, Detail: "no start of " + hook.ID(item.Change.ID) + " is known"})
				continue
			}
			if err != nil {
				later = err
				continue
			}
		}
		c := item.Change
		c.Labels = maps.Clone(c.Labels)
		if c.Labels == nil {
			c.Labels = map[string]string{}
		}
		c.Labels[telemetry.LabelSender] = name
		hook.Tidy(&c)
		stored, created, err := h.o.Record(ctx, c)
		switch {
		case err == nil:
			answer.Recorded = append(answer.Recorded, Recorded{stored.ID, stored.Service, stored.Status, created})
		case h.o.Invalid(err):
			answer.Errors = append(answer.Errors, Failure{item.At, err.Error()})
		default:
			later = err
		}
	}
	answer.Ignored = append(answer.Ignored, out.Ignored...)
	h.count(name, answer)
	switch {
	case later != nil:
		return answer, ingest.Unavailable(later)
	case len(answer.Recorded) == 0 && len(answer.Errors) > 0:
		return answer, ingest.Refuse(http.StatusUnprocessableEntity, "invalid", "%s: none of %d changes could be taken; item %d: %s",
			name, len(answer.Errors), answer.Errors[0].Item, answer.Errors[0].Error)
	}
	if out.Delivery != "" && len(answer.Errors) == 0 {
		h.seen.add(key)
	}
	return answer, nil
}

// count notes what became of a request, by provider and reason.
func (h *Handler) count(name string, a Answer) {
	inc := func(metric, labels string) {
		h.set.GetOrCreateCounter(metric + `{provider="` + name + `",` + labels + `}`).Inc()
	}
	for _, r := range a.Recorded {
		what := "updated"
		if r.Created {
			what = "created"
		}
		inc("tocsin_change_hook_items_total", `result="`+what+`"`)
	}
	for range a.Errors {
		inc("tocsin_change_hook_items_total", `result="invalid"`)
	}
	for _, x := range a.Ignored {
		inc("tocsin_change_hook_ignored_total", `reason="`+string(x.Reason)+`"`)
	}
}
