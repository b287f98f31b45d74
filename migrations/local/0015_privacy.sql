-- Erasure, legal holds and retention of the ledger.

-- Below min_index entries are gone, or going; the entry of the audit stream that says so, and when.
ALTER TABLE log_state ADD COLUMN pruned_by INTEGER;
ALTER TABLE log_state ADD COLUMN pruned_at INTEGER;

-- Pseudonyms of the ledger that something was decided about. The name behind one stands in users, and goes with it.
CREATE TABLE subjects (
    subject       TEXT    PRIMARY KEY,
    user_id       BLOB,
    erased_at     INTEGER,
    restricted_at INTEGER
) STRICT, WITHOUT ROWID;

-- Keys that are destroyed and whose sealed sections are still to be overwritten.
CREATE TABLE erased_keys (
    id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE erasures (
    id            BLOB    PRIMARY KEY,
    subject       TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('requested', 'blocked', 'refused', 'done')),
    ground        TEXT,             -- why it was refused, or which holds block it
    requested_at  INTEGER NOT NULL,
    requested_seq INTEGER NOT NULL, -- index of the entry in the audit stream
    decided_at    INTEGER,
    decided_seq   INTEGER,
    keys          INTEGER NOT NULL DEFAULT 0,
    sections      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX erasures_open ON erasures (subject) WHERE state IN ('requested', 'blocked');

CREATE TABLE legal_holds (
    id             BLOB    PRIMARY KEY,
    name           TEXT    NOT NULL,
    scope          TEXT    NOT NULL CHECK (scope IN ('workspace', 'tenant', 'subject', 'time')),
    target         TEXT    NOT NULL, -- a tenant's id, a subject; empty for the others
    from_time      INTEGER,
    to_time        INTEGER,
    reason         TEXT    NOT NULL,
    placed_at      INTEGER NOT NULL,
    released_at    INTEGER,
    release_reason TEXT,
    CHECK ((scope = 'time') = (from_time IS NOT NULL AND to_time IS NOT NULL)),
    CHECK ((scope IN ('tenant', 'subject')) = (target <> ''))
) STRICT;

CREATE UNIQUE INDEX legal_holds_name ON legal_holds (name COLLATE NOCASE) WHERE released_at IS NULL;

CREATE TABLE retention_policies (
    stream        TEXT    PRIMARY KEY CHECK (stream IN ('audit', 'usage')),
    entries_days  INTEGER CHECK (entries_days > 0),  -- NULL: for ever
    personal_days INTEGER CHECK (personal_days > 0), -- NULL: as long as the entries
    updated_at    INTEGER NOT NULL
) STRICT;

-- When the daily task last ran to its end.
CREATE TABLE retention_runs (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    ran_at INTEGER NOT NULL
) STRICT;

-- A price whose entry was pruned is told again, by another entry; charges of before still name the old one.
CREATE TABLE retold_prices (
    seq   INTEGER PRIMARY KEY, -- index of that entry; of charges from before there were such entries, the first one's own
    price TEXT    NOT NULL
) STRICT;
INSERT INTO retold_prices (seq, price) SELECT seq, price FROM applied_prices;
DROP TABLE applied_prices;
ALTER TABLE retold_prices RENAME TO applied_prices;
CREATE INDEX applied_prices_price ON applied_prices (price);

-- What is still sealed under a key; what is overwritten is no longer looked at.
DROP INDEX private_sections_key;
CREATE INDEX private_sections_key ON private_sections (key_id) WHERE sealed IS NOT NULL;
