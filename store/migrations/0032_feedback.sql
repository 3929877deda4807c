-- +goose Up
-- What people said of incidents, what they expect, and the weights that were made
-- of it. Times are milliseconds since the Unix epoch, 0 for "not yet".
CREATE TABLE feedback (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    incident TEXT NOT NULL,
    kind     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    body     TEXT NOT NULL -- with the ranking as it stood, as JSON
);
CREATE INDEX feedback_incident ON feedback (incident, id);

CREATE TABLE expectations (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    expires    INTEGER NOT NULL,
    ended      INTEGER NOT NULL DEFAULT 0,
    matched    INTEGER NOT NULL DEFAULT 0,
    last_match INTEGER NOT NULL DEFAULT 0,
    body       TEXT NOT NULL
);

CREATE TABLE rca_refits (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    at    INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    body  TEXT NOT NULL
);

-- +goose Down
DROP TABLE rca_refits;
DROP TABLE expectations;
DROP TABLE feedback;
