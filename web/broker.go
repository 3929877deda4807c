package web

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

const (
	// subscriberBuffer is how many events a live stream may lag behind before
	// it is dropped. A dropped browser reconnects and resumes from the log.
	subscriberBuffer = 64
	// eventPage is how many events are read from the log at once.
	eventPage = 256
	// brokerRetry is the wait after the log could not be read.
	brokerRetry = time.Second
)

// Broker hands new incident events to all live streams. It reads each event
// once from the log, however many streams there are, and never waits for a
// slow one.
type Broker struct {
	log     EventLog
	logger  *slog.Logger
	wake    chan struct{}
	metrics brokerMetrics

	mu   sync.Mutex
	live bool // Run has found the end of the log and has not ended
	last int64
	subs map[*subscriber]struct{}
}

// subscriber is one live stream. The channel is closed by the broker when the
// stream is dropped or the broker ends; never by the stream.
type subscriber struct {
	events chan EventRecord
	from   int64 // events up to this Seq are in the log, later ones come by the channel
}

// NewBroker returns a broker that is asleep until Run. Set may be shared.
func NewBroker(log EventLog, set *metrics.Set, logger *slog.Logger) *Broker {
	b := &Broker{log: log, logger: logger, wake: make(chan struct{}, 1), subs: make(map[*subscriber]struct{})}
	b.metrics = newBrokerMetrics(set)
	return b
}

// Wake says that the log has grown. It never blocks and is safe for
// concurrent use; several calls may be served by one reading.
func (b *Broker) Wake() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Run feeds the streams until ctx is cancelled, then ends all of them. It
// returns nil. Streams that ask before Run found the end of the log are refused.
func (b *Broker) Run(ctx context.Context) error {
	defer b.close()
	for {
		err := b.step(ctx)
		if ctx.Err() != nil {
			return nil
		}
		var retry <-chan time.Time
		if err != nil {
			b.metrics.readErrors.Inc()
			b.logger.Warn("incident events cannot be read; trying again", "component", "web", "error", err)
			retry = time.After(brokerRetry)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-b.wake:
		case <-retry:
		}
	}
}

// step finds the end of the log the first time and publishes what is new
// every other time.
func (b *Broker) step(ctx context.Context) error {
	if !b.live { // written by this goroutine only
		last, err := b.log.LastSeq(ctx)
		if err != nil {
			return err
		}
		b.mu.Lock()
		b.live, b.last = true, last
		b.mu.Unlock()
		return nil
	}
	for {
		page, err := b.log.EventsAfter(ctx, b.last, eventPage)
		if err != nil {
			return err
		}
		for _, e := range page {
			b.publish(e)
		}
		if len(page) < eventPage {
			return nil
		}
	}
}

func (b *Broker) publish(e EventRecord) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = max(b.last, e.Event.Seq)
	for s := range b.subs {
		select {
		case s.events <- e:
		default:
			b.metrics.slow.Inc()
			b.removeLocked(s)
		}
	}
}

// subscribe adds a stream, at most limit at a time.
func (b *Broker) subscribe(limit int) (*subscriber, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.live {
		return nil, &Error{Kind: KindUnavailable, Message: "live events are not running yet, or not any more"}
	}
	if len(b.subs) >= limit {
		b.metrics.refused.Inc()
		return nil, &Error{Kind: KindOverloaded, Message: "all live event streams are taken; close a page, or raise web.max_event_streams"}
	}
	s := &subscriber{events: make(chan EventRecord, subscriberBuffer), from: b.last}
	b.subs[s] = struct{}{}
	b.metrics.streams.Set(float64(len(b.subs)))
	return s, nil
}

func (b *Broker) unsubscribe(s *subscriber) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.removeLocked(s)
}

// removeLocked closes and forgets a stream; a second call does nothing.
func (b *Broker) removeLocked(s *subscriber) {
	if _, ok := b.subs[s]; ok {
		delete(b.subs, s)
		close(s.events)
		b.metrics.streams.Set(float64(len(b.subs)))
	}
}

func (b *Broker) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.live = false
	for s := range b.subs {
		b.removeLocked(s)
	}
}
