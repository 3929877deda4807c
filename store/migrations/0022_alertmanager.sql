-- +goose Up
-- What Alertmanager keeps in memory and in two snapshots is kept here, so that
-- no restart, reload or kill forgets it.

CREATE TABLE am_alerts (
    id   INTEGER PRIMARY KEY, -- in the order of coming, so that a storm fills pages one after another
    body BLOB NOT NULL        -- the alert as JSON
);

CREATE TABLE am_groups (
    id   TEXT PRIMARY KEY, -- key of the group and its receiver
    body TEXT NOT NULL     -- when it is due and what its receiver was told, as JSON
) WITHOUT ROWID;

-- Messages that were decided on together with what am_groups says of them, and
-- that are not in the outbox yet.
CREATE TABLE am_outgoing (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    body    TEXT NOT NULL -- notify.Message as JSON
);

CREATE TABLE am_marks (
    name  TEXT PRIMARY KEY, -- clock: up to when groups were looked at, in milliseconds; message: number of the last message
    value INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE silences (
    id      TEXT PRIMARY KEY,
    expires INTEGER NOT NULL, -- milliseconds; when it may be forgotten
    body    BLOB NOT NULL     -- silencepb.MeshSilence, as Alertmanager writes it
) WITHOUT ROWID;

-- +goose Down
DROP TABLE silences;
DROP TABLE am_marks;
DROP TABLE am_outgoing;
DROP TABLE am_groups;
DROP TABLE am_alerts;
