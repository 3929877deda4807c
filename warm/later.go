package warm

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/store/remote"
)

// A machine that starts brings up the server and this daemon together, and the server
// answers with 503 until it has read its log, as it does when it is started anew while it
// is read. So it is asked again: first after firstWait, then after twice as long each time,
// mostWait at most, for patience in all.
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

// workLater asks a server again for the series that it did not give, with the patience of
// listLater. Each round has banks of its own: those of the round before have seen what the
// store has of these series, after which the server's samples would come too late.
func (s *Starter) workLater(ctx context.Context, server *remote.Reader, missed []missing) error {
	waited, wait := time.Duration(0), firstWait
	for len(missed) > 0 && waited < patience {
		s.o.Logger.Warn("the server of the warm start did not give all series; it is asked for them again", "series", len(missed), "in", wait, "error", firstOf(missed))
		if err := s.o.Wait(ctx, wait); err != nil {
			return err
		}
		waited, wait = waited+wait, min(2*wait, mostWait)
		again := make([]source, len(missed))
		for i, x := range missed {
			again[i] = x.source
		}
		s.done.Add(-int64(len(again)))
		s.failed.Add(-int64(len(again)))
		var err error
		if missed, err = s.work(ctx, server, again); err != nil {
			return err
		}
	}
	if server != nil {
		s.short.Store(len(missed) > 0)
	}
	if len(missed) == 0 {
		return nil
	}
	for _, x := range missed {
		if !errors.Is(x.err, errLeftAlone) {
			s.tell(x.source, x.err)
		}
	}
	s.o.Logger.Error("the server of the warm start is given up; series that it did not give learn from the store and from what comes in, and a restart tries again", "series", len(missed), "asked for", waited, "error", firstOf(missed))
	return nil
}

// firstOf returns what the server failed with first.
func firstOf(missed []missing) error {
	for _, x := range missed {
		if !errors.Is(x.err, errLeftAlone) {
			return x.err
		}
	}
	return missed[0].err
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
