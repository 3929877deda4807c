package console_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/console"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/render"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func channel(t *testing.T, w io.Writer, color bool) *console.Channel {
	t.Helper()
	c, err := console.New(console.Options{Name: "console", Writer: w, Color: color})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConsole_Conformance(t *testing.T) {
	notifytest.Channel(t, func(t *testing.T) notify.Channel { return channel(t, io.Discard, true) })
}

func TestConsole_WritesTheTextOnce(t *testing.T) {
	var out bytes.Buffer
	c := channel(t, &out, false)
	m := notifytest.Message(1, incident.EventOpened)
	quiet := notifytest.Message(2, incident.EventAttached)
	quiet.Quiet = true
	for _, x := range []notify.Message{m, quiet} {
		if _, err := c.Send(t.Context(), x, ""); err != nil {
			t.Fatal(err)
		}
	}
	if out.String() != render.Text(m) {
		t.Errorf("wrote %q", out.String())
	}
}

func TestConsole_Resolved_SaysWorstAndDuration(t *testing.T) {
	var out bytes.Buffer
	if _, err := channel(t, &out, false).Send(t.Context(), notifytest.Recovered(1), ""); err != nil {
		t.Fatal(err)
	}
	if head, _, _ := strings.Cut(out.String(), "\n"); head != "resolved after 4m, worst error_rate 30%: checkout: error rate is high" {
		t.Errorf("got %q", head)
	}
}

func TestConsole_Color_OnlyTheFirstLine(t *testing.T) {
	var out bytes.Buffer
	if _, err := channel(t, &out, true).Send(t.Context(), notifytest.Message(1, incident.EventResolved), ""); err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(out.String(), "\n")
	if head != "\x1b[1;32mresolved after 4m: checkout: error rate is high\x1b[0m" || strings.Contains(rest, "\x1b") {
		t.Errorf("wrote %q", out.String())
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("closed") }

func TestConsole_WriteFails_AsksForAnotherTry(t *testing.T) {
	_, err := channel(t, failing{}, false).Send(t.Context(), notifytest.Message(1, incident.EventOpened), "")
	var r *notify.RetryError
	if !errors.As(err, &r) || !strings.Contains(err.Error(), "closed") {
		t.Errorf("err = %v, want one that asks for another try", err)
	}
	if _, err := console.New(console.Options{Name: "c"}); err == nil {
		t.Error("New without a writer: want an error")
	}
}

func TestConsole_BlockedWriter_DoesNotHoldSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pr, pw := io.Pipe()
		c := channel(t, pw, false)
		send := func(seq int64) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_, err := c.Send(ctx, notifytest.Message(seq, incident.EventOpened), "")
			return err
		}
		for range 2 {
			var r *notify.RetryError
			if err := send(1); !errors.As(err, &r) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("err = %v, want one that asks for another try", err)
			}
		}
		var out bytes.Buffer
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = io.Copy(&out, pr)
		}()
		if err := send(1); err != nil {
			t.Errorf("once it flows again: %v", err)
		}
		if err := send(2); err != nil {
			t.Error(err)
		}
		pw.Close()
		<-done
		if n := strings.Count(out.String(), "opened (critical)"); n != 2 {
			t.Errorf("wrote %d messages, want each of the two once", n)
		}
	})
}
