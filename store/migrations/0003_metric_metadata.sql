-- +goose Up
-- What senders say of their metrics: one row for each wording of a family.
CREATE TABLE metric_metadata (
    family TEXT NOT NULL,
    type   TEXT NOT NULL,
    unit   TEXT NOT NULL,
    help   TEXT NOT NULL,
    seen   INTEGER NOT NULL, -- when it was last sent, to some hours
    PRIMARY KEY (family, type, unit, help)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE metric_metadata;
