-- The keys that sign the heads of a log, each with the number of entries from which it does. Every one but the first was named by
-- the entry before that number; verification derives these rows from there.
CREATE TABLE log_keys (
    stream    INTEGER NOT NULL,
    from_size INTEGER NOT NULL,
    vkey      TEXT    NOT NULL,
    PRIMARY KEY (stream, from_size)
) STRICT, WITHOUT ROWID;

INSERT INTO log_keys (stream, from_size, vkey) SELECT stream, 0, vkey FROM log_state WHERE vkey <> '';

-- The hashes of all rows of checkpoints, one added to the other bit by bit, so that one that is lost or changed is missed.
-- NULL: not counted yet.
ALTER TABLE log_state ADD COLUMN kept BLOB;
