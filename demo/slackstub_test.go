package demo_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/tocsinhq/tocsin/demo"
)

// workspace starts a stub on loopback and a client of the library that the
// daemon uses.
func workspace(t *testing.T) (*demo.SlackStub, *slack.Client, *notebook, string) {
	t.Helper()
	out := new(notebook)
	stub := demo.NewSlackStub(out)
	srv := httptest.NewServer(stub)
	client := srv.Client()
	t.Cleanup(func() {
		client.CloseIdleConnections()
		srv.Close()
	})
	return stub, slack.New("xoxb-demo", slack.OptionAPIURL(srv.URL+"/api/"), slack.OptionHTTPClient(client)), out, srv.URL
}

func section(text string) slack.Block {
	return slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, text, false, false), nil, nil)
}

func TestSlackStub_ThreadAndEdit_AsTheLibrarySpeaks(t *testing.T) {
	stub, api, out, _ := workspace(t)
	who, err := api.AuthTest()
	if err != nil || who.BotID != "B0TOCSIN" {
		t.Fatalf("AuthTest=%+v, %v", who, err)
	}
	button := slack.NewButtonBlockElement("open", "", slack.NewTextBlockObject(slack.PlainTextType, "Open", false, false))
	button.URL = "http://127.0.0.1:9099/incidents/1"
	blocks := slack.MsgOptionBlocks(
		slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, "payment: error rate 31%", false, false)),
		section("*Suspect* <https://ci.shop.example/payment/v42|deployment v42> &amp; more"),
		slack.NewDividerBlock(),
		slack.NewContextBlock("", slack.NewTextBlockObject(slack.MarkdownType, "since 12:00", false, false)),
		slack.NewActionBlock("", button),
	)
	channel, ts, err := api.PostMessage("#ops", slack.MsgOptionText("fallback", false), blocks)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := api.PostMessage(channel, slack.MsgOptionText("It is *worse*.", false), slack.MsgOptionTS(ts)); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := api.UpdateMessage(channel, ts, slack.MsgOptionBlocks(section("resolved"))); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := api.UpdateMessage(channel, ts, slack.MsgOptionBlocks(section("resolved"))); err != nil {
		t.Fatal(err)
	}
	got := stub.Messages()
	want := []demo.SlackMessage{
		{Channel: "#ops", TS: ts, Text: "resolved", Edited: 1},
		{Channel: "#ops", TS: got[1].TS, Thread: ts, Text: "It is worse."},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("messages:\n got %+v\nwant %+v", got, want)
	}
	for _, text := range []string{
		"---- Slack #ops, new message ---",
		"  payment: error rate 31%\n  Suspect deployment v42 (https://ci.shop.example/payment/v42) & more\n  \n  since 12:00\n  Open (http://127.0.0.1:9099/incidents/1)\n",
		"---- Slack #ops, in the thread ---",
		"---- Slack #ops, message edited in place, now with ---",
	} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("the terminal lacks %q:\n%s", text, out.String())
		}
	}
	select {
	case <-stub.Told():
	default:
		t.Error("Told has no value after a message")
	}
}

func TestSlackStub_Attachments_AreRead(t *testing.T) {
	stub, api, _, _ := workspace(t)
	_, _, err := api.PostMessage("#ops", slack.MsgOptionText("head", false), slack.MsgOptionAttachments(
		slack.Attachment{Color: "danger", Title: "title", Text: "text", Fields: []slack.AttachmentField{{Title: "value", Value: "31%"}}, Footer: "foot"},
		slack.Attachment{Fallback: "only words"},
		slack.Attachment{Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewImageBlock("http://d/x.png", "the band", "", nil)}}},
	))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := stub.Messages()[0].Text, "head\ntitle\ntext\nvalue: 31%\nfoot\nonly words\nthe band http://d/x.png"; got != want {
		t.Errorf("text=%q, want %q", got, want)
	}
}

func TestSlackStub_WrongCalls_GetSlacksErrors(t *testing.T) {
	_, api, _, base := workspace(t)
	f := func(err error, want string) {
		t.Helper()
		if err == nil || err.Error() != want {
			t.Errorf("error=%v, want %s", err, want)
		}
	}
	_, _, err := api.PostMessage("#ops", slack.MsgOptionText("reply", false), slack.MsgOptionTS("1.2"))
	f(err, "thread_not_found")
	_, _, _, err = api.UpdateMessage("#ops", "1.2", slack.MsgOptionText("edit", false))
	f(err, "message_not_found")
	_, _, err = api.PostMessage("", slack.MsgOptionText("lost", false))
	f(err, "channel_not_found")
	_, _, err = api.PostMessage("#ops")
	f(err, "no_text")
	_, _, err = api.DeleteMessage("#ops", "1.2")
	f(err, "unknown_method")
	_, ts, err := api.PostMessage("#ops", slack.MsgOptionText("x", false))
	if err != nil {
		t.Fatal(err)
	}
	_, _, _, err = api.UpdateMessage("#ops", ts)
	f(err, "no_text")

	raw := func(contentType, body, want string) {
		t.Helper()
		resp, err := http.Post(base+"/chat.postMessage", contentType, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		got, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(got), want) {
			t.Errorf("%s: status %d, %s, %v; want 200 and %s", body, resp.StatusCode, got, err, want)
		}
	}
	raw("application/json", `{"channel":"#ops","text":"x"}`, `"error":"not_authed"`)
	raw("application/json", `{"token":"t","channel":"#ops","blocks":[{"type":"section","text":{"text":"hi"}}]}`, `"ok":true`)
	raw("application/json", `{`, `"error":"invalid_arguments"`)
	form := url.Values{"token": {"t"}, "channel": {"#ops"}, "blocks": {"{"}}
	raw("application/x-www-form-urlencoded", form.Encode(), `"error":"invalid_arguments"`)
	form = url.Values{"token": {"t"}, "channel": {"#ops"}, "attachments": {"{"}}
	raw("application/x-www-form-urlencoded", form.Encode(), `"error":"invalid_arguments"`)
	raw("application/x-www-form-urlencoded", "%zz", `"error":"invalid_arguments"`)
	http.DefaultClient.CloseIdleConnections()
}
