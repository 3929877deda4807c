-- +goose Up
-- How far files and journals were read: what lies before is stored.
CREATE TABLE log_positions (
    source      TEXT NOT NULL PRIMARY KEY, -- file/DEVICE:INODE or journal/NAME
    path        TEXT NOT NULL,             -- of a file, as it was last seen
    fingerprint BLOB NOT NULL,             -- the first bytes of a file
    offset      INTEGER NOT NULL,          -- of a file, in bytes
    cursor      TEXT NOT NULL,             -- of a journal
    seen        INTEGER NOT NULL           -- when it was last saved, in milliseconds
) WITHOUT ROWID;

-- +goose Down
DROP TABLE log_positions;
