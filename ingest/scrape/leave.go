package scrape

import (
	"context"
	"slices"
	"time"

	promconfig "github.com/prometheus/prometheus/config"
)

// leaving is a job that was taken out. Prometheus drops such a job with all its
// targets at once and marks none of their series stale, so that they look like
// series whose source has failed. Here it first loses its targets, which does mark
// them, and goes when that is done.
type leaving struct {
	job *promconfig.ScrapeConfig
	at  time.Time
}

// leave returns what is leaving when jobs follow on those before.
func (m *Manager) leave(jobs Jobs, now time.Time) []leaving {
	var out []leaving
	stays := func(job *promconfig.ScrapeConfig) bool { return jobs.from[job.JobName] != "" }
	for _, l := range m.leaving {
		if !stays(l.job) && l.at.After(now) {
			out = append(out, l)
		}
	}
	for _, job := range m.jobs.configs {
		if !stays(job) {
			// The marks come two intervals and a tenth after the last scrape.
			out = append(out, leaving{job, now.Add(m.settle + 3*time.Duration(job.ScrapeInterval))})
		}
	}
	return out
}

// dismiss lets jobs that are leaving go when their time has come, until ctx ends.
func (m *Manager) dismiss(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.left:
		case <-timer.C:
		}
		if next := m.dismissDue(time.Now()); next > 0 {
			timer.Reset(next)
		}
	}
}

// dismissDue lets go what is due and returns how long the next one has, 0 when
// nothing is leaving.
func (m *Manager) dismissDue(now time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.leaving
	m.leaving = slices.DeleteFunc(slices.Clone(was), func(l leaving) bool { return !l.at.After(now) })
	if len(m.leaving) != len(was) {
		if err := m.apply(m.jobs); err != nil {
			// Without targets they do no harm for a while longer.
			m.log.Warn("scrape jobs that were taken out could not be let go; this is tried again", "error", err)
			m.leaving = was
			return m.settle
		}
	}
	next := time.Duration(0)
	for _, l := range m.leaving {
		if d := l.at.Sub(now); next == 0 || d < next {
			next = d
		}
	}
	return next
}
