-- Listeners: addresses that are sent entries as they are written, in their order, at least once.
CREATE TABLE listeners (
    id              BLOB    PRIMARY KEY,
    name            TEXT    NOT NULL UNIQUE,
    url             TEXT    NOT NULL,
    sealed          BLOB    NOT NULL, -- the secret that signs
    stream          TEXT    NOT NULL CHECK (stream IN ('audit', 'usage')),
    event_types     TEXT    NOT NULL, -- JSON list of how event types begin; empty: all
    min_severity    TEXT    NOT NULL,
    allow_private   INTEGER NOT NULL, -- whether it may be at an address that is not public
    enabled         INTEGER NOT NULL,
    disabled_why    TEXT,
    next_seq        INTEGER NOT NULL, -- the first entry that was not looked at
    delivered       INTEGER NOT NULL DEFAULT 0,
    last_delivered  INTEGER,
    failures        INTEGER NOT NULL DEFAULT 0, -- in a row
    failing_since   INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

-- The last attempts of each listener.
CREATE TABLE deliveries (
    listener_id BLOB    NOT NULL REFERENCES listeners (id) ON DELETE CASCADE,
    n           INTEGER NOT NULL,
    seq         INTEGER, -- NULL: a test
    at          INTEGER NOT NULL,
    attempt     INTEGER NOT NULL,
    ok          INTEGER NOT NULL,
    status      INTEGER,
    took_ms     INTEGER NOT NULL,
    error       TEXT,
    PRIMARY KEY (listener_id, n)
) STRICT, WITHOUT ROWID;
