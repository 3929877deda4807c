package warm

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/store/remote"
)

// A machine that starts brings up the server and this daemon together, and the server
// answers with 503 until it has read its log. So it is asked again: first after firstWait,
// then after twice as long each time, mostWait at most, for patience in all.
const (
	firstWait = time.Second
	mostWait  = time.Minute
	patience  = 10 * time.Minute
)

// list asks the server for its series; none are an empty list and not nil.
func (s *Starter) list(ctx context.Context, server *remote.Reader) ([]labels.Labels, error) {
	now := s.o.Now()
	series, err := server.Series(ctx, s.o.Config.selectors(), now.Add(-s.o.Config.Lookback.Std()), now)
	if series == nil && err == nil {
		series = []labels.Labels{}
	}
	return series, err
}

// listLater asks a server again that has answered with an error. It returns nil, and no
// error, if it still does in the end, and the context's error when that ends.
func (s *Starter) listLater(ctx context.Context, server *remote.Reader, err error) ([]labels.Labels, error) {
	s.short.Store(true) // an end meanwhile leaves it to the next start
	if ctx.Err() == nil {
		s.o.Logger.Warn("the server of the warm start does not answer yet; it is asked again", "for", patience, "error", err)
	}
	waited, wait := time.Duration(0), firstWait
	for waited < patience && ctx.Err() == nil {
		if err := s.o.Wait(ctx, wait); err != nil {
			return nil, err
		}
		var series []labels.Labels
		if series, err = s.list(ctx, server); err == nil {
			s.short.Store(false)
			return series, nil
		}
		waited, wait = waited+wait, min(2*wait, mostWait)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	s.o.Logger.Error("no warm start from the server; series learn from what comes in, and a restart tries again", "asked for", waited, "error", err)
	return nil, nil
}

// byClock is Options.Wait if there is none.
func byClock(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
