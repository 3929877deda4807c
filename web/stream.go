package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	heartbeat      = 15 * time.Second
	streamDeadline = 10 * time.Second // for one write; a stalled peer is cut off
	// resumeMax is how many missed events are sent again. Who missed more is
	// told to reload instead.
	resumeMax = 1000
)

// stream serves incident events as server-sent events:
//
//	event: hello     data: {"seq": <end of the log>}       once, first
//	event: incident  data: {"event": ..., "incident": ...}  id: <seq>
//	event: reset     data: {"seq": ...}                     too much was missed: load the lists again
//
// A Last-Event-ID header, or the last_event_id parameter for the first
// connection, resumes after that event.
func (s *server) stream(w http.ResponseWriter, r *http.Request) {
	q := readParams(r, []string{"last_event_id"})
	resume, after := lastEventID(r, q)
	if err := q.err(); err != nil {
		s.fail(w, r, err)
		return
	}
	sub, err := s.opts.Broker.subscribe(s.opts.Config.MaxEventStreams)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer s.opts.Broker.unsubscribe(sub)

	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies must not gather events
	out := sseWriter{w: w, c: http.NewResponseController(w)}
	if out.hello(sub.from) != nil {
		return
	}
	if resume && s.catchUp(r.Context(), out, after, sub.from) != nil {
		return
	}
	s.follow(r.Context(), out, sub)
}

func lastEventID(r *http.Request, q *params) (resume bool, seq int64) {
	v := r.Header.Get("Last-Event-ID")
	if v == "" {
		v = q.text("last_event_id")
	}
	if v == "" {
		return false, 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		q.problem("last_event_id", "want the id of an earlier event, got %q", v)
		return false, 0
	}
	return true, n
}

// catchUp sends what was logged after the given event and before the stream
// was subscribed; what came later is in the stream's channel.
func (s *server) catchUp(ctx context.Context, out sseWriter, after, until int64) error {
	if after > until { // the log is not the one the caller knew
		return out.reset(until)
	}
	var missed []EventRecord
	for after < until {
		page, err := s.opts.Broker.log.EventsAfter(ctx, after, eventPage)
		if err != nil {
			s.opts.Logger.Warn("a live stream cannot resume", "component", "web", "after", after, "error", err)
			return err
		}
		for _, e := range page {
			if after = e.Event.Seq; after <= until {
				missed = append(missed, e)
			}
		}
		if len(missed) > resumeMax {
			return out.reset(until)
		}
		if len(page) < eventPage {
			break
		}
	}
	for _, e := range missed {
		if err := out.incident(e); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) follow(ctx context.Context, out sseWriter, sub *subscriber) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-sub.events:
			if !ok || out.incident(e) != nil {
				return
			}
		case <-tick.C:
			if out.send(": still here\n\n") != nil {
				return
			}
		}
	}
}

// sseWriter writes and flushes one event at a time.
type sseWriter struct {
	w http.ResponseWriter
	c *http.ResponseController
}

func (o sseWriter) hello(seq int64) error {
	return o.send(fmt.Sprintf("retry: 3000\nevent: hello\ndata: {\"seq\":%d}\n\n", seq))
}

func (o sseWriter) reset(seq int64) error {
	return o.send(fmt.Sprintf("id: %d\nevent: reset\ndata: {\"seq\":%d}\n\n", seq, seq))
}

func (o sseWriter) incident(e EventRecord) error {
	body, err := json.Marshal(e) // never holds a line break
	if err != nil {
		return err
	}
	return o.send(fmt.Sprintf("id: %d\nevent: incident\ndata: %s\n\n", e.Event.Seq, body))
}

func (o sseWriter) send(text string) error {
	// A writer without deadlines (a test's recorder) is written to without one.
	_ = o.c.SetWriteDeadline(time.Now().Add(streamDeadline))
	if _, err := o.w.Write([]byte(text)); err != nil {
		return err
	}
	return o.c.Flush()
}
