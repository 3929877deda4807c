package promapi

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	apiv1 "github.com/prometheus/prometheus/web/api/v1"
)

// fillWithNone puts into each place that was left out what has nothing to tell.
func (o *Options) fillWithNone() {
	if o.Rules == nil {
		o.Rules = noRules{}
	}
	if o.Exemplars == nil {
		o.Exemplars = noExemplars{}
	}
	if o.Targets == nil {
		o.Targets = noTargets{}
	}
	if o.ScrapePools == nil {
		o.ScrapePools = func() []string { return nil }
	}
	if o.Metadata == nil {
		o.Metadata = func(string, int) map[string][]metadata.Metadata { return nil }
	}
	if o.Config == nil {
		o.Config = func() string { return "" }
	}
	if o.WALReplay == nil {
		o.WALReplay = func() (tsdb.WALReplayStatus, error) { return tsdb.WALReplayStatus{}, nil }
	}
	if o.Runtime == nil {
		o.Runtime = ProcessInfo
	}
}

// ProcessInfo returns what the process knows of itself for
// /api/v1/status/runtimeinfo; times, the state of reloads and retention are the
// caller's to add.
func ProcessInfo() (apiv1.RuntimeInfo, error) {
	dir, err := os.Getwd()
	if err != nil {
		return apiv1.RuntimeInfo{}, fmt.Errorf("working folder: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		return apiv1.RuntimeInfo{}, fmt.Errorf("name of the host: %w", err)
	}
	return apiv1.RuntimeInfo{
		CWD: dir, Hostname: host, GoroutineCount: runtime.NumGoroutine(), GOMAXPROCS: runtime.GOMAXPROCS(0),
		GOMEMLIMIT: debug.SetMemoryLimit(-1), GOGC: os.Getenv("GOGC"), GODEBUG: os.Getenv("GODEBUG"),
	}, nil
}

// noRules is the rule engine of a daemon without rules.
type noRules struct{}

func (noRules) RuleGroups() []*rules.Group           { return nil }
func (noRules) AlertingRules() []*rules.AlertingRule { return nil }

// noTargets says that nothing is scraped.
type noTargets struct{}

func (noTargets) TargetsActive() map[string][]*scrape.Target  { return nil }
func (noTargets) TargetsDropped() map[string][]*scrape.Target { return nil }
func (noTargets) TargetsDroppedCounts() map[string]int        { return map[string]int{} }
func (noTargets) ScrapePoolConfig(pool string) (*config.ScrapeConfig, error) {
	return nil, fmt.Errorf("no scrape pool %q: nothing is scraped", pool)
}

// scrapePools makes the retriever of a func. Prometheus answers null for none,
// where clients expect a list.
type scrapePools func() []string

func (f scrapePools) ScrapePools() []string { return append([]string{}, f()...) }

// noAlertmanagers says that alerts are sent to no Alertmanager: incidents and
// channels are inside.
type noAlertmanagers struct{}

func (noAlertmanagers) Alertmanagers() []*url.URL        { return nil }
func (noAlertmanagers) DroppedAlertmanagers() []*url.URL { return nil }

// noExemplars answers exemplar queries with nothing, when none are stored.
type noExemplars struct{}

func (noExemplars) ExemplarQuerier(context.Context) (storage.ExemplarQuerier, error) {
	return noExemplars{}, nil
}

func (noExemplars) Select(int64, int64, ...[]*labels.Matcher) ([]exemplar.QueryResult, error) {
	return []exemplar.QueryResult{}, nil
}
