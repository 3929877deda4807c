package logapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logql"
)

const (
	tailBuffer = 1000 // entries that may wait for a client
	tailFlush  = 200 * time.Millisecond
	tailWrite  = 10 * time.Second // for one message
	tailPing   = 15 * time.Second
)

// follow calls send with what a query finds as it is stored, several entries at a time,
// until ctx ends or send fails. dropped is how many entries were left out before them.
func (a *api) follow(ctx context.Context, q *logql.LogQuery, send func(entries []logql.Entry, dropped int) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	entries := make(chan logql.Entry, tailBuffer)
	missed := make(chan struct{}, 1)
	ended := make(chan error, 1)
	go func() {
		entry := q.Entries()
		lost := func() {
			select {
			case missed <- struct{}{}:
			default:
			}
		}
		ended <- a.Store.Tail(ctx, q.Query(0, 1<<63-1), func(r *logs.Record) error {
			select {
			case entries <- entry(r):
			default:
				lost() // the store never waits for a client
			}
			return nil
		}, lost)
	}()
	tick := time.NewTicker(tailFlush)
	defer tick.Stop()
	ping := time.Now()
	for {
		select {
		case <-ctx.Done():
			return <-ended
		case err := <-ended:
			return err
		case <-tick.C:
		}
		var batch []logql.Entry
		for len(entries) > 0 && len(batch) < tailBuffer {
			batch = append(batch, <-entries)
		}
		dropped := 0
		select {
		case <-missed:
			dropped = 1
		default:
		}
		if len(batch)+dropped == 0 && time.Since(ping) < tailPing {
			continue
		}
		ping = time.Now()
		if err := send(batch, dropped); err != nil {
			cancel()
			return errors.Join(err, <-ended)
		}
	}
}

// tail sends lines by websocket, as Loki does: first those since start, then new ones.
func (a *api) tail(w http.ResponseWriter, r *http.Request) error {
	q, err := logql.ParseLogs(r.Form.Get("query"))
	if err != nil {
		return err
	}
	n, err := a.limit(r, 100)
	if err != nil {
		return err
	}
	from, err := stamp(r.Form.Get("start"), a.Now().Add(-time.Hour))
	if err != nil {
		return err
	}
	var first []logql.Entry
	ctx, cancel := a.within(r)
	_, err = a.engine.Logs(ctx, q, from.UnixNano(), a.Now().Add(time.Minute).UnixNano(), n, false, func(e logql.Entry) error {
		first = append([]logql.Entry{e}, first...)
		return nil
	})
	cancel()
	if err != nil {
		return err
	}
	upgrader := websocket.Upgrader{} // refuses pages of other sites
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil // it has answered
	}
	defer conn.Close()
	alive, stop := context.WithCancel(r.Context())
	defer stop()
	go func() { // what the client says is of no interest, but that it has gone is
		defer stop()
		conn.SetReadLimit(4096)
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				return
			}
		}
	}()
	apart := wantsApart(r)
	send := func(entries []logql.Entry, dropped int) error {
		_ = conn.SetWriteDeadline(time.Now().Add(tailWrite))
		if len(entries) == 0 && dropped == 0 {
			return conn.WriteMessage(websocket.PingMessage, nil)
		}
		body := streamsOf{apart: apart, list: []lokiStream{}}
		for _, e := range entries {
			body.add(e)
		}
		message := map[string]any{"streams": body.list}
		if dropped > 0 {
			message["dropped_entries"] = []any{}
		}
		return conn.WriteJSON(message)
	}
	if len(first) > 0 {
		if send(first, 0) != nil {
			return nil
		}
	}
	if err := a.follow(alive, q, send); err != nil && alive.Err() == nil {
		a.Logger.Warn("a tail of logs ended", "error", err)
		_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseTryAgainLater, err.Error()), time.Now().Add(time.Second))
	}
	return nil
}
