package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// act is how far the story has come.
type act int

const (
	actCalm act = iota
	actBroken
	actRolledBack
)

// script is what happens while the shop is live.
type script struct {
	act      act
	since    time.Time         // when the act began
	told     time.Time         // when somebody was told of the incident; zero before
	underWay *telemetry.Change // deployment that has started and not finished
}

// live takes a sample every Step, in real time, and plays the script between
// samples. It ends with ctx or with the daemon's refusal.
func (p *play) live(ctx context.Context) error {
	p.script.since = time.Now()
	var b Block
	for {
		wait := time.NewTimer(time.Until(p.next))
		select {
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		case <-p.options.Told:
			wait.Stop()
			p.hear(time.Now())
			continue
		case <-wait.C:
		}
		if err := p.tick(ctx, &b); err != nil {
			return err
		}
	}
}

// hear notes that the daemon has told somebody. Only the first word after the
// break starts the clock.
func (p *play) hear(now time.Time) {
	if p.script.act == actBroken && p.script.told.IsZero() {
		p.script.told = now
		p.say("The daemon has told the team, %s after the deployment began.", short(now.Sub(p.script.since)))
	}
}

// tick sends the samples that are due and turns to the next page.
func (p *play) tick(ctx context.Context, b *Block) error {
	if err := p.fill(b, time.Now()); err != nil {
		return err
	}
	body, err := b.Encode()
	if err != nil {
		return err
	}
	if err := p.sender.Write(ctx, body); err != nil {
		return err
	}
	p.written += b.Len()
	p.lines.Reset()
	if err := p.shop.Log(&p.lines); err != nil {
		return err
	}
	if err := p.sender.Log(ctx, p.lines.Bytes()); err != nil {
		return err
	}
	for _, c := range p.due() {
		if err := p.sender.Record(ctx, c); err != nil {
			return err
		}
	}
	return p.turn(ctx, time.Now())
}

// turn plays what the script has for now.
func (p *play) turn(ctx context.Context, now time.Time) error {
	s := &p.script
	if s.underWay != nil {
		return p.finish(ctx, now)
	}
	since := now.Sub(s.since)
	switch s.act {
	case actCalm:
		if since >= p.options.HealthyFor {
			return p.breakShop(ctx, now)
		}
	case actBroken:
		heard := !s.told.IsZero() && now.Sub(s.told) >= p.options.HoldFor
		if heard || since >= p.options.GiveUp {
			return p.rollBack(ctx, now)
		}
	case actRolledBack:
	}
	return nil
}

// finish ends the deployment under way. That of the rollback also ends the good
// name of the one before it.
func (p *play) finish(ctx context.Context, now time.Time) error {
	done := Finish(*p.script.underWay, now)
	p.script.underWay = nil
	if err := p.sender.Record(ctx, done); err != nil {
		return err
	}
	if p.script.act != actRolledBack {
		p.bad = done
		return nil
	}
	bad := p.bad
	bad.Status = telemetry.StatusRolledBack
	return p.sender.Record(ctx, bad)
}

// breakShop plays the bad deployment.
func (p *play) breakShop(ctx context.Context, now time.Time) error {
	c, err := p.shop.Break(p.options.Victim, now)
	if err != nil {
		return err
	}
	p.begin(actBroken, now, c)
	p.say("Somebody deploys %s %s. About every third request to it now fails and the rest takes four times as long.", c.Service, c.VersionTo)
	p.say("Watch %s/ : the incident, its drawn band and its suspect appear by themselves.", p.sender.url)
	return p.sender.Record(ctx, c)
}

// rollBack plays the cure.
func (p *play) rollBack(ctx context.Context, now time.Time) error {
	c, err := p.shop.Rollback(p.options.Victim, now)
	if err != nil {
		return err
	}
	p.begin(actRolledBack, now, c)
	p.say("The team rolls %s back to %s. The incident resolves when its signals are really well again.", c.Service, c.VersionTo)
	p.say("The shop stays open. Press Ctrl-C to end; nothing is left behind.")
	return p.sender.Record(ctx, c)
}

// begin opens an act with a deployment that is under way.
func (p *play) begin(a act, now time.Time, c telemetry.Change) {
	p.script = script{act: a, since: now, underWay: &c}
}

// short writes a duration in whole seconds.
func short(d time.Duration) string { return d.Round(time.Second).String() }

// formatCount writes a number with its noun.
func formatCount(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
