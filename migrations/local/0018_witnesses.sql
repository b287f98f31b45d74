-- Outside witnesses: parties that sign how long the logs were. Each row is what entries of the audit stream say; verification compares.
CREATE TABLE witnesses (
    id              BLOB    PRIMARY KEY,
    name            TEXT    NOT NULL, -- of the key
    vkey            TEXT    NOT NULL,
    url             TEXT,             -- where it takes checkpoints; NULL: they are carried by hand
    allow_private   INTEGER NOT NULL, -- whether it may be at an address that is not public
    added_at        INTEGER NOT NULL,
    added_by        INTEGER NOT NULL, -- index of the entry that says so
    removed_at      INTEGER,
    removed_by      INTEGER,
    contradicted_by INTEGER,          -- index of the entry that says that it holds another log than this
    contradiction   TEXT
) STRICT;

-- What the witnesses signed: the head as the log signed it, and their signatures. Of each day the last.
CREATE TABLE cosignatures (
    stream     INTEGER NOT NULL,
    witness_id BLOB    NOT NULL REFERENCES witnesses (id),
    size       INTEGER NOT NULL,
    time       INTEGER NOT NULL, -- seconds since 1970, by the witness's clock
    signature  BLOB    NOT NULL,
    note       TEXT    NOT NULL,
    PRIMARY KEY (stream, witness_id, size)
) STRICT, WITHOUT ROWID;
