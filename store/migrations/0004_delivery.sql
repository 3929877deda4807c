-- +goose Up
-- What a message is about is called its subject: the id of an incident, or
-- group/ and the key of a group of alerts. Order is kept within a subject.
ALTER TABLE outbox RENAME COLUMN incident TO subject;
ALTER TABLE threads RENAME COLUMN incident TO subject;

-- A muted row waits; due is when it is asked about again.
ALTER TABLE outbox ADD COLUMN muted TEXT NOT NULL DEFAULT '';       -- silence, inhibited, maintenance, time_interval
ALTER TABLE outbox ADD COLUMN mute_detail TEXT NOT NULL DEFAULT ''; -- which one
ALTER TABLE outbox ADD COLUMN muted_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN give_up_from INTEGER NOT NULL DEFAULT 0; -- from when the time to give up counts; 0: created
CREATE INDEX outbox_muted ON outbox (channel, due) WHERE state = 'waiting' AND muted <> '';

-- What became of messages and why, one row for each step.
CREATE TABLE notify_log (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    what    TEXT NOT NULL, -- sent, retry, failed, muted, unmuted, merged, dropped, ...
    channel TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    key     TEXT NOT NULL DEFAULT '', -- of the message
    event   TEXT NOT NULL DEFAULT '', -- kind of the event, or reason of the group
    attempt INTEGER NOT NULL DEFAULT 0,
    code    TEXT NOT NULL DEFAULT '', -- the provider's answer
    took    INTEGER NOT NULL DEFAULT 0, -- microseconds
    reason  TEXT NOT NULL DEFAULT '',
    detail  TEXT NOT NULL DEFAULT ''
);
CREATE INDEX notify_log_subject ON notify_log (subject, id);

-- How far the telling of others has come, for each incident that nobody has
-- acknowledged.
CREATE TABLE escalations (
    incident TEXT NOT NULL,
    policy   TEXT NOT NULL,
    step     INTEGER NOT NULL, -- that comes next, from 0
    round    INTEGER NOT NULL, -- how often the steps were gone through
    started  INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    state    TEXT NOT NULL,    -- running, or why it ended
    PRIMARY KEY (incident, policy)
);
CREATE INDEX escalations_due ON escalations (due) WHERE state = 'running';

-- +goose Down
DROP TABLE escalations;
DROP TABLE notify_log;
DROP INDEX outbox_muted;
ALTER TABLE outbox DROP COLUMN give_up_from;
ALTER TABLE outbox DROP COLUMN muted_since;
ALTER TABLE outbox DROP COLUMN mute_detail;
ALTER TABLE outbox DROP COLUMN muted;
ALTER TABLE threads RENAME COLUMN subject TO incident;
ALTER TABLE outbox RENAME COLUMN subject TO incident;
