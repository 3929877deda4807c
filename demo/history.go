package demo

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tocsinhq/tocsin/telemetry"
)

// blockSpan bounds the event time in one request, so that all series of the
// shop stay close together in time while the past is written.
const blockSpan = 10 * time.Minute

// play is the state of one showing. It is owned by Run.
type play struct {
	options RunOptions
	shop    *Shop
	sender  *Sender
	begun   time.Time          // when Run was called
	next    time.Time          // event time of the next sample
	fine    time.Time          // from here on samples are Step apart
	earlier []telemetry.Change // harmless changes not recorded yet, oldest first
	written int                // samples acknowledged
	lines   bytes.Buffer       // of the shop's logs, on their way
	script  script
	bad     telemetry.Change // the deployment that broke the shop, once it is done
}

// run is the story in order.
func (p *play) run(ctx context.Context) error {
	if err := p.sender.WaitReady(ctx); err != nil {
		return err
	}
	o := p.options
	p.say("A small shop of %d services, %d series. Its last %s are being written first.", len(p.shop.services), p.shop.Series(), words(o.History))
	if err := p.writeHistory(ctx); err != nil {
		return err
	}
	if err := p.warm(ctx); err != nil {
		return err
	}
	took := time.Since(p.begun)
	p.say("%d samples of history are stored (%.1f s). The shop is healthy; see for yourself: %s/", p.written, took.Seconds(), p.sender.url)
	return p.live(ctx)
}

// writeHistory writes everything up to now, oldest first. The shop is played in
// one goroutine and sent in another, so that both cores have work.
func (p *play) writeHistory(ctx context.Context) error {
	type parcel struct {
		body    []byte
		samples int
		changes []telemetry.Change
	}
	parcels := make(chan parcel, 4)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(parcels)
		var b Block
		for !p.next.After(time.Now()) {
			if err := p.fill(&b, time.Now()); err != nil {
				return err
			}
			body, err := b.Encode()
			if err != nil {
				return err
			}
			select {
			case parcels <- parcel{body: body, samples: b.Len(), changes: p.due()}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	group.Go(func() error {
		for q := range parcels {
			if err := p.sender.Write(ctx, q.body); err != nil {
				return err
			}
			p.written += q.samples
			for _, c := range q.changes {
				if err := p.sender.Record(ctx, c); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return group.Wait()
}

// warm lets the daemon compute its signals over the history, each part at its
// own step: a rate over samples a minute apart needs a longer range than one
// over samples five seconds apart. The first of these comes up to a minute after
// the last of those, and what a range reaches has begun a minute later.
func (p *play) warm(ctx context.Context) error {
	if p.options.Warm == nil {
		return nil
	}
	now := time.Now()
	parts := []struct {
		from, to time.Time
		step     time.Duration
	}{
		{p.begun.Add(-p.options.History), p.fine, p.options.HistoryStep},
		{p.fine.Add(2 * p.options.HistoryStep), now, p.options.Step},
	}
	for _, x := range parts {
		if _, err := p.options.Warm(ctx, x.from, x.to, x.step); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	return nil
}

// fill takes samples into an empty block up to now or for blockSpan.
func (p *play) fill(b *Block, now time.Time) error {
	b.Reset()
	for end := p.next.Add(blockSpan); p.next.Before(end) && !p.next.After(now); {
		if err := p.shop.Sample(p.next, b); err != nil {
			return err
		}
		p.next = p.next.Add(p.stepAt(p.next))
	}
	return nil
}

// stepAt returns the distance of samples at event time t.
func (p *play) stepAt(t time.Time) time.Duration {
	if t.Before(p.fine) {
		return p.options.HistoryStep
	}
	return p.options.Step
}

// due takes the earlier changes that event time has passed.
func (p *play) due() []telemetry.Change {
	n := 0
	for n < len(p.earlier) && p.earlier[n].Finished.Before(p.next) {
		n++
	}
	due := p.earlier[:n]
	p.earlier = p.earlier[n:]
	return due
}

// words writes a long duration as people say it.
func words(d time.Duration) string {
	if d >= 48*time.Hour && d%(24*time.Hour) == 0 {
		return formatCount(int(d/(24*time.Hour)), "day")
	}
	if d%time.Hour == 0 {
		return formatCount(int(d/time.Hour), "hour")
	}
	return d.String()
}
