package store

import (
	"database/sql"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/metadata"

	"github.com/tocsinhq/tocsin/telemetry"
)

// CatalogueOptions are what a Catalogue is made of.
type CatalogueOptions struct {
	State   *sql.DB // from OpenState; stays the caller's
	Config  Config  // MaxMetadata bounds the descriptions, Retention how long one is kept that nobody sends
	Now     func() time.Time
	Logger  *slog.Logger
	Metrics *metrics.Set
}

// Catalogue knows the type, unit and help of metrics, by metric family. A family
// has several descriptions when senders disagree. It is filled by the writer and
// kept in the state database; what came within the last seconds before a kill
// comes again from its senders. It is safe for concurrent use.
type Catalogue struct {
	db        *sql.DB
	max       int
	retention int64 // minutes
	now       func() time.Time
	log       *slog.Logger
	metrics   *catalogueMetrics
	hasher    wordingHasher

	mu       sync.RWMutex
	families map[string][]*description
	count    int                     // of descriptions
	known    map[uint64]*description // by wording, as it comes; nil for one that was dropped
	unknown  int                     // nil entries of known
	gone     []*description          // to be deleted from the database
}

const (
	// maxWordings bounds the descriptions of one family.
	maxWordings = 8
	// maxHelpBytes bounds one help text; what is longer is cut.
	maxHelpBytes = 4 << 10
	maxUnitBytes = 256
	// maxDropped bounds the wordings remembered as dropped.
	maxDropped = 10_000
	// staleWording is how long, in minutes, a wording must not have been sent to make
	// room for another one of its family.
	staleWording = 60
)

// description is one wording of a family.
type description struct {
	family string
	metadata.Metadata
	seen  atomicMinute
	saved int64 // minute of seen that the database has; 0 if it has no row
}

// wording is what one series or metadata entry says.
type wording struct {
	name string // of the family, or of the series if series is set
	hash uint64
	telemetry.Metadata
	series bool
}

// Note takes in the metadata of a batch. What is known already, which is nearly
// all, costs a look-up without allocation.
func (c *Catalogue) Note(b *telemetry.Batch, now time.Time) {
	minute := now.Unix() / 60
	if fresh := c.unheard(b, minute); len(fresh) > 0 {
		c.learn(fresh, minute)
	}
}

// unheard marks the wordings of a batch that are known as seen and returns the others.
func (c *Catalogue) unheard(b *telemetry.Batch, minute int64) (fresh []wording) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var last []byte
	var lastM telemetry.Metadata
	dropped := 0
	look := func(name []byte, m telemetry.Metadata, series bool) {
		h := c.hasher.of(name, &m, series)
		d, ok := c.known[h]
		switch {
		case !ok:
			m.Help, m.Unit = slices.Clone(m.Help), slices.Clone(m.Unit)
			fresh = append(fresh, wording{name: string(name), hash: h, Metadata: m, series: series})
		case d == nil:
			dropped++
		default:
			d.seen.advance(minute)
		}
	}
	for i := range b.Metadata {
		look(b.Metadata[i].Family, b.Metadata[i], false)
	}
	for i := range b.Series {
		s := &b.Series[i]
		if m := s.Metadata; m == nil || m.Type == "" && len(m.Help) == 0 && len(m.Unit) == 0 {
			continue
		}
		name := metricName(s.Labels)
		// Series of one metric come together, with the same symbols.
		if same(name, last) && same(s.Metadata.Help, lastM.Help) && same(s.Metadata.Unit, lastM.Unit) && s.Metadata.Type == lastM.Type {
			continue
		}
		last, lastM = name, *s.Metadata
		look(name, lastM, true)
	}
	c.metrics.dropped("dropped_before", dropped)
	return fresh
}

// same reports whether two texts are the very same bytes in memory.
func same(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// metricName returns the value of __name__, nil if there is none.
func metricName(pairs []telemetry.Pair) []byte {
	for i := range pairs {
		if string(pairs[i].Name) == model.MetricNameLabel {
			return pairs[i].Value
		}
	}
	return nil
}

// learn takes in wordings that are new.
func (c *Catalogue) learn(fresh []wording, minute int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range fresh {
		w := &fresh[i]
		if _, ok := c.known[w.hash]; ok {
			continue // another request was quicker
		}
		d, reason := c.describe(w, minute)
		if d == nil {
			c.metrics.dropped(reason, 1)
			c.forgetDropped()
			c.unknown++
		}
		c.known[w.hash] = d
	}
}

// describe finds or makes the description that a wording asks for, or says why
// there is none.
func (c *Catalogue) describe(w *wording, minute int64) (d *description, reason string) {
	family := w.name
	if w.series {
		family = familyOf(family, w.Type)
	}
	if family == "" || len(family) > maxHelpBytes || !utf8.ValidString(family) {
		return nil, "invalid_name"
	}
	if w.Type == "" {
		w.Type = model.MetricTypeUnknown
	}
	m := metadata.Metadata{Type: w.Type, Unit: cut(w.Unit, maxUnitBytes), Help: cut(w.Help, maxHelpBytes)}
	all := c.families[family]
	for _, d := range all {
		if d.Metadata == m {
			d.seen.advance(minute)
			return d, ""
		}
	}
	d = &description{family: family, Metadata: m}
	d.seen.advance(minute)
	switch {
	case len(all) >= maxWordings:
		i := oldest(all)
		if minute-all[i].seen.Load() < staleWording {
			return nil, "too_many_of_one_metric"
		}
		c.forget(all[i])
	case c.count >= c.max:
		return nil, "limit"
	}
	c.add(d)
	return d, ""
}

// add takes a description in. The caller holds the lock, as for those below.
func (c *Catalogue) add(d *description) {
	c.families[d.family] = append(c.families[d.family], d)
	c.count++
}

// forget takes a description out.
func (c *Catalogue) forget(d *description) {
	left := slices.DeleteFunc(c.families[d.family], func(x *description) bool { return x == d })
	if len(left) == 0 {
		delete(c.families, d.family)
	} else {
		c.families[d.family] = left
	}
	c.count--
	maps.DeleteFunc(c.known, func(_ uint64, x *description) bool { return x == d })
	if d.saved != 0 {
		c.gone = append(c.gone, d)
	}
}

// forgetDropped keeps what is remembered of dropped wordings small.
func (c *Catalogue) forgetDropped() {
	if c.unknown < maxDropped {
		return
	}
	maps.DeleteFunc(c.known, func(_ uint64, x *description) bool { return x == nil })
	c.unknown = 0
}

func oldest(all []*description) int {
	first := 0
	for i, d := range all {
		if d.seen.Load() < all[first].seen.Load() {
			first = i
		}
	}
	return first
}

// cut returns a text of at most n bytes in valid UTF-8 and in memory of its own.
func cut(b []byte, n int) string {
	const more = "..."
	s := strings.ToValidUTF8(string(b), "\uFFFD")
	if len(s) <= n {
		return s
	}
	s = s[:n-len(more)]
	for len(s) > 0 && !utf8.ValidString(s[max(0, len(s)-utf8.UTFMax):]) {
		s = s[:len(s)-1]
	}
	return strings.Clone(s) + more
}

// Metadata returns the descriptions by metric family, of one family if metric is
// not empty, else of the first limit families by name, of all if limit is below 0.
// A family whose senders disagree has several, the latest to be sent first. The
// result is the caller's.
func (c *Catalogue) Metadata(metric string, limit int) map[string][]metadata.Metadata {
	c.mu.RLock()
	defer c.mu.RUnlock()
	names := []string{metric}
	if metric == "" {
		names = slices.Sorted(maps.Keys(c.families))
	}
	if limit >= 0 && len(names) > limit {
		names = names[:limit]
	}
	found := make(map[string][]metadata.Metadata, len(names))
	for _, name := range names {
		all := slices.Clone(c.families[name])
		slices.SortStableFunc(all, func(a, b *description) int { return compare(b.seen.Load(), a.seen.Load()) })
		for _, d := range all {
			found[name] = append(found[name], d.Metadata)
		}
	}
	return found
}

// suffixes are those that the series of a family of a type have.
var suffixes = map[model.MetricType][]string{
	model.MetricTypeHistogram:      {"_bucket", "_count", "_sum"},
	model.MetricTypeGaugeHistogram: {"_bucket", "_gcount", "_gsum"},
	model.MetricTypeSummary:        {"_count", "_sum"},
}

// familyOf returns the family of a series. Those of a histogram and of a summary
// have suffixes; others are named like their only series, as they are in the
// classic text format.
func familyOf(series string, t model.MetricType) string {
	for _, suffix := range suffixes[t] {
		if base, ok := strings.CutSuffix(series, suffix); ok && base != "" {
			return base
		}
	}
	return series
}
