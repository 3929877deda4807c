package store

import (
	"context"
	"database/sql"
	"fmt"
	"hash/maphash"
	"maps"
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/telemetry"
)

const (
	saveEvery = 10 * time.Second
	// saveSeen is how far, in minutes, the time of the last use in the database may
	// lag behind, so that a description that is sent all the time is rarely written.
	saveSeen = 6 * 60
	// saveBatch is the number of rows of one transaction, so that others get at the
	// database in between.
	saveBatch = 500
)

// NewCatalogue returns a catalogue with the descriptions that the database has. It
// starts nothing; see Run.
func NewCatalogue(ctx context.Context, o CatalogueOptions) (*Catalogue, error) {
	c := &Catalogue{
		db: o.State, max: o.Config.MaxMetadata, retention: int64(time.Duration(o.Config.Retention) / time.Minute),
		now: o.Now, log: o.Logger, hasher: newWordingHasher(),
		families: make(map[string][]*description), known: make(map[uint64]*description),
	}
	c.metrics = newCatalogueMetrics(o.Metrics, c)
	if err := c.load(ctx); err != nil {
		return nil, fmt.Errorf("load metric metadata: %w", err)
	}
	return c, nil
}

// load reads what was kept, the latest first, up to the limit of today.
func (c *Catalogue) load(ctx context.Context) error {
	rows, err := c.db.QueryContext(ctx, `SELECT family, type, unit, help, seen FROM metric_metadata ORDER BY seen DESC`)
	if err != nil {
		return err
	}
	defer rows.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for rows.Next() {
		d := new(description)
		var typ string
		var seen int64
		if err := rows.Scan(&d.family, &typ, &d.Unit, &d.Help, &seen); err != nil {
			return err
		}
		d.Type = model.MetricType(typ)
		d.saved = seen / 60_000
		d.seen.advance(d.saved)
		if c.count >= c.max {
			c.gone = append(c.gone, d)
			continue
		}
		c.add(d)
	}
	return rows.Err()
}

// Run saves what is new every ten seconds and when ctx ends, and forgets what
// nobody has sent for as long as samples are kept. It returns nil.
func (c *Catalogue) Run(ctx context.Context) error {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveEvery)
			defer cancel()
			c.keep(last)
			return nil
		case <-tick.C:
			c.keep(ctx)
		}
	}
}

func (c *Catalogue) keep(ctx context.Context) {
	if err := c.Save(ctx); err != nil {
		c.metrics.saveErrors.Inc()
		c.log.Warn("metric metadata are not saved yet", "err", err)
	}
}

// row is a description on its way to the database.
type row struct {
	d    *description
	seen int64 // minute, 0 to delete it
}

// Save brings the database to what the catalogue knows. What could not be saved is
// tried again by the next call.
func (c *Catalogue) Save(ctx context.Context) error {
	rows := c.changes()
	for len(rows) > 0 {
		n := min(len(rows), saveBatch)
		if err := c.write(ctx, rows[:n]); err != nil {
			c.restore(rows)
			return fmt.Errorf("save metric metadata: %w", err)
		}
		c.mu.Lock()
		for _, x := range rows[:n] {
			x.d.saved = x.seen
		}
		c.mu.Unlock()
		rows = rows[n:]
	}
	return nil
}

// changes forgets what is too old and returns what the database lacks.
func (c *Catalogue) changes() []row {
	rows, old := c.unsaved(c.now().Unix()/60 - c.retention)
	c.forgetAll(old)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.gone {
		rows = append(rows, row{d: d})
	}
	c.gone = nil
	return rows
}

// unsaved looks through all descriptions beside the writers and returns those that
// the database lacks and those last sent before a minute.
func (c *Catalogue) unsaved(before int64) (rows []row, old []*description) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, all := range c.families {
		for _, d := range all {
			switch seen := d.seen.Load(); {
			case seen < before:
				old = append(old, d)
			case d.saved == 0 || seen-d.saved >= saveSeen:
				rows = append(rows, row{d, seen})
			}
		}
	}
	return rows, old
}

// forgetAll takes descriptions out, after which there may be room for some that
// were dropped.
func (c *Catalogue) forgetAll(old []*description) {
	if len(old) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range old {
		c.forget(d)
	}
	maps.DeleteFunc(c.known, func(_ uint64, d *description) bool { return d == nil })
	c.unknown = 0
}

// restore notes rows that are still to be deleted; the others show themselves.
func (c *Catalogue) restore(rows []row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range rows {
		if x.seen == 0 {
			c.gone = append(c.gone, x.d)
		}
	}
}

func (c *Catalogue) write(ctx context.Context, rows []row) error {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	for _, x := range rows {
		if err := save(ctx, tx, x); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func save(ctx context.Context, tx *sql.Tx, x row) error {
	d := x.d
	if x.seen == 0 {
		_, err := tx.ExecContext(ctx, `DELETE FROM metric_metadata WHERE family = ? AND type = ? AND unit = ? AND help = ?`,
			d.family, string(d.Type), d.Unit, d.Help)
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO metric_metadata (family, type, unit, help, seen) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (family, type, unit, help) DO UPDATE SET seen = excluded.seen`,
		d.family, string(d.Type), d.Unit, d.Help, x.seen*60_000)
	return err
}

// atomicMinute is a time in minutes since 1970 that only grows.
type atomicMinute struct{ atomic.Int64 }

// advance moves it to minute. Usually it is there already, and nothing is written.
func (a *atomicMinute) advance(minute int64) {
	if a.Load() < minute {
		a.Store(minute)
	}
}

// wordingHasher makes the keys of wordings. Two of them share one by chance once in
// 2^64, which costs the second a description that nobody sees.
type wordingHasher maphash.Seed

func newWordingHasher() wordingHasher { return wordingHasher(maphash.MakeSeed()) }

func (h wordingHasher) of(name []byte, m *telemetry.Metadata, series bool) uint64 {
	const odd = 0x9e3779b97f4a7c15
	seed := maphash.Seed(h)
	sum := maphash.Bytes(seed, name)
	sum = bits.RotateLeft64(sum*odd, 29) ^ maphash.String(seed, string(m.Type))
	sum = bits.RotateLeft64(sum*odd, 29) ^ maphash.Bytes(seed, m.Help)
	sum = bits.RotateLeft64(sum*odd, 29) ^ maphash.Bytes(seed, m.Unit)
	if series {
		sum++
	}
	return sum
}

type catalogueMetrics struct {
	set        *metrics.Set
	saveErrors *metrics.Counter
}

func newCatalogueMetrics(set *metrics.Set, c *Catalogue) *catalogueMetrics {
	set.NewGauge("tocsin_store_metadata_entries", func() float64 {
		c.mu.RLock()
		defer c.mu.RUnlock()
		return float64(c.count)
	})
	return &catalogueMetrics{set: set, saveErrors: set.NewCounter("tocsin_store_metadata_save_errors_total")}
}

// dropped counts metadata that are not kept; dropped_before are those whose wording
// was dropped for one of the other reasons when it first came.
func (m *catalogueMetrics) dropped(reason string, n int) {
	if n > 0 {
		m.set.GetOrCreateCounter(`tocsin_store_dropped_metadata_total{reason="` + reason + `"}`).Add(n)
	}
}
