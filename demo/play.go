package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// RunOptions describe one showing of the demo. Zero values take the defaults
// given at each field.
type RunOptions struct {
	// URL is the base address of the daemon. Required.
	URL string
	// Out gets the narration, one line per happening. Required.
	Out io.Writer
	// Client makes the requests; nil means one of its own.
	Client *http.Client
	// Seed chooses the noise; 0 means 1.
	Seed uint64
	// History is how much past is written first; 72h.
	History time.Duration
	// Fine is the last part of the past, which is written at Step; 2h. The part
	// before is written at HistoryStep, 60s.
	Fine, HistoryStep time.Duration
	// Step is the distance of live samples; 5s.
	Step time.Duration
	// Victim is the service whose deployment goes wrong; payment.
	Victim string
	// HealthyFor is the calm between the history and the bad deployment; 20s.
	HealthyFor time.Duration
	// Told gets a value whenever the daemon has told somebody of something.
	// HoldFor after the first that follows the deployment the shop rolls back;
	// 15s. Without it, or when nobody is told, the shop rolls back GiveUp after
	// the deployment; 90s.
	Told            <-chan struct{}
	HoldFor, GiveUp time.Duration
	// Warm is called when the history is written, once for each part of it, and
	// lets the daemon compute its signals over that part; nil leaves it out.
	Warm func(ctx context.Context, from, to time.Time, step time.Duration) (int, error)
	// Location is where the shop's customers live; time.Local.
	Location *time.Location
}

// withDefaults fills what was left out and reports what cannot be.
func (o RunOptions) withDefaults() (RunOptions, error) {
	orElse := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	orElse(&o.History, 72*time.Hour)
	orElse(&o.Fine, 2*time.Hour)
	orElse(&o.HistoryStep, time.Minute)
	orElse(&o.Step, 5*time.Second)
	orElse(&o.HealthyFor, 20*time.Second)
	orElse(&o.HoldFor, 15*time.Second)
	orElse(&o.GiveUp, 90*time.Second)
	if o.Victim == "" {
		o.Victim = "payment"
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Location == nil {
		o.Location = time.Local
	}
	switch {
	case o.URL == "":
		return o, fmt.Errorf("demo: want the daemon's URL, got none")
	case o.Out == nil:
		return o, fmt.Errorf("demo: want a writer for the narration, got none")
	case o.Step < 0 || o.HistoryStep < o.Step || o.History < o.Fine || o.Fine < 0:
		return o, fmt.Errorf("demo: want 0 < step <= history step and fine <= history, got step %s, history step %s, fine %s, history %s",
			o.Step, o.HistoryStep, o.Fine, o.History)
	}
	return o, nil
}

// Run shows the whole story against a running daemon and then keeps the shop
// open until ctx ends, which is its only good end: it returns nil then. Any
// other error is the daemon's refusal of something, in its own words. Run owns
// the goroutines it starts and returns after they have ended.
func Run(ctx context.Context, o RunOptions) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	begun := time.Now().In(o.Location)
	start := begun.Add(-o.History).Truncate(o.HistoryStep).In(o.Location)
	shop, err := NewShop(Options{Seed: o.Seed, Start: start})
	if err != nil {
		return err
	}
	if _, err := shop.known(o.Victim); err != nil {
		return err
	}
	p := &play{
		options: o,
		shop:    shop,
		sender:  NewSender(SenderOptions{URL: o.URL, Client: o.Client}),
		next:    start,
		fine:    begun.Add(-o.Fine),
		begun:   begun,
		earlier: shop.Earlier(begun),
	}
	err = p.run(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// say writes one line of the narration with the time of day.
func (p *play) say(format string, args ...any) {
	fmt.Fprintf(p.options.Out, "%s  %s\n", time.Now().In(p.options.Location).Format("15:04:05"), fmt.Sprintf(format, args...))
}
