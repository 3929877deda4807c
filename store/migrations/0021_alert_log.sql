-- +goose Up
-- Every change of an alert's state, shadow alerts included; body is JSON.
CREATE TABLE alert_log (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    at          INTEGER NOT NULL, -- event time, ms
    fingerprint TEXT NOT NULL,
    name        TEXT NOT NULL,
    service     TEXT NOT NULL,
    state       TEXT NOT NULL,
    shadow      INTEGER NOT NULL,
    body        TEXT NOT NULL
);
CREATE INDEX alert_log_at ON alert_log (at);
CREATE INDEX alert_log_fingerprint ON alert_log (fingerprint, seq);

-- Times in which this daemon could detect nothing, and why.
CREATE TABLE detection_gaps (
    began  INTEGER NOT NULL, -- ms
    ended  INTEGER NOT NULL, -- ms
    reason TEXT NOT NULL,
    PRIMARY KEY (began, reason)
);

-- +goose Down
DROP TABLE detection_gaps;
DROP TABLE alert_log;
