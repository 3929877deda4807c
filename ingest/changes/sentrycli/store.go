package sentrycli

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrNotFound is returned for a release that nobody told of.
var ErrNotFound = errors.New("release not found")

// Releases keeps what was told of releases, in the table sentry_releases. It is
// safe for concurrent use.
type Releases struct{ db *sql.DB }

// NewReleases returns the releases of a database, which the caller closes.
func NewReleases(db *sql.DB) *Releases { return &Releases{db} }

// Get returns a release, or ErrNotFound.
func (s *Releases) Get(ctx context.Context, org, version string) (Release, error) {
	list, err := s.query(ctx, "WHERE org = ? AND version = ?", org, version)
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Release{}, fmt.Errorf("release %s of %s: %w", version, org, err)
	}
	return list[0], nil
}

// Change lets a function alter a release, or a new one that was created now, and
// keeps it. created is true if it was new. Two calls for one release at once take
// turns only if they come from one pipeline; the later one wins.
func (s *Releases) Change(ctx context.Context, org, version string, now time.Time, alter func(*Release)) (r Release, created bool, err error) {
	r, err = s.Get(ctx, org, version)
	if errors.Is(err, ErrNotFound) {
		r, created, err = Release{Org: org, Version: version, Created: now.UTC()}, true, nil
	}
	if err != nil {
		return r, false, err
	}
	alter(&r)
	text, err := json.Marshal(r)
	if err == nil {
		_, err = s.db.ExecContext(ctx, "INSERT INTO sentry_releases (org, version, created, release) VALUES (?, ?, ?, ?) ON CONFLICT (org, version) DO UPDATE SET release = excluded.release",
			org, version, r.Created.UnixMilli(), string(text))
	}
	if err != nil {
		return r, created, fmt.Errorf("keep release %s of %s: %w", version, org, err)
	}
	return r, created, nil
}

// List returns the newest releases of an organization, at most 100, of one project
// if that is not empty.
func (s *Releases) List(ctx context.Context, org, project string) ([]Release, error) {
	list, err := s.query(ctx, "WHERE org = ? ORDER BY created DESC, version LIMIT 1000", org)
	if err != nil {
		return nil, fmt.Errorf("releases of %s: %w", org, err)
	}
	list = slices.DeleteFunc(list, func(r Release) bool { return project != "" && !slices.Contains(r.Projects, project) })
	return list[:min(len(list), 100)], nil
}

// Previous returns the newest release before the given one that shares a project
// with it and has a commit, or ErrNotFound.
func (s *Releases) Previous(ctx context.Context, of Release) (Release, error) {
	list, err := s.query(ctx, "WHERE org = ? AND created < ? ORDER BY created DESC, version LIMIT 1000", of.Org, of.Created.UnixMilli())
	if err != nil {
		return Release{}, fmt.Errorf("releases of %s: %w", of.Org, err)
	}
	for _, r := range list {
		shares := slices.ContainsFunc(r.Projects, func(p string) bool { return slices.Contains(of.Projects, p) })
		if shares && r.Commit != "" && r.Version != of.Version {
			return r, nil
		}
	}
	return Release{}, ErrNotFound
}

// Delete forgets a release.
func (s *Releases) Delete(ctx context.Context, org, version string) error {
	if _, err := s.db.ExecContext(ctx, "DELETE FROM sentry_releases WHERE org = ? AND version = ?", org, version); err != nil {
		return fmt.Errorf("forget release %s of %s: %w", version, org, err)
	}
	return nil
}

// Prune forgets the releases that were created before a time.
func (s *Releases) Prune(ctx context.Context, before time.Time) error {
	if _, err := s.db.ExecContext(ctx, "DELETE FROM sentry_releases WHERE created < ?", before.UnixMilli()); err != nil {
		return fmt.Errorf("forget releases before %s: %w", before.UTC().Format(time.RFC3339), err)
	}
	return nil
}

func (s *Releases) query(ctx context.Context, clause string, args ...any) ([]Release, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT org, version, created, release FROM sentry_releases "+clause, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Release
	for rows.Next() {
		var r Release
		var created int64
		var text string
		if err := rows.Scan(&r.Org, &r.Version, &created, &text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			return nil, fmt.Errorf("release %s: %w", r.Version, err)
		}
		r.Created = time.UnixMilli(created).UTC()
		list = append(list, r)
	}
	return list, rows.Err()
}
