package change

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/oklog/ulid/v2"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Options of a Feed; the zero value is usable.
type Options struct {
	Metrics *metrics.Set // nil: counted but shown nowhere
	// RollbackWindow is how long after a deployment another one of the version before
	// it is a rollback; 0 recognises none.
	RollbackWindow time.Duration
	NewID          func(at time.Time) string // ids of changes sent without one; nil: ULIDs
}

// Feed stores changes. It is safe for concurrent use.
type Feed struct {
	db    *sql.DB
	newID func(at time.Time) string
	back  time.Duration
	m     feedMetrics
}

// NewFeed returns a feed over the table "changes" of db, which the caller closes.
func NewFeed(db *sql.DB, o Options) *Feed {
	f := &Feed{db: db, newID: o.NewID, back: o.RollbackWindow, m: newFeedMetrics(o.Metrics)}
	if f.newID == nil {
		f.newID = func(at time.Time) string { return ulid.MustNew(ulid.Timestamp(at), rand.Reader).String() }
	}
	return f
}

// Filter chooses changes. Zero fields do not restrict. From is inclusive and To
// exclusive, both of the start. Limit is 100 when zero and at most 1000.
type Filter struct {
	Service     string
	Environment string
	Kind        telemetry.ChangeKind
	From, To    time.Time
	Limit       int
}

// Record stores a change or brings a stored one up to date, and returns it as
// it is known now and whether it is new. Times are cut to milliseconds, UTC.
//
// A change with the id of a stored one updates it: it may end, gain fields and
// be told again (which alters nothing), but a finished one is not reopened.
// A change that was seen in telemetry and is told now becomes the told one; see
// RecordInferred. A deployment of the version before the last one is marked as its
// rollback by the label revert_of.
//
// Without an id, a finish is paired with the start of the same service,
// environment, kind and version_to within PairWindow, and a change told twice
// with the same times is one. Otherwise it is new: kind is deployment when not
// given, status succeeded when finished is given and else started, started is
// receivedAt.
//
// It returns an *InvalidError when any field is wrong, and stores nothing then.
func (f *Feed) Record(ctx context.Context, c telemetry.Change, receivedAt time.Time) (telemetry.Change, bool, error) {
	receivedAt = milli(receivedAt)
	c.Started, c.Finished = milli(c.Started), milli(c.Finished)
	c.Service = strings.TrimSpace(c.Service)
	if err := validate(c, receivedAt); err != nil {
		f.m.invalid.Inc()
		return telemetry.Change{}, false, err
	}
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return telemetry.Change{}, false, fmt.Errorf("record change of %s: %w", c.Service, err)
	}
	defer tx.Rollback() // after Commit it does nothing
	out, result, err := f.record(ctx, tx, c, receivedAt)
	if err == nil && result != f.m.repeated {
		err = tx.Commit()
	}
	if err != nil {
		if _, invalid := errors.AsType[*InvalidError](err); invalid {
			f.m.invalid.Inc()
			return telemetry.Change{}, false, err
		}
		return telemetry.Change{}, false, fmt.Errorf("record change of %s: %w", c.Service, err)
	}
	result.Inc()
	return out, result == f.m.created, nil
}

func (f *Feed) record(ctx context.Context, tx *sql.Tx, c telemetry.Change, receivedAt time.Time) (telemetry.Change, *metrics.Counter, error) {
	old, found, err := f.stored(ctx, tx, c, receivedAt)
	if err == nil && !found {
		old, found, err = f.seen(ctx, tx, c, receivedAt)
	}
	same := f.m.repeated
	if err == nil && !found {
		if old, found, err = twin(ctx, tx, c, receivedAt); found && err == nil {
			same = f.m.updated // by another id
			err = alias(ctx, tx, c.ID, old.ID)
		}
	}
	if err != nil {
		return c, nil, err
	}
	if found && !old.Inferred() && c.ID != "" && c.ID != old.ID {
		c = second(old, c)
	}
	if !found {
		c = complete(c, receivedAt)
		if c.ID == "" {
			c.ID = f.newID(receivedAt)
		}
		return f.write(ctx, tx, c, f.m.created)
	}
	if old.Inferred() {
		out, err := adopt(ctx, tx, old, c, receivedAt)
		if err != nil {
			return out, nil, err
		}
		return f.write(ctx, tx, out, f.m.updated)
	}
	out, changed, err := merge(old, c, receivedAt)
	if err != nil || !changed {
		return out, same, err
	}
	return f.write(ctx, tx, out, f.m.updated)
}

// stored finds the change that c speaks of.
func (f *Feed) stored(ctx context.Context, tx *sql.Tx, c telemetry.Change, receivedAt time.Time) (telemetry.Change, bool, error) {
	if c.ID != "" {
		return byID(ctx, tx, c.ID)
	}
	kind := c.Kind
	if kind == "" {
		kind = telemetry.KindDeployment
	}
	ref := receivedAt
	if !c.Started.IsZero() {
		ref = c.Started
	}
	if !c.Finished.IsZero() {
		ref = c.Finished
	}
	rows, err := query(ctx, tx,
		"WHERE service = ? AND environment = ? AND kind = ? AND (version_to = ? OR ? = '' AND json_extract(labels, '$."+LabelVersionBy+"') = ?)"+
			" AND started >= ? AND started <= ? ORDER BY started DESC, id DESC LIMIT 50",
		c.Service, c.Environment, string(kind), c.VersionTo, c.VersionTo, byTelemetry,
		ref.Add(-PairWindow-startTolerance).UnixMilli(), ref.Add(startTolerance).UnixMilli())
	if err != nil {
		return telemetry.Change{}, false, err
	}
	for _, old := range rows {
		if pairs(old, c, receivedAt) {
			return old, true, nil
		}
	}
	return telemetry.Change{}, false, nil
}

// Get returns the change with the given id, also under an id that it had before it was
// found to be another one, or an error that wraps ErrNotFound.
func (f *Feed) Get(ctx context.Context, id string) (telemetry.Change, error) {
	c, found, err := byID(ctx, f.db, id)
	if err != nil {
		return telemetry.Change{}, fmt.Errorf("read change %q: %w", id, err)
	}
	if !found {
		return telemetry.Change{}, fmt.Errorf("change %q: %w", id, ErrNotFound)
	}
	return c, nil
}

// List returns the changes that pass the filter, newest start first; none is an
// empty list.
func (f *Feed) List(ctx context.Context, filter Filter) ([]telemetry.Change, error) {
	var where []string
	var args []any
	add := func(cond string, arg any) { where, args = append(where, cond), append(args, arg) }
	if filter.Service != "" {
		add("service = ?", filter.Service)
	}
	if filter.Environment != "" {
		add("environment = ?", filter.Environment)
	}
	if filter.Kind != "" {
		add("kind = ?", string(filter.Kind))
	}
	if !filter.From.IsZero() {
		add("started >= ?", ceilMilli(filter.From))
	}
	if !filter.To.IsZero() {
		add("started < ?", ceilMilli(filter.To))
	}
	clause := ""
	if len(where) > 0 {
		clause = "WHERE " + strings.Join(where, " AND ")
	}
	limit := filter.Limit
	if limit <= 0 {
		limit = 100
	}
	rows, err := query(ctx, f.db, clause+" ORDER BY started DESC, id DESC LIMIT ?", append(args, min(limit, 1000))...)
	if err != nil {
		return nil, fmt.Errorf("list changes: %w", err)
	}
	return rows, nil
}

// Prune deletes the changes that started before the given time and returns how
// many. Rankings keep their own copy of the changes they name.
func (f *Feed) Prune(ctx context.Context, before time.Time) (int, error) {
	for _, table := range []string{"change_verdicts", "change_words", "change_aliases"} {
		_, err := f.db.ExecContext(ctx, "DELETE FROM "+table+" WHERE change IN (SELECT id FROM changes WHERE started < ?)", ceilMilli(before))
		if err != nil {
			return 0, fmt.Errorf("prune changes before %s: verdicts: %w", stamp(before), err)
		}
	}
	res, err := f.db.ExecContext(ctx, "DELETE FROM changes WHERE started < ?", ceilMilli(before))
	if err != nil {
		return 0, fmt.Errorf("prune changes before %s: %w", stamp(before), err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("prune changes before %s: %w", stamp(before), err)
	}
	f.m.pruned.Add(int(n))
	return int(n), nil
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func query(ctx context.Context, q querier, clause string, args ...any) ([]telemetry.Change, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, kind, service, environment, version_from, version_to, started,
		finished, status, author, link, summary, labels, received, sources FROM changes `+clause, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []telemetry.Change{}
	for rows.Next() {
		var c telemetry.Change
		var started, finished, received int64
		var labels, sources string
		if err := rows.Scan(&c.ID, &c.Kind, &c.Service, &c.Environment, &c.VersionFrom, &c.VersionTo, &started,
			&finished, &c.Status, &c.Author, &c.Link, &c.Summary, &labels, &received, &sources); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(labels), &c.Labels); err != nil {
			return nil, fmt.Errorf("labels of change %q: %w", c.ID, err)
		}
		if len(c.Labels) == 0 {
			c.Labels = nil
		}
		if sources != "" {
			c.Sources = strings.Split(sources, ",")
		}
		c.Started, c.Finished, c.Received = fromMilli(started), fromMilli(finished), fromMilli(received)
		out = append(out, c)
	}
	return out, rows.Err()
}

func put(ctx context.Context, tx *sql.Tx, c telemetry.Change) error {
	labels := c.Labels
	if labels == nil {
		labels = map[string]string{}
	}
	text, err := json.Marshal(labels)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO changes (id, kind, service, environment, version_from, version_to, started,
		finished, status, author, link, summary, labels, received, sources) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT (id) DO UPDATE SET version_from = excluded.version_from, version_to = excluded.version_to,
		started = excluded.started, finished = excluded.finished, status = excluded.status, author = excluded.author,
		link = excluded.link, summary = excluded.summary, labels = excluded.labels, sources = excluded.sources`,
		c.ID, string(c.Kind), c.Service, c.Environment, c.VersionFrom, c.VersionTo, toMilli(c.Started),
		toMilli(c.Finished), string(c.Status), c.Author, c.Link, c.Summary, string(text), toMilli(c.Received), strings.Join(c.Sources, ","))
	return err
}

func milli(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}

func toMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMilli(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// ceilMilli rounds up, so that a bound between two milliseconds keeps its sense.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}

// Deployments returns the deployments of the services that started in a time, newest
// first and at most limit; no services are all of them.
func (f *Feed) Deployments(ctx context.Context, services []string, from, to time.Time, limit int) ([]telemetry.Change, error) {
	names, err := json.Marshal(services)
	if err != nil {
		return nil, err
	}
	rows, err := query(ctx, f.db, `WHERE kind = 'deployment' AND started >= ? AND started < ?
		AND (? OR service IN (SELECT value FROM json_each(?))) ORDER BY started DESC, id DESC LIMIT ?`,
		ceilMilli(from), ceilMilli(to), len(services) == 0, string(names), limit)
	if err != nil {
		return nil, fmt.Errorf("list deployments: %w", err)
	}
	return rows, nil
}
