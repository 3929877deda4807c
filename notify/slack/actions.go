package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/slack-go/slack"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify/outbound"
	"github.com/tocsinhq/tocsin/notify/render"
)

// People does what people ask for by the buttons of a message. actor names who
// pressed, such as "ada (Slack)". The text of an error is shown to them.
type People interface {
	// Acknowledge takes the incident.
	Acknowledge(ctx context.Context, incident, actor string) error
	// Silence keeps what the incident is about from being told for a time.
	Silence(ctx context.Context, incident, actor string, d time.Duration) error
	// FalseAlarm ends the incident as one in which nothing was wrong.
	FalseAlarm(ctx context.Context, incident, actor string) error
	// Cause says that the suspect that a message named first, by the id of its change
	// or as "none", was right or wrong.
	Cause(ctx context.Context, incident, cause string, right bool, actor string) error
}

// How long a press may take: Slack shows an error after three seconds.
const actTimeout = 2500 * time.Millisecond

// ActionsOptions are what Actions are made of.
type ActionsOptions struct {
	People  People
	Secrets []yamldoc.Secret // signing secrets, of which one must match
	HTTP    *http.Client     // to answer the one who pressed; its Transport is used
	// AnswerHosts are further hosts, with port, at which answers may be given; those
	// of slack.com always may. For tests and proxies.
	AnswerHosts []string
	Now         func() time.Time // nil: time.Now
	Logger      *slog.Logger     // nil: nothing is logged
	Metrics     *metrics.Set     // nil: a set of its own
}

// Actions carries out presses of buttons, that come in signed requests (it is the
// handler of them) or through a Socket. It is safe for concurrent use.
type Actions struct {
	o      ActionsOptions
	client *outbound.Client
	mu     sync.Mutex
	seen   map[string]time.Time // requests and presses, and when they came
}

// NewActions returns the handler of presses.
func NewActions(o ActionsOptions) *Actions {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	return &Actions{o: o, client: outbound.New(outbound.Options{HTTP: o.HTTP, Now: o.Now}), seen: map[string]time.Time{}}
}

// ServeHTTP takes one request of Slack. What is not signed by it is refused with 401,
// what is signed and cannot be read with 400; a press that was carried out, or could
// not be, is answered with 200, and who pressed is told why it could not.
func (a *Actions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := a.verified(w, r)
	if err != nil {
		a.count("request", "refused")
		a.o.Logger.Warn("a request in the name of Slack was refused", "component", "slack", "error", err)
		http.Error(w, "the request is not one of Slack: "+err.Error(), http.StatusUnauthorized)
		return
	}
	form, err := url.ParseQuery(string(body))
	var call slack.InteractionCallback
	if err == nil {
		err = json.Unmarshal([]byte(form.Get("payload")), &call)
	}
	if err != nil {
		a.count("request", "unreadable")
		http.Error(w, "want a form with the JSON of an interaction as payload: "+err.Error(), http.StatusBadRequest)
		return
	}
	a.Do(r.Context(), call)
	w.WriteHeader(http.StatusOK)
}

// Do carries out the presses of an interaction; each is counted, logged and, when it
// cannot be carried out, answered to the one who pressed.
func (a *Actions) Do(ctx context.Context, call slack.InteractionCallback) {
	if call.Type != slack.InteractionTypeBlockActions {
		return
	}
	actor := actorOf(call.User)
	for _, b := range call.ActionCallback.BlockActions {
		if b == nil || !a.ours(b.ActionID) {
			continue
		}
		if !a.first("press/" + b.ActionID + "/" + b.Value + "/" + call.User.ID + "/" + b.ActionTs) {
			a.count(b.ActionID, "repeated") // Slack sends again what was not answered in time
			continue
		}
		err := a.act(ctx, b.ActionID, b.Value, actor)
		result := "done"
		if err != nil {
			result = "failed"
		}
		a.count(b.ActionID, result)
		a.o.Logger.Info("a button was pressed in Slack", "component", "slack", "action", b.ActionID, "incident", render.Cut(render.Line(b.Value), 100), "actor", actor, "error", err)
		if err != nil {
			a.answer(ctx, call.ResponseURL, err)
		}
	}
}

func (a *Actions) ours(action string) bool {
	switch action {
	case actionAck, actionSilence, actionFalse, actionRight, actionWrong:
		return true
	}
	return false
}

func (a *Actions) act(ctx context.Context, action, incident, actor string) error {
	ctx, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	switch action {
	case actionAck:
		return a.o.People.Acknowledge(ctx, incident, actor)
	case actionSilence:
		return a.o.People.Silence(ctx, incident, actor, silenceFor)
	case actionRight, actionWrong:
		id, cause, ok := strings.Cut(incident, " ")
		if !ok {
			return errors.New("the button does not say which cause it means")
		}
		return a.o.People.Cause(ctx, id, cause, action == actionRight, actor)
	}
	return a.o.People.FalseAlarm(ctx, incident, actor)
}

// actorOf names who pressed; a name is only what somebody chose, so the id goes
// along where there is none.
func actorOf(u slack.User) string {
	name := render.Line(u.Name)
	if name == "" {
		name = render.Line(u.ID)
	}
	if name == "" {
		name = "somebody"
	}
	return render.Cut(name, 100) + " (Slack)"
}

// answer tells the one who pressed what went wrong, so that only they see it.
func (a *Actions) answer(ctx context.Context, to string, problem error) {
	u, err := url.Parse(to)
	if err != nil || !a.answerable(u) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), actTimeout)
	defer cancel()
	text := "Tocsin could not do that: " + escape(render.Cut(render.Line(problem.Error()), 500))
	body, err := json.Marshal(map[string]any{"response_type": "ephemeral", "replace_original": false, "text": text})
	if err != nil {
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/json")
	if _, err := a.client.Do(req); err != nil {
		a.o.Logger.Warn("who pressed a button could not be told what went wrong", "component", "slack", "error", err)
	}
}

func (a *Actions) answerable(u *url.URL) bool {
	for _, h := range a.o.AnswerHosts {
		if strings.EqualFold(u.Host, h) {
			return true
		}
	}
	return u.Scheme == "https" && (u.Hostname() == "slack.com" || strings.HasSuffix(u.Hostname(), ".slack.com"))
}

func (a *Actions) count(action, result string) {
	a.o.Metrics.GetOrCreateCounter(fmt.Sprintf("tocsin_slack_actions_total{action=%q,result=%q}", strings.TrimPrefix(action, "tocsin_"), result)).Inc()
}

var errReplay = errors.New("it was sent before")
