-- +goose Up
-- Times are milliseconds since the Unix epoch, 0 for "not yet".

CREATE TABLE changes (
    id           TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    service      TEXT NOT NULL,
    environment  TEXT NOT NULL DEFAULT '',
    version_from TEXT NOT NULL DEFAULT '',
    version_to   TEXT NOT NULL DEFAULT '',
    started      INTEGER NOT NULL,
    finished     INTEGER NOT NULL DEFAULT 0,
    status       TEXT NOT NULL,
    author       TEXT NOT NULL DEFAULT '',
    link         TEXT NOT NULL DEFAULT '',
    summary      TEXT NOT NULL DEFAULT '',
    labels       TEXT NOT NULL DEFAULT '{}',
    received     INTEGER NOT NULL
);
CREATE INDEX changes_started ON changes (started);
CREATE INDEX changes_service ON changes (service, started);

CREATE TABLE incidents (
    id       TEXT PRIMARY KEY,
    service  TEXT NOT NULL,
    state    TEXT NOT NULL,
    opened   INTEGER NOT NULL,
    resolved INTEGER NOT NULL DEFAULT 0,
    body     TEXT NOT NULL -- the incident as JSON
);
CREATE INDEX incidents_state ON incidents (state, opened);
CREATE INDEX incidents_service ON incidents (service, opened);

CREATE TABLE incident_events (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    incident TEXT NOT NULL REFERENCES incidents (id),
    kind     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    actor    TEXT NOT NULL,
    text     TEXT NOT NULL,
    key      TEXT NOT NULL DEFAULT '',
    body     TEXT NOT NULL -- the incident as it stood after the event, as JSON
);
CREATE INDEX incident_events_incident ON incident_events (incident, seq);

CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    seq  INTEGER NOT NULL
);

CREATE TABLE anomalies (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    key      TEXT NOT NULL, -- of the series
    since    INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    ended    INTEGER NOT NULL DEFAULT 0,
    service  TEXT NOT NULL,
    name     TEXT NOT NULL,
    score    REAL NOT NULL,
    incident TEXT NOT NULL DEFAULT '',
    body     TEXT NOT NULL, -- the occurrence as JSON
    UNIQUE (key, since)
);
CREATE INDEX anomalies_at ON anomalies (at);
CREATE INDEX anomalies_service ON anomalies (service, at);

CREATE TABLE rankings (
    incident TEXT PRIMARY KEY REFERENCES incidents (id),
    at       INTEGER NOT NULL,
    body     TEXT NOT NULL -- rca.Ranking as JSON
);

CREATE TABLE outbox (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    key      TEXT NOT NULL, -- dedup key of the message
    channel  TEXT NOT NULL,
    incident TEXT NOT NULL,
    seq      INTEGER NOT NULL, -- of the event; order within an incident
    kind     TEXT NOT NULL DEFAULT '',   -- of the event
    quiet    INTEGER NOT NULL DEFAULT 0, -- 1: only updates a message that is there
    state    TEXT NOT NULL,    -- waiting, sent, failed, merged, skipped
    attempts INTEGER NOT NULL DEFAULT 0,
    created  INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    tried    INTEGER NOT NULL DEFAULT 0, -- end of the latest try
    done     INTEGER NOT NULL DEFAULT 0,
    error    TEXT NOT NULL DEFAULT '',
    body     TEXT NOT NULL, -- notify.Message as JSON
    UNIQUE (key, channel)
);
CREATE INDEX outbox_due ON outbox (state, channel, due);
CREATE INDEX outbox_incident ON outbox (incident, seq);
CREATE INDEX outbox_order ON outbox (channel, incident, seq) WHERE state = 'waiting';

CREATE TABLE threads (
    channel  TEXT NOT NULL,
    incident TEXT NOT NULL,
    thread   TEXT NOT NULL,
    PRIMARY KEY (channel, incident)
);

-- +goose Down
DROP TABLE threads;
DROP TABLE outbox;
DROP TABLE rankings;
DROP TABLE anomalies;
DROP TABLE cursors;
DROP TABLE incident_events;
DROP TABLE incidents;
DROP TABLE changes;
