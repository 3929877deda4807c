package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the "sqlite" driver of database/sql
)

//go:embed migrations/*.sql
var migrations embed.FS

// OpenState opens (and creates or migrates) the SQLite file that holds changes,
// incidents, the outbox and the rest of the small durable state. Writes are in
// WAL mode with full sync: what a commit returned survives loss of power.
// The pool has one connection, so statements queue instead of failing with
// "database is locked"; callers must finish their rows before the next call
// in the same goroutine. The caller closes it.
func OpenState(ctx context.Context, path string) (*sql.DB, error) {
	q := url.Values{}
	for _, p := range []string{"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "busy_timeout(10000)"} {
		q.Add("_pragma", p)
	}
	q.Set("_txlock", "immediate")
	db, err := sql.Open("sqlite", sourceName(path, q))
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, sub)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("open state %s: read migrations: %w", path, err)
	}
	if _, err := p.Up(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open state %s: migrate: %w", path, err)
	}
	return db, nil
}

// sourceName names a file to the driver. Letters of a path that mean something in
// an address are escaped: of data#1 SQLite would open data.
func sourceName(path string, q url.Values) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}
	return u.String()
}

// ReadState opens the state of a data folder for reading, also while a daemon
// writes there. Nothing is migrated: a table that the file is too old for is not
// there. The caller closes it.
func ReadState(ctx context.Context, path string) (*sql.DB, error) {
	q := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(10000)", "query_only(ON)"}}
	db, err := sql.Open("sqlite", sourceName(path, q))
	if err != nil {
		return nil, fmt.Errorf("read state %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("read state %s: %w", path, err), db.Close())
	}
	return db, nil
}
