-- Saved views of the audit trail: filters that people gave a name to, for themselves or for everybody who may read it.
CREATE TABLE saved_views (
    id         BLOB    PRIMARY KEY,
    owner_id   BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       TEXT    NOT NULL,
    shared     INTEGER NOT NULL,
    filter     TEXT    NOT NULL, -- JSON of its fields, checked when it was saved
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX saved_views_name ON saved_views (owner_id, name COLLATE NOCASE);

-- From what people have signed in before: hashes of programs and of networks, with the person in each.
CREATE TABLE known_devices (
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    what       TEXT    NOT NULL CHECK (what IN ('program', 'network')),
    hash       BLOB    NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    PRIMARY KEY (user_id, what, hash)
) STRICT, WITHOUT ROWID;
