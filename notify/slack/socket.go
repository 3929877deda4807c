package slack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify/outbound"
)

// Limits of Socket Mode.
const (
	maxEnvelope   = 1 << 20 // bytes of one message of Slack
	socketRestMin = 5 * time.Second
	socketRestMax = 5 * time.Minute
)

// SocketOptions are what a Socket is made of.
type SocketOptions struct {
	AppToken yamldoc.Secret
	APIURL   string           // as in notify.SlackConfig
	HTTP     *http.Client     // its Transport opens the connection
	Actions  *Actions         // carries out what is pressed
	Logger   *slog.Logger     // nil: nothing is logged
	Rest     time.Duration    // after a connection failed for good, at first; 0: five seconds
	Now      func() time.Time // nil: time.Now
}

// Socket gets what people press through a connection that goes from here to Slack,
// for daemons that Slack cannot reach.
type Socket struct{ o SocketOptions }

// NewSocket returns a socket; nothing is connected before Run.
func NewSocket(o SocketOptions) *Socket {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Rest <= 0 {
		o.Rest = socketRestMin
	}
	return &Socket{o}
}

// Run is connected until ctx ends, and connects again when a connection ends. A
// token that Slack refuses is logged as an error and tried again, ever less often:
// messages go out without it all the same. It returns nil.
func (s *Socket) Run(ctx context.Context) error {
	rest := s.o.Rest
	for ctx.Err() == nil {
		begun := time.Now()
		err := s.connected(ctx)
		if ctx.Err() != nil {
			break
		}
		if time.Since(begun) > socketRestMax {
			rest = s.o.Rest
		}
		s.o.Logger.Error("the connection of Socket Mode failed; buttons do nothing until it is there again", "component", "slack", "retry_in", rest, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
		rest = min(2*rest, socketRestMax)
	}
	return nil
}

// connected is connected until ctx ends or Slack refuses the token. slack-go
// connects again by itself after anything less.
func (s *Socket) connected(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client := outbound.New(outbound.Options{HTTP: s.o.HTTP, Secrets: []string{s.o.AppToken.Reveal()}, Now: s.o.Now})
	opts := []slack.Option{slack.OptionHTTPClient(client), slack.OptionAppLevelToken(s.o.AppToken.Reveal())}
	if u := s.o.APIURL; u != "" {
		opts = append(opts, slack.OptionAPIURL(strings.TrimSuffix(u, "/")+"/"))
	}
	dialer := &websocket.Dialer{NetDialContext: outbound.NewDialer().DialContext, HandshakeTimeout: 10 * time.Second, WriteBufferSize: 32 << 10}
	if s.o.HTTP != nil {
		if t, ok := s.o.HTTP.Transport.(*http.Transport); ok {
			dialer.Proxy = t.Proxy
			dialer.TLSClientConfig = t.TLSClientConfig
		}
	}
	sm := socketmode.New(slack.New("", opts...), socketmode.OptionDialer(dialer), socketmode.OptionReadLimit(maxEnvelope), socketmode.OptionLog(quiet{}))
	done := make(chan error, 1)
	go func() { done <- sm.RunContext(ctx) }()
	for {
		select {
		case err := <-done:
			return client.Scrub(err)
		case e := <-sm.Events:
			if err := s.take(ctx, sm, e); err != nil {
				cancel()
				<-done
				return client.Scrub(err)
			}
		}
	}
}

// take answers one event. Slack is answered first: it waits three seconds, and what
// goes wrong is told to the one who pressed.
func (s *Socket) take(ctx context.Context, sm *socketmode.Client, e socketmode.Event) error {
	switch e.Type {
	case socketmode.EventTypeConnected:
		s.o.Logger.Info("Socket Mode is connected", "component", "slack")
	case socketmode.EventTypeConnectionError, socketmode.EventTypeIncomingError:
		s.o.Logger.Warn("Socket Mode lost its connection", "component", "slack", "error", problem(e.Data))
	case socketmode.EventTypeInvalidAuth:
		return errors.New("Slack refuses app_token; want one with the scope connections:write")
	case socketmode.EventTypeInteractive:
		if e.Request != nil {
			if err := sm.AckCtx(ctx, e.Request.EnvelopeID, nil); err != nil {
				s.o.Logger.Warn("Slack could not be answered", "component", "slack", "error", err)
			}
		}
		if call, ok := e.Data.(slack.InteractionCallback); ok && s.o.Actions != nil {
			s.o.Actions.Do(ctx, call)
		}
	}
	return nil
}

// problem is what an event about the connection says went wrong.
func problem(data any) string {
	switch d := data.(type) {
	case *slack.ConnectionErrorEvent:
		return fmt.Sprint(d.ErrorObj)
	case *slack.IncomingEventError:
		return fmt.Sprint(d.ErrorObj)
	}
	return "it ended"
}

// quiet drops what slack-go logs; what matters comes as an event.
type quiet struct{}

// Output drops a line.
func (quiet) Output(int, string) error { return nil }
