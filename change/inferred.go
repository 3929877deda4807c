package change

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Labels of changes that say what telemetry added to what people told.
const (
	LabelFinishedBy = "finished_by" // the end was seen, and a told one takes its place
	LabelVersionBy  = "version_by"  // the same of version_to

	byTelemetry = "telemetry"
)

// RecordInferred stores a change that was seen in telemetry, or brings it up to date:
// c has an id, which is the same each time, and one source. A change that somebody
// told, or that was seen in another way, of the same service and environment (one that
// does not name its environment is of any) and at the same time is the same change,
// unless both name versions and these differ. Times are the same when no more than
// joinUnknown lies between them, or joinSame if both name the same version. Of a told
// change only what it does not say is filled in, and its end only until it is told.
//
// It returns the change as it is known now, whether that is new, and whether anything
// about it is.
func (f *Feed) RecordInferred(ctx context.Context, c telemetry.Change, receivedAt time.Time) (out telemetry.Change, created, changed bool, err error) {
	receivedAt = milli(receivedAt)
	c.Started, c.Finished = milli(c.Started), milli(c.Finished)
	if err := validate(c, receivedAt); err != nil {
		f.m.invalid.Inc()
		return c, false, false, err
	}
	tx, err := f.db.BeginTx(ctx, nil)
	if err == nil {
		defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
		out, created, changed, err = f.recordInferred(ctx, tx, c, receivedAt)
	}
	if err == nil && changed {
		err = tx.Commit()
	}
	if err != nil {
		return c, false, false, fmt.Errorf("record change of %s that was seen: %w", c.Service, err)
	}
	return out, created, changed, nil
}

func (f *Feed) recordInferred(ctx context.Context, tx *sql.Tx, c telemetry.Change, receivedAt time.Time) (out telemetry.Change, created, changed bool, err error) {
	old, found, err := byID(ctx, tx, c.ID)
	if err != nil {
		return c, false, false, err
	}
	if !found {
		if old, found, err = counterpart(ctx, tx, c, receivedAt, joins); err != nil {
			return c, false, false, err
		}
		if !found {
			c.Received = receivedAt
			out, _, err = f.write(ctx, tx, complete(c, receivedAt), f.m.inferred)
			f.m.inferred.Inc()
			return out, true, true, err
		}
		f.m.joined.Inc()
		if err := alias(ctx, tx, c.ID, old.ID); err != nil {
			return c, false, false, err
		}
	}
	out = fill(old, c)
	if equal(old, out) && slices.Equal(old.Sources, out.Sources) {
		return out, false, !found, nil
	}
	out, _, err = f.write(ctx, tx, out, f.m.updated)
	return out, false, true, err
}

// seen finds the change that was only seen in telemetry so far and is what c tells.
func (f *Feed) seen(ctx context.Context, tx *sql.Tx, c telemetry.Change, receivedAt time.Time) (telemetry.Change, bool, error) {
	c = complete(c, receivedAt)
	return counterpart(ctx, tx, c, receivedAt, func(old, c telemetry.Change, apart time.Duration) bool {
		return old.Inferred() && compatible(old, c, apart)
	})
}

// How far two changes may lie apart in time to be one: of versions that are not both
// known, and of the same version.
const (
	joinUnknown = 15 * time.Minute
	joinSame    = 2 * time.Hour
	// openEnd is how long a change whose end nobody tells is taken to last.
	openEnd = time.Hour
)

// counterpart returns the change nearest in time that fits.
func counterpart(ctx context.Context, tx *sql.Tx, c telemetry.Change, receivedAt time.Time, fits func(old, c telemetry.Change, apart time.Duration) bool) (telemetry.Change, bool, error) {
	from, to := span(c, receivedAt)
	rows, err := query(ctx, tx, `WHERE service = ? AND kind = ? AND (environment = ? OR environment = '' OR ? = '')
		AND started <= ? AND (started >= ? OR finished >= ?) ORDER BY started DESC, id LIMIT 100`,
		c.Service, string(c.Kind), c.Environment, c.Environment,
		to.Add(joinSame).UnixMilli(), from.Add(-joinSame-openEnd).UnixMilli(), from.Add(-joinSame).UnixMilli())
	if err != nil {
		return telemetry.Change{}, false, err
	}
	var best telemetry.Change
	nearest := time.Duration(-1)
	for _, old := range rows {
		a, b := span(old, receivedAt)
		apart := max(0, from.Sub(b), a.Sub(to))
		near := old.Started.Sub(c.Started).Abs()
		if fits(old, c, apart) && (nearest < 0 || near < nearest) {
			best, nearest = old, near
		}
	}
	return best, nearest >= 0, nil
}

// span returns from when to when a change lasted, as far as known.
func span(c telemetry.Change, now time.Time) (from, to time.Time) {
	if c.Finished.IsZero() {
		end := c.Started.Add(openEnd)
		if now.Before(end) {
			end = now
		}
		return c.Started, later(c.Started, end)
	}
	return c.Started, c.Finished
}

// compatible says whether two changes may be one by their times and versions.
func compatible(a, b telemetry.Change, apart time.Duration) bool {
	if a.VersionTo == "" || b.VersionTo == "" {
		return apart <= joinUnknown
	}
	return SameVersion(a, b) && apart <= joinSame
}

// joins says whether a stored change is the one that was seen as c.
func joins(old, c telemetry.Change, apart time.Duration) bool {
	if !old.Inferred() {
		return compatible(old, c, apart)
	}
	if old.Kind != telemetry.KindDeployment || apart > joinUnknown {
		return false
	}
	if !slices.Contains(old.Sources, c.Sources[0]) {
		return true // one rollout, seen in two ways that may name versions differently
	}
	// Programs with several facts of the kind, and pods with several containers, change
	// them together.
	part := func(c telemetry.Change) string { return cmp.Or(c.Labels["metric"], c.Labels["container"]) }
	return part(old) != part(c) && old.Started.Sub(c.Started).Abs() <= 5*time.Minute
}

// SameVersion compares the versions of two changes in all their spellings: with and
// without a "v", as a tag of an image, as a revision that is cut off.
func SameVersion(a, b telemetry.Change) bool {
	for _, x := range Spellings(a) {
		for _, y := range Spellings(b) {
			if x == y || len(x) >= 7 && len(y) >= 7 && isHex(x) && isHex(y) && (strings.HasPrefix(x, y) || strings.HasPrefix(y, x)) {
				return true
			}
		}
	}
	return false
}

// Spellings returns the version of a change as it may be written elsewhere, in lower
// case and without a "v" before it; none if it names no version.
func Spellings(c telemetry.Change) []string {
	var out []string
	for _, v := range []string{c.VersionTo, c.Labels["revision"], c.Labels["image"]} {
		if at := strings.LastIndexByte(v, ':'); at > strings.LastIndexByte(v, '/') {
			v = v[at+1:]
		}
		if v = strings.TrimPrefix(strings.ToLower(v), "v"); v != "" {
			out = append(out, v)
		}
	}
	return out
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdef") == "" }

// rank orders the ways in which a change is seen by how well they name versions.
func rank(c telemetry.Change) int {
	best := 0
	for _, s := range c.Sources {
		best = max(best, 1+slices.Index([]string{"rollout", "image", "build_info", "version"}, strings.TrimPrefix(s, telemetry.SourceInferred)))
	}
	return best
}

// fill returns a stored change with what was seen of it.
func fill(old, c telemetry.Change) telemetry.Change {
	out := old
	out.Labels = maps.Clone(old.Labels)
	if out.Labels == nil {
		out.Labels = map[string]string{}
	}
	told := !old.Inferred()
	if c.VersionTo != "" && (old.VersionTo == "" || !told && rank(c) > rank(old)) {
		out.VersionFrom, out.VersionTo = cmp.Or(c.VersionFrom, old.VersionFrom), c.VersionTo
		if told {
			out.Labels[LabelVersionBy] = byTelemetry
		}
	}
	out.VersionFrom = cmp.Or(out.VersionFrom, c.VersionFrom)
	if !told && c.Started.Before(old.Started) {
		out.Started = c.Started
	}
	if ended(c) {
		fillEnd(&out, c, told)
	}
	if old.ID == c.ID {
		out.Summary = c.Summary
		maps.Copy(out.Labels, c.Labels)
	} else {
		out.Summary = cmp.Or(old.Summary, c.Summary)
		for k, v := range c.Labels {
			if _, have := out.Labels[k]; !have && len(out.Labels) < maxLabels {
				out.Labels[k] = v
			}
		}
	}
	if len(out.Labels) == 0 {
		out.Labels = nil
	}
	out.Sources = union(old.Sources, c.Sources, told)
	return out
}

func fillEnd(out *telemetry.Change, c telemetry.Change, told bool) {
	end := later(out.Started, c.Finished)
	switch {
	case told && (out.Status == telemetry.StatusStarted || out.Labels[LabelFinishedBy] == byTelemetry):
		if out.Status != telemetry.StatusStarted && end.Before(out.Finished) {
			return
		}
		out.Status, out.Finished = c.Status, end
		out.Labels[LabelFinishedBy] = byTelemetry
	case told:
	case out.Status == telemetry.StatusStarted:
		out.Status, out.Finished = c.Status, end
	default:
		out.Finished = later(out.Finished, end)
		if out.Status == telemetry.StatusSucceeded {
			out.Status = c.Status
		}
	}
}

func union(a, b []string, told bool) []string {
	out := slices.Concat(a, b)
	if told {
		out = append(out, telemetry.SourceReported)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// adopt returns what is told of a change that was only seen so far: what is told wins,
// and what is not is filled in. If it is told under an id, that is its id from now on
// and the old one leads there.
func adopt(ctx context.Context, tx *sql.Tx, seen, in telemetry.Change, receivedAt time.Time) (telemetry.Change, error) {
	if in.Started.IsZero() {
		in.Started = seen.Started
		if !in.Finished.IsZero() && in.Finished.Before(in.Started) {
			in.Started = in.Finished
		}
	}
	out := complete(in, receivedAt)
	out.ID, out.Received = cmp.Or(in.ID, seen.ID), seen.Received
	out.Sources = []string{telemetry.SourceReported}
	out.Environment = cmp.Or(in.Environment, seen.Environment)
	out = fill(out, seen)
	if out.ID == seen.ID {
		_, err := tx.ExecContext(ctx, "UPDATE changes SET environment = ? WHERE id = ?", out.Environment, out.ID)
		return out, err
	}
	for _, q := range []string{
		"UPDATE change_verdicts SET change = ?1 WHERE change = ?2", "UPDATE change_words SET change = ?1 WHERE change = ?2",
		"UPDATE change_aliases SET change = ?1 WHERE change = ?2",
	} {
		if _, err := tx.ExecContext(ctx, q, out.ID, seen.ID); err != nil {
			return out, err
		}
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM changes WHERE id = ?", seen.ID); err != nil {
		return out, err
	}
	return out, alias(ctx, tx, seen.ID, out.ID)
}

func alias(ctx context.Context, tx *sql.Tx, from, to string) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO change_aliases (alias, change) VALUES (?,?) ON CONFLICT (alias) DO UPDATE SET change = excluded.change", from, to)
	return err
}

// byID returns the change of an id, or of the id that it leads to.
func byID(ctx context.Context, q querier, id string) (telemetry.Change, bool, error) {
	rows, err := query(ctx, q, "WHERE id = ?1 OR id = (SELECT change FROM change_aliases WHERE alias = ?1) ORDER BY id = ?1 DESC LIMIT 1", id)
	if err != nil || len(rows) == 0 {
		return telemetry.Change{}, false, err
	}
	return rows[0], true, nil
}

// write stores a change, marks what it rolls back, and returns what is to be counted.
func (f *Feed) write(ctx context.Context, tx *sql.Tx, c telemetry.Change, result *metrics.Counter) (telemetry.Change, *metrics.Counter, error) {
	if err := f.markRollback(ctx, tx, &c); err != nil {
		return c, nil, errors.Join(errors.New("look for what it rolls back"), err)
	}
	return c, result, put(ctx, tx, c)
}
