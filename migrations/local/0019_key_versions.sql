-- Admin keys: what a provider lets make, list and retire other keys. Sealed for their own purpose; never used for calls.
CREATE TABLE control_credentials (
    id           BLOB    PRIMARY KEY,
    name         TEXT    NOT NULL,
    provider     TEXT    NOT NULL,
    fingerprint  TEXT    NOT NULL,
    last4        TEXT    NOT NULL,
    sealed       BLOB,             -- NULL once removed: the key is shredded
    created_at   INTEGER NOT NULL,
    changed_at   INTEGER NOT NULL, -- when the key itself was last replaced
    last_used_at INTEGER,
    removed_at   INTEGER,
    CHECK ((removed_at IS NULL) = (sealed IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX control_credentials_name ON control_credentials (name) WHERE removed_at IS NULL;

-- A credential keeps its identity; its keys come and go as versions.
DROP INDEX credentials_name;
ALTER TABLE credentials RENAME TO credentials_before;
CREATE TABLE credentials (
    id                    BLOB    PRIMARY KEY,
    name                  TEXT    NOT NULL,
    provider              TEXT    NOT NULL,
    base_url              TEXT    NOT NULL,
    models                TEXT    NOT NULL DEFAULT '[]',
    weight                INTEGER NOT NULL DEFAULT 100 CHECK (weight > 0),
    priority              INTEGER NOT NULL DEFAULT 1 CHECK (priority > 0),
    period_days           INTEGER NOT NULL DEFAULT 90 CHECK (period_days BETWEEN 0 AND 3650), -- 0: no schedule
    grace_days            INTEGER NOT NULL DEFAULT 7 CHECK (grace_days BETWEEN 0 AND 90),
    soak_hours            INTEGER NOT NULL DEFAULT 24 CHECK (soak_hours BETWEEN 0 AND 720),
    control               TEXT,   -- how the provider is told about keys, as JSON; NULL: by hand
    control_credential_id BLOB REFERENCES control_credentials (id),
    created_at            INTEGER NOT NULL,
    revoked_at            INTEGER,
    last_used_at          INTEGER
) STRICT;
INSERT INTO credentials (id, name, provider, base_url, models, weight, priority, created_at, revoked_at, last_used_at)
    SELECT id, name, provider, base_url, models, weight, priority, created_at, revoked_at, last_used_at FROM credentials_before;
CREATE UNIQUE INDEX credentials_name ON credentials (name) WHERE revoked_at IS NULL;

-- The keys of a credential, one row each. What the ciphertexts are bound to is the provider, the credential and the version.
CREATE TABLE key_versions (
    credential_id   BLOB    NOT NULL REFERENCES credentials (id),
    version         INTEGER NOT NULL CHECK (version > 0),
    state           TEXT    NOT NULL
        CHECK (state IN ('pending', 'current', 'grace', 'disabled', 'revoked', 'orphan', 'foreign', 'lost')),
    provider_key_id TEXT,             -- its id at the provider, where that is known
    fingerprint     TEXT    NOT NULL, -- empty where the key was never seen
    last4           TEXT    NOT NULL,
    wrapped_dek     BLOB,             -- NULL once revoked: the key is shredded
    sealed          BLOB,
    rotation_id     BLOB,             -- the rotation that made it
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER,          -- when the provider ends it by itself
    promoted_at     INTEGER,
    retired_at      INTEGER,          -- since when it is no longer the current one
    grace_until     INTEGER,          -- until when calls may still go out with it
    revoked_at      INTEGER,
    last_used_at    INTEGER,
    calls           INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (credential_id, version),
    CHECK ((wrapped_dek IS NULL) = (sealed IS NULL)),
    CHECK (state NOT IN ('revoked', 'orphan', 'foreign') OR wrapped_dek IS NULL),
    CHECK (state NOT IN ('pending', 'current', 'grace') OR wrapped_dek IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX key_versions_current ON key_versions (credential_id) WHERE state = 'current';
CREATE UNIQUE INDEX key_versions_pending ON key_versions (credential_id) WHERE state = 'pending';
CREATE UNIQUE INDEX key_versions_grace ON key_versions (credential_id) WHERE state = 'grace';
INSERT INTO key_versions (credential_id, version, state, fingerprint, last4, wrapped_dek, sealed, created_at, promoted_at, retired_at, revoked_at, last_used_at)
    SELECT id, version, iif(revoked_at IS NULL, 'current', 'revoked'), fingerprint, last4, wrapped_dek, sealed, created_at, created_at, revoked_at, revoked_at, last_used_at
    FROM credentials_before;
DROP TABLE credentials_before;

-- Who was still served with a key that is no longer the current one.
CREATE TABLE key_fallbacks (
    credential_id BLOB    NOT NULL,
    version       INTEGER NOT NULL,
    tenant_id     BLOB    NOT NULL,
    api_key_id    BLOB    NOT NULL,
    calls         INTEGER NOT NULL,
    last_at       INTEGER NOT NULL,
    PRIMARY KEY (credential_id, version, tenant_id, api_key_id)
) STRICT, WITHOUT ROWID;

-- The ledger of rotations. What is about to be asked of a provider stands here before it is asked.
CREATE TABLE rotations (
    id               BLOB    PRIMARY KEY,
    credential_id    BLOB    NOT NULL REFERENCES credentials (id),
    state            TEXT    NOT NULL
        CHECK (state IN ('planned', 'intent', 'minting', 'minted', 'probing', 'promoted', 'draining', 'disabling', 'soaking',
                         'revoking', 'done', 'awaiting_operator', 'rolled_back', 'needs_attention')),
    resumes          TEXT,             -- where it goes on behind needs_attention and awaiting_operator
    cause            TEXT    NOT NULL CHECK (cause IN ('schedule', 'force', 'compromised', 'expiry')),
    from_version     INTEGER NOT NULL, -- what is replaced
    to_version       INTEGER,          -- what replaces it, once it is there
    tag              TEXT    NOT NULL, -- what our keys of this rotation are called at the provider
    snapshot         TEXT    NOT NULL DEFAULT '[]', -- keys at the provider before the new one was asked for, as JSON
    seen             TEXT    NOT NULL DEFAULT '{}', -- what probes and last looks found, as JSON
    grace_ms         INTEGER NOT NULL CHECK (grace_ms >= 0),
    soak_ms          INTEGER NOT NULL CHECK (soak_ms >= 0),
    started_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    mint_started_at  INTEGER,
    probe_started_at INTEGER,
    promoted_at      INTEGER,
    grace_until      INTEGER,
    soak_until       INTEGER,
    next_at          INTEGER,          -- when to go on; NULL: when somebody says so
    ended_at         INTEGER,
    attempts         INTEGER NOT NULL DEFAULT 0,
    extensions       INTEGER NOT NULL DEFAULT 0,
    successes        INTEGER NOT NULL DEFAULT 0, -- probes in a row that went well
    error_class      TEXT,
    error            TEXT,
    CHECK ((state = 'done') <= (ended_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX rotations_open ON rotations (credential_id) WHERE ended_at IS NULL;
CREATE INDEX rotations_of ON rotations (credential_id, started_at);
