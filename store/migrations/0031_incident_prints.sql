-- +goose Up
-- What each incident looked like, how long its stages lasted and what was done, to
-- compare later ones with. At most as many rows as incident/similar keeps.
CREATE TABLE incident_prints (
    incident TEXT PRIMARY KEY,
    opened   INTEGER NOT NULL,
    resolved INTEGER NOT NULL DEFAULT 0,
    body     TEXT NOT NULL
);
CREATE INDEX incident_prints_opened ON incident_prints (opened);

-- +goose Down
DROP TABLE incident_prints;
