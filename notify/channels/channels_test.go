package channels_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/channels"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/sample"
	"github.com/tocsinhq/tocsin/store"
)

func all(url string) []notify.ChannelConfig {
	return []notify.ChannelConfig{
		{Name: "bot", Slack: &notify.SlackConfig{Token: "xoxb-secret-1", Channel: "#ops", APIURL: url + "/api"}},
		{Name: "incoming", Slack: &notify.SlackConfig{WebhookURL: yamldoc.Secret(url + "/services/secret-2")}},
		{Name: "hook", Webhook: &notify.WebhookConfig{
			URL: yamldoc.Secret(url + "/in/secret-3"), Secret: "secret-4",
			Headers: map[string]yamldoc.Secret{"Authorization": "Bearer secret-5"},
		}},
		{Name: "console", Console: &notify.ConsoleConfig{}},
	}
}

func TestBuild_Order(t *testing.T) {
	got, err := channels.Build(notify.Config{Channels: all("http://127.0.0.1:1")}, channels.Deps{Console: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range got {
		names = append(names, c.Name())
	}
	if s := strings.Join(names, " "); s != "bot incoming hook console" {
		t.Errorf("channels = %s", s)
	}
}

func TestBuild_NamesEveryFault(t *testing.T) {
	_, err := channels.Build(notify.Config{Channels: []notify.ChannelConfig{
		{Name: "a"}, {Name: "b", Console: &notify.ConsoleConfig{}}, {Name: "c", Slack: &notify.SlackConfig{}}, {Name: "d", Webhook: &notify.WebhookConfig{}},
	}}, channels.Deps{})
	for _, want := range []string{"channel a: ", "channel b: ", "channel c: ", "channel d: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v, lacks %q", err, want)
		}
	}
}

// TestOutbox_WithRealChannels_TellsAndKeepsSecrets runs every sort of channel
// behind the outbox against a receiver that refuses, then against one that
// answers, and looks for secrets in the log and in the records.
func TestOutbox_WithRealChannels_TellsAndKeepsSecrets(t *testing.T) {
	s := notifytest.NewStub(t, `{"ok":true,"channel":"C1","ts":"1.1"}`)
	s.Behave(notifytest.Status(500, ""), notifytest.Status(403, ""), notifytest.Status(503, ""), notifytest.OK)
	var text, log bytes.Buffer
	cfg := notify.DefaultConfig()
	cfg.Channels = all(s.URL)
	built, err := channels.Build(cfg, channels.Deps{Console: &text})
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.OpenState(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	o, err := notify.NewOutbox(notify.Options{
		DB: db, Channels: built, Config: cfg, Logger: slog.New(slog.NewJSONHandler(&log, nil)),
		Now: func() time.Time { return notifytest.Onset },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	// What the incoming webhook refuses, the hook after it says once more.
	// The alert names "slack", which is not configured here, so the default
	// channels, which are all, are told.
	if n, err := o.Enqueue(ctx, notifytest.Message(1, incident.EventOpened)); err != nil || n != 4 {
		t.Fatalf("Enqueue = %d, %v, want 4", n, err)
	}
	for at := notifytest.Onset; !at.IsZero(); {
		if at, err = o.Deliver(ctx, at); err != nil {
			t.Fatal(err)
		}
	}
	ds, err := o.Deliveries(ctx, "inc-1")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range ds {
		got = append(got, fmt.Sprintf("%s %s %d", d.Channel, d.State, d.Attempts))
	}
	if diff := cmp.Diff([]string{"bot sent 2", "console sent 1", "hook sent 2", "hook sent 1", "incoming failed 1"}, got); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(text.String(), "no recent change fits") {
		t.Errorf("console: %s", text.String())
	}
	seen := log.String() + fmt.Sprintf("%+v", ds)
	if strings.Contains(seen, "secret-") || !strings.Contains(seen, "answered 403: no: <secret>") {
		t.Errorf("log and records: %s", seen)
	}
}

// TestExamples_AreValid_AndShowThemselves keeps the examples of previews usable: of
// every sort, valid, and with something to show for each kind of message.
func TestExamples_AreValid_AndShowThemselves(t *testing.T) {
	cfg := notify.DefaultConfig()
	cfg.Channels = channels.Examples()
	cfg.Validate(func(path, format string, args ...any) { t.Errorf("%s: "+format, append([]any{path}, args...)...) })
	sorts := map[string]bool{}
	for _, c := range cfg.Channels {
		sorts[c.Sort()] = true
	}
	if len(sorts) != 11 {
		t.Errorf("examples of %d sorts, want 11", len(sorts))
	}
	built, err := channels.Build(cfg, channels.Deps{Console: &bytes.Buffer{}, Silences: true})
	if err != nil {
		t.Fatal(err)
	}
	messages := notifytest.Hostile()
	messages["sample"], messages["group"] = notifytest.Sample(incident.EventOpened), sample.Group("first", sample.Options{Onset: notifytest.Onset})
	for _, ch := range built {
		p, ok := ch.(notify.Previewer)
		if !ok {
			t.Errorf("%s shows nothing", ch.Name())
			continue
		}
		for name, m := range messages {
			parts, err := p.Preview(m)
			if err != nil || len(parts) == 0 || len(parts[0].Body) == 0 {
				t.Errorf("%s, %s: %d parts, %v", ch.Name(), name, len(parts), err)
			}
		}
	}
	if got := channels.Chosen(cfg.Channels, "slack"); len(got) != 1 || got[0].Name != "slack" {
		t.Errorf("chosen = %+v", got)
	}
}
