package notify_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"sync/atomic"
	"testing"

	"modernc.org/sqlite"
)

// errKilled is what every statement answers after the process has "died".
var errKilled = errors.New("killed")

// mortal is a database that dies after a number of statements: from then on
// nothing reaches the file any more, and what was not committed is lost. That is
// what a kill -9 at that moment leaves on the disk.
type mortal struct {
	left atomic.Int64
}

// step takes part in every statement; it reports whether the process still lives.
func (m *mortal) step() bool { return m.left.Add(-1) >= 0 }

func (m *mortal) dead() bool { return m.left.Load() <= 0 }

func (m *mortal) kill() { m.left.Store(0) }

// open opens the file, which store.OpenState has made, for a life of so many
// statements.
func (m *mortal) open(t *testing.T, path string, statements int64) *sql.DB {
	t.Helper()
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"journal_mode(WAL)", "synchronous(OFF)", "foreign_keys(ON)"}}
	base, err := sqlite.NewConnector("file:" + path + "?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	m.left.Store(statements)
	db := sql.OpenDB(mortalConnector{base, m})
	db.SetMaxOpenConns(1)
	return db
}

type mortalConnector struct {
	driver.Connector
	m *mortal
}

func (c mortalConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &mortalConn{conn, c.m}, nil
}

// mortalConn counts what passes. A commit counts twice: it can die just before,
// and just after, when the caller never learns of it.
type mortalConn struct {
	driver.Conn
	m *mortal
}

func (c *mortalConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if !c.m.step() {
		return nil, errKilled
	}
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
	return mortalTx{tx, c.m}, err
}

func (c *mortalConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !c.m.step() {
		return nil, errKilled
	}
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c *mortalConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if !c.m.step() {
		return nil, errKilled
	}
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *mortalConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if !c.m.step() {
		return nil, errKilled
	}
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
}

type mortalTx struct {
	driver.Tx
	m *mortal
}

func (t mortalTx) Commit() error {
	if !t.m.step() {
		t.Tx.Rollback() //nolint:errcheck // a dead process does not care
		return errKilled
	}
	if err := t.Tx.Commit(); err != nil {
		return err
	}
	if !t.m.step() {
		return errKilled
	}
	return nil
}
