package app

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/rca"
)

// Last returns the live detector's word on the newest judged sample of a series.
func (c *Core) Last(l labels.Labels) (detector.Verdict, bool) { return c.bank.Last(c.bank.Register(l)) }

// BankForTest returns the live detector.
func (c *Core) BankForTest() *detector.Bank { return c.bank }

// StoreWarnings returns what the status page warns of, beside the configuration.
func (c *Core) StoreWarnings() []string { return c.storeWarnings() }

// DamagedCheckpointsForTest returns how many checkpoints could not be read.
func (c *Core) DamagedCheckpointsForTest() uint64 { return c.metrics.checkpointsDamaged.Get() }

// LastBeatForTest returns when the daemon last said that it works.
func (c *Core) LastBeatForTest() time.Time { return c.beats.last }

// TakeVerdicts returns what the detector has told since the last call.
func (c *Core) TakeVerdicts() []detector.Verdict { return c.takeVerdicts(nil) }

// LoseVerdicts loses what waits in the queue, as it would had that been full.
func (c *Core) LoseVerdicts() {
	for range len(c.observer.queue) {
		<-c.observer.queue
	}
	c.observer.lost.Store(true)
}

// EvidenceForTest returns what root cause reads of services.
func (c *Core) EvidenceForTest() rca.SeriesSource { return evidence{c} }

// LearnLoopForTest does the warm start and learns from imports until ctx ends.
func (c *Core) LearnLoopForTest(ctx context.Context) error { return c.learnLoop(ctx) }
