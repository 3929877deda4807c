-- +goose Up
-- What never was more than a candidate is kept out of most lists.
ALTER TABLE incidents ADD COLUMN never_opened INTEGER NOT NULL DEFAULT 0;

-- What is remembered of each fingerprint over incidents: how often it was odd,
-- how long it stayed away, what was odd with it.
CREATE TABLE incident_habits (
    key  TEXT PRIMARY KEY, -- of the occurrence
    at   INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX incident_habits_at ON incident_habits (at);

-- They waited for five minutes at most; candidates take their place.
DELETE FROM incident_pool WHERE kind = 'parked';

-- +goose Down
DROP TABLE incident_habits;
DELETE FROM incident_events WHERE incident IN (SELECT id FROM incidents WHERE never_opened = 1);
DELETE FROM incidents WHERE never_opened = 1;
ALTER TABLE incidents DROP COLUMN never_opened;
