// Package position remembers in the state database how far files and journals were
// read, so that a restart neither loses nor repeats.
package position

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Position is how far one source was read: everything before it is stored.
type Position struct {
	Source      string // file/DEVICE:INODE or journal/NAME
	Path        string // of a file, as it was last seen
	Fingerprint []byte // the first bytes of a file
	Offset      int64  // of a file, in bytes
	Cursor      string // of a journal
	Seen        time.Time
}

// Store keeps positions. It is safe for concurrent use.
type Store struct{ db *sql.DB }

// NewStore returns a store over the state database, which has the table.
func NewStore(db *sql.DB) *Store { return &Store{db} }

// All returns every position whose source begins with prefix.
func (s *Store) All(ctx context.Context, prefix string) (all []Position, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT source, path, fingerprint, offset, cursor, seen FROM log_positions WHERE substr(source, 1, ?) = ? ORDER BY source`, len(prefix), prefix)
	if err != nil {
		return nil, fmt.Errorf("read positions of logs: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var p Position
		var seen int64
		if err := rows.Scan(&p.Source, &p.Path, &p.Fingerprint, &p.Offset, &p.Cursor, &seen); err != nil {
			return nil, fmt.Errorf("read positions of logs: %w", err)
		}
		p.Seen = time.UnixMilli(seen)
		all = append(all, p)
	}
	return all, rows.Err()
}

// Save writes positions, all or none, and forgets those of the sources named.
func (s *Store) Save(ctx context.Context, positions []Position, forget []string) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("save positions of logs: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to undo
	for _, p := range positions {
		if p.Fingerprint == nil {
			p.Fingerprint = []byte{}
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO log_positions (source, path, fingerprint, offset, cursor, seen) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (source) DO UPDATE SET path = excluded.path, fingerprint = excluded.fingerprint, offset = excluded.offset, cursor = excluded.cursor, seen = excluded.seen`,
			p.Source, p.Path, p.Fingerprint, p.Offset, p.Cursor, p.Seen.UnixMilli()); err != nil {
			return fmt.Errorf("save position of %s: %w", p.Source, err)
		}
	}
	for _, source := range forget {
		if _, err := tx.ExecContext(ctx, `DELETE FROM log_positions WHERE source = ?`, source); err != nil {
			return fmt.Errorf("forget position of %s: %w", source, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("save positions of logs: %w", err)
	}
	return nil
}
