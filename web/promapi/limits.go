package promapi

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"time"
)

// gate lets so many requests run at a time and so many more wait for a while.
type gate struct {
	running, waiting chan struct{}
	most             time.Duration
}

func newGate(l Limits) gate {
	return gate{running: make(chan struct{}, l.Concurrent), waiting: make(chan struct{}, l.Queued), most: l.QueueTime}
}

var errBusy = errors.New("too many queries run and wait at this moment; ask fewer at a time, or again in a few seconds [too_many_queries]")

// enter waits for a place and returns the func that gives it back, errBusy when
// there is none for too long, or the error of ctx.
func (g gate) enter(ctx context.Context) (leave func(), err error) {
	leave = func() { <-g.running }
	select {
	case g.running <- struct{}{}:
		return leave, nil
	default:
	}
	select {
	case g.waiting <- struct{}{}:
		defer func() { <-g.waiting }()
	default:
		return nil, errBusy
	}
	patience := time.NewTimer(g.most)
	defer patience.Stop()
	select {
	case g.running <- struct{}{}:
		return leave, nil
	case <-patience.C:
		return nil, errBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// checkQuery refuses a text that would cost more to read than any query is
// worth. Prometheus' parser takes seconds for a megabyte of brackets.
func (l Limits) checkQuery(q string) error {
	if len(q) > l.QueryBytes {
		return fmt.Errorf("the query has %d bytes, the limit is %d; select by a regular expression or a recording rule [query_too_long]", len(q), l.QueryBytes)
	}
	if d := depth(q); d > l.Depth {
		return fmt.Errorf("brackets are nested %d deep in the query, the limit is %d [query_too_deep]", d, l.Depth)
	}
	return nil
}

// depth returns how deep brackets are nested outside of strings and comments.
func depth(q string) int {
	var most, now int
	var quote byte
	comment := false
	for i := 0; i < len(q); i++ {
		c := q[i]
		switch {
		case comment:
			comment = c != '\n'
		case quote != 0:
			switch {
			case c == '\\' && quote != '`':
				i++
			case c == quote:
				quote = 0
			}
		case c == '#':
			comment = true
		case c == '"', c == '\'', c == '`':
			quote = c
		case c == '(', c == '[', c == '{':
			now++
			most = max(most, now)
		case c == ')', c == ']', c == '}':
			now--
		}
	}
	return most
}

// farthest is how many seconds from 1970 a time may be, so that it fits into
// milliseconds.
const farthest = math.MaxInt64/1000 - 1

// checkTimes refuses times that are numbers and no times; Prometheus takes NaN
// for the year 1754.
func checkTimes(form url.Values) error {
	for _, name := range []string{"time", "start", "end"} {
		v, err := strconv.ParseFloat(form.Get(name), 64)
		if err == nil && !(math.Abs(v) <= farthest) {
			return fmt.Errorf("invalid parameter %q: want a time in seconds since 1970 or as 2026-01-02T15:04:05Z, got %q", name, form.Get(name))
		}
	}
	return nil
}
