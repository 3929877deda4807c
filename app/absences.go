package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tocsinhq/tocsin/rules/journal"
)

// absencesMost bounds how many times without detection are known to replays: those of a
// daemon that is started anew each hour of three weeks.
const absencesMost = 504

// absences are the times in which nothing could be detected, as far as they are on record,
// for those who replay what is stored: a silence of then is none. It is safe for concurrent
// use.
type absences struct {
	mu  sync.Mutex
	all [][2]int64 // from and to in ms, oldest first; replaced, never altered
}

// read takes over what is on record.
func (a *absences) read(ctx context.Context, log *journal.Gaps) error {
	known, err := log.List(ctx, time.Time{}, absencesMost)
	if err != nil {
		return err
	}
	slices.Reverse(known)
	for _, g := range known {
		a.add(g)
	}
	return nil
}

// add notes one that is over.
func (a *absences) add(g journal.Gap) {
	a.mu.Lock()
	defer a.mu.Unlock()
	from := max(0, len(a.all)+1-absencesMost)
	a.all = append(slices.Clone(a.all[from:]), [2]int64{g.From.UnixMilli(), g.To.UnixMilli()})
}

// list returns those that are known. The caller must not alter them.
func (a *absences) list() [][2]int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.all
}
