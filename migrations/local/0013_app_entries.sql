-- Entries that applications write into the audit trail themselves.

-- What a tenant's key may be used for; keys made before may call the gateway.
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT 'gateway:call';

-- Which entries name a resource: as what they are about (role 0), as what it was linked to (1), as their project (2).
CREATE TABLE entry_mentions (
    id     TEXT    NOT NULL,
    seq    INTEGER NOT NULL, -- index of the entry in the audit ledger
    type   TEXT    NOT NULL,
    tenant TEXT    NOT NULL, -- id of the tenant; empty: of the workspace
    role   INTEGER NOT NULL CHECK (role BETWEEN 0 AND 2),
    PRIMARY KEY (id, seq, type)
) STRICT, WITHOUT ROWID;

-- Links that hold now, each with the entry that made it.
CREATE TABLE resource_links (
    tenant    TEXT    NOT NULL,
    from_id   TEXT    NOT NULL,
    from_type TEXT    NOT NULL,
    to_id     TEXT    NOT NULL,
    to_type   TEXT    NOT NULL,
    seq       INTEGER NOT NULL,
    PRIMARY KEY (from_id, from_type, to_id, to_type, tenant)
) STRICT, WITHOUT ROWID;
CREATE INDEX resource_links_to ON resource_links (to_id, to_type);

-- Keys that requests (kind 0) and entries (kind 1) were sent with, so that sending them again writes nothing again.
CREATE TABLE idempotency_keys (
    writer TEXT    NOT NULL, -- id of the tenant or person
    kind   INTEGER NOT NULL CHECK (kind IN (0, 1)),
    key    TEXT    NOT NULL,
    digest BLOB    NOT NULL, -- SHA-256 of what was sent
    seqs   TEXT    NOT NULL, -- JSON list: the entries written
    at     INTEGER NOT NULL,
    PRIMARY KEY (writer, kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_at ON idempotency_keys (at);
