-- +goose Up
CREATE TABLE change_verdicts (
    change TEXT PRIMARY KEY,
    state  TEXT NOT NULL,
    final  INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    body   TEXT NOT NULL -- the verdict as JSON
);
CREATE TABLE change_words (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    change TEXT NOT NULL,
    state  TEXT NOT NULL,
    at     INTEGER NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX change_words_change ON change_words (change, seq);

-- +goose Down
DROP TABLE change_words;
DROP TABLE change_verdicts;
