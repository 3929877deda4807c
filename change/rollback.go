package change

import (
	"context"
	"database/sql"

	"github.com/tocsinhq/tocsin/telemetry"
)

// LabelRevert is the label of a rollback: the id of the deployment that it undoes.
const LabelRevert = "revert_of"

// rollbackHistory is how many earlier deployments are looked at.
const rollbackHistory = 20

// markRollback recognises a deployment of the version that ran before the last one:
// it gets the label revert_of, and when it has succeeded, the last one is rolled back.
// A deployment of the version that runs is a redeployment and no rollback, nor is one
// that brings back what a rollback took away. Deployments that failed never ran.
func (f *Feed) markRollback(ctx context.Context, tx *sql.Tx, c *telemetry.Change) error {
	if c.Kind != telemetry.KindDeployment || c.Status == telemetry.StatusFailed || c.Status == telemetry.StatusRolledBack {
		return nil
	}
	if c.Labels[LabelRevert] == "" {
		if f.back <= 0 || c.VersionTo == "" || len(c.Labels) >= maxLabels {
			return nil
		}
		last, ok, err := f.undone(ctx, tx, *c)
		if err != nil || !ok {
			return err
		}
		labels := map[string]string{LabelRevert: last.ID}
		for k, v := range c.Labels {
			labels[k] = v
		}
		c.Labels = labels
		f.m.rollbacks.Inc()
	}
	if c.Status != telemetry.StatusSucceeded {
		return nil
	}
	old, found, err := byID(ctx, tx, c.Labels[LabelRevert])
	if err != nil || !found || old.ID == c.ID || old.Service != c.Service || old.Status == telemetry.StatusRolledBack || old.Status == telemetry.StatusFailed {
		return err
	}
	old.Status = telemetry.StatusRolledBack
	if old.Finished.IsZero() {
		old.Finished = later(old.Started, c.Started)
	}
	return put(ctx, tx, old)
}

// undone returns the deployment that c, which names a version, undoes.
func (f *Feed) undone(ctx context.Context, tx *sql.Tx, c telemetry.Change) (telemetry.Change, bool, error) {
	rows, err := query(ctx, tx, `WHERE service = ? AND environment = ? AND kind = 'deployment' AND status <> 'failed' AND version_to <> ''
		AND started < ? AND id <> ? ORDER BY started DESC, id DESC LIMIT ?`,
		c.Service, c.Environment, toMilli(c.Started), c.ID, rollbackHistory)
	if err != nil || len(rows) == 0 {
		return telemetry.Change{}, false, err
	}
	last := rows[0]
	end := last.Finished
	if end.IsZero() {
		end = last.Started
	}
	is := func(version string, of telemetry.Change) bool {
		return version != "" && SameVersion(telemetry.Change{VersionTo: version}, of)
	}
	if is(last.VersionTo, c) || last.Labels[LabelRevert] != "" || c.Started.Sub(end) > f.back {
		return telemetry.Change{}, false, nil
	}
	if last.VersionFrom != "" {
		return last, is(last.VersionFrom, c), nil
	}
	for _, old := range rows[1:] {
		if old.Status == telemetry.StatusRolledBack || is(old.VersionTo, last) {
			continue
		}
		return last, is(old.VersionTo, c), nil
	}
	return telemetry.Change{}, false, nil
}
