-- +goose Up
-- What sentry-cli told of releases, until they are deployed and for a while after.
CREATE TABLE sentry_releases (
    org     TEXT NOT NULL,
    version TEXT NOT NULL,
    created INTEGER NOT NULL, -- in milliseconds
    release TEXT NOT NULL,    -- the rest, as JSON
    PRIMARY KEY (org, version)
) WITHOUT ROWID;
CREATE INDEX sentry_releases_created ON sentry_releases (created);

-- +goose Down
DROP TABLE sentry_releases;
