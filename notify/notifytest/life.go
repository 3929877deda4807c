package notifytest

import (
	"testing"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/sample"
)

// Sample returns a message with a chart, links and all else that a running daemon
// puts into it.
func Sample(kind incident.EventKind) notify.Message {
	return sample.Message(kind, sample.Options{ID: "inc-1", Onset: Onset, BaseURL: "https://tocsin.example.com", Told: []string{"slack", "pagerduty"}})
}

// Life sends the messages to a channel one after the other, each with the thread
// that the one before left, and returns the last one. Any error ends the test.
func Life(t *testing.T, c notify.Channel, ms ...notify.Message) notify.Thread {
	t.Helper()
	var th notify.Thread
	for _, m := range ms {
		var err error
		if th, err = c.Send(t.Context(), m, th); err != nil {
			t.Fatalf("Send %s: %v", m.Event.Kind, err)
		}
	}
	return th
}
