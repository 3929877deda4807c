package app

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/web"
)

// writeMetrics writes the sets of the VictoriaMetrics library.
func (a *App) writeMetrics(w io.Writer) {
	a.set.WritePrometheus(w)
	metrics.WriteProcessMetrics(w)
	fmt.Fprintf(w, "tocsin_build_info{version=%q,go=%q} 1\n", a.opts.Version, runtime.Version())
}

// How far back the status page shows times without detection, and how many.
const (
	gapsShown = 7 * 24 * time.Hour
	mostGaps  = 20
)

// status sums up the daemon for its status page. It reads the same counters as
// /metrics, so that the two cannot disagree.
func (a *App) status(ctx context.Context) (web.Status, error) {
	c := a.Core()
	counters := a.counters()
	a.mu.Lock()
	last, retention := a.last, a.loaded.config.Storage.Retention.Std()
	a.mu.Unlock()
	samples := sum(counters, "tocsin_store_samples_total")
	s := web.Status{
		Version: a.opts.Version, Started: a.started, UptimeSeconds: c.now().Sub(a.started).Seconds(),
		ListenAddress: a.Address(), ConfigFile: a.opts.ConfigFile, Reload: last,
		Store: web.StoreStatus{
			Series: c.tsdb.NumSeries(), SamplesTotal: uint64(samples), SamplesPerSecond: a.server.rates.rate(samples),
			RetentionSeconds: retention.Seconds(), Bytes: uint64(max(0, c.diskBytes())),
		},
		Rules:    c.rulesStatus(),
		Scrape:   c.scrapeStatus(),
		Forward:  c.forwardStatus(),
		Drops:    drops(counters),
		Warnings: append(append(c.storeWarnings(), c.logStore.warnings()...), a.warnings()...),
		Logs:     c.logStore.status(),
		Runtime: web.RuntimeStatus{
			GoVersion: runtime.Version(), Goroutines: runtime.NumGoroutine(),
			ResidentBytes: uint64(sum(a.processCounters(), "process_resident_memory_bytes")), MaxProcs: runtime.GOMAXPROCS(0),
		},
	}
	if from, to, ok := c.timeRange(); ok {
		s.Store.Oldest, s.Store.Newest = time.UnixMilli(from).UTC(), time.UnixMilli(to).UTC()
	}
	var err error
	if s.Detector, err = c.detectorStatus(ctx); err != nil {
		return s, err
	}
	if s.Gaps, err = c.Gaps(ctx, c.now().Add(-gapsShown), mostGaps); err != nil {
		return s, err
	}
	s.Channels, err = c.channelStatus(ctx)
	return s, err
}

func (c *Core) diskBytes() int64 {
	var n int64
	for _, b := range c.tsdb.Blocks() {
		n += b.Size()
	}
	return n + c.tsdb.MemorySize()
}

func (c *Core) rulesStatus() web.RulesStatus {
	var s web.RulesStatus
	for _, g := range c.engine.RuleGroups() {
		for _, r := range g.Rules() {
			if r.LastError() != nil {
				s.Failing++
			}
		}
		s.Alerts += len(g.AlertingRules())
		s.Recording += len(g.Rules()) - len(g.AlertingRules())
		for _, r := range g.AlertingRules() {
			for _, al := range r.ActiveAlerts() {
				if al.State.String() == string(rules.AlertPending) {
					s.Pending++
				}
			}
		}
		if t := g.GetLastEvaluation(); t.After(s.Evaluated) {
			s.Evaluated = t
		}
	}
	for _, al := range c.engine.Alerts() {
		switch al.State {
		case rules.AlertFiring:
			s.Firing++
		case rules.AlertHeld:
			s.Held++
		case rules.AlertStale:
			s.Stale++
		}
	}
	return s
}

// counters returns the present value of every line of our own metrics.
func (a *App) counters() map[string]float64 {
	var b strings.Builder
	a.set.WritePrometheus(&b)
	return parseCounters(b.String())
}

func (a *App) processCounters() map[string]float64 {
	var b strings.Builder
	metrics.WriteProcessMetrics(&b)
	return parseCounters(b.String())
}

func parseCounters(text string) map[string]float64 {
	out := map[string]float64{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		i := strings.LastIndexByte(line, ' ')
		if i < 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if v, err := strconv.ParseFloat(line[i+1:], 64); err == nil {
			out[line[:i]] = v
		}
	}
	return out
}

// sum adds all series of one metric.
func sum(counters map[string]float64, name string) float64 {
	total := 0.0
	for k, v := range counters {
		if k == name || strings.HasPrefix(k, name+"{") {
			total += v
		}
	}
	return total
}

// drops lists every counter of something lost or refused that is not zero, the
// largest first.
func drops(counters map[string]float64) []web.Drop {
	out := []web.Drop{}
	for k, v := range counters {
		name, labels, _ := strings.Cut(strings.TrimSuffix(k, "}"), "{")
		dropped := strings.HasSuffix(name, "_dropped_total") || strings.HasSuffix(name, "_rejected_total") || strings.HasSuffix(name, "_refused_total")
		if !dropped || v == 0 {
			continue
		}
		where := strings.TrimPrefix(name, "tocsin_")
		where = where[:strings.LastIndexByte(strings.TrimSuffix(where, "_total"), '_')]
		out = append(out, web.Drop{Where: where, Reason: labelValue(labels, "reason"), Count: uint64(v)})
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Count != out[j].Count {
			return out[i].Count > out[j].Count
		}
		return out[i].Where+out[i].Reason < out[j].Where+out[j].Reason
	})
	return out
}

// labelValue finds one label in text such as protocol="a",reason="b".
func labelValue(labels, name string) string {
	for part := range strings.SplitSeq(labels, ",") {
		if k, v, ok := strings.Cut(part, "="); ok && k == name {
			return strings.Trim(v, `"`)
		}
	}
	return ""
}

// rateMeter turns a growing total into a rate. It keeps looks of the last minute,
// so that senders which come every fifteen or thirty seconds show as a steady rate.
type rateMeter struct {
	now func() time.Time

	mu    sync.Mutex
	looks []look // oldest first
}

type look struct {
	at    time.Time
	total float64
}

// rateWindow is the time over which a rate is taken.
const rateWindow = time.Minute

// note keeps the total as it is now.
func (m *rateMeter) note(total float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	old := 0
	for old < len(m.looks)-1 && now.Sub(m.looks[old+1].at) >= rateWindow {
		old++
	}
	m.looks = append(m.looks[old:], look{now, total})
}

// rate returns the growth per second between the oldest look kept and now; 0
// while there is no look at least a second old.
func (m *rateMeter) rate(total float64) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.looks) == 0 {
		return 0
	}
	elapsed := m.now().Sub(m.looks[0].at).Seconds()
	if elapsed < 1 {
		return 0
	}
	return (total - m.looks[0].total) / elapsed
}
