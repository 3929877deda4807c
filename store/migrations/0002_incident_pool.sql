-- +goose Up
-- What the incident manager must remember beside the incidents themselves:
-- parked: strong anomalies that wait for companions; absorbed: episodes that
-- go on under an incident which a person has resolved.
CREATE TABLE incident_pool (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL, -- of the occurrence
    at   INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, key)
);

-- +goose Down
DROP TABLE incident_pool;
