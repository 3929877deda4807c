-- +goose Up
-- Who told of a change, separated by commas; empty is the same as "reported".
ALTER TABLE changes ADD COLUMN sources TEXT NOT NULL DEFAULT '';
-- Ids under which a change was known before it was found to be another one.
CREATE TABLE change_aliases (
    alias  TEXT PRIMARY KEY,
    change TEXT NOT NULL
);
CREATE INDEX change_aliases_change ON change_aliases (change);

-- +goose Down
DROP TABLE change_aliases;
ALTER TABLE changes DROP COLUMN sources;
