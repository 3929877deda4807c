-- +goose Up
-- What the rule engine needs to go on after a restart with the alerts that are
-- firing or held, as JSON.
CREATE TABLE standing_alerts (
    fingerprint TEXT PRIMARY KEY,
    body        TEXT NOT NULL
);

-- +goose Down
DROP TABLE standing_alerts;
