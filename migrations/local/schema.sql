CREATE TABLE adjustments (
    charge_id    BLOB    PRIMARY KEY, -- the charge that corrects
    original_id  BLOB    NOT NULL,    -- the charge it corrects
    rerating_id  BLOB    NOT NULL,
    cost_nano    INTEGER NOT NULL,    -- the difference
    adjusted_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    id           BLOB    PRIMARY KEY,
    tenant_id    BLOB    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name         TEXT    NOT NULL,
    prefix       TEXT    NOT NULL UNIQUE,
    secret_hash  BLOB    NOT NULL, -- SHA-256; the secret has 256 random bits, so a fast hash is enough
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER
, scopes TEXT NOT NULL DEFAULT 'gateway:call', rotated_at INTEGER, previous_prefix TEXT, previous_hash BLOB, previous_until INTEGER, previous_used_at INTEGER, created_by BLOB) STRICT;

CREATE TABLE "applied_prices" (
    seq   INTEGER PRIMARY KEY, -- index of that entry; of charges from before there were such entries, the first one's own
    price TEXT    NOT NULL
) STRICT;

CREATE TABLE bill_costs (
    control_credential_id BLOB    NOT NULL REFERENCES control_credentials (id),
    provider              TEXT    NOT NULL,
    day                   INTEGER NOT NULL, -- UTC milliseconds
    line                  TEXT    NOT NULL, -- in the provider's words
    place                 TEXT    NOT NULL, -- project or workspace; empty: none
    key                   TEXT    NOT NULL, -- id of the key at the provider; empty: not told
    tier                  TEXT    NOT NULL,
    model                 TEXT,             -- NULL: billed by no model
    amount_nano           INTEGER NOT NULL,
    imported_at           INTEGER NOT NULL,
    PRIMARY KEY (control_credential_id, day, line, place, key, tier)
) STRICT, WITHOUT ROWID;

CREATE TABLE bill_imports (
    id                    BLOB    PRIMARY KEY,
    control_credential_id BLOB    NOT NULL REFERENCES control_credentials (id),
    provider              TEXT    NOT NULL,
    at                    INTEGER NOT NULL,
    by_schedule           INTEGER NOT NULL, -- else somebody asked
    from_day              INTEGER NOT NULL, -- UTC milliseconds
    to_day                INTEGER NOT NULL, -- the first moment behind
    lines                 INTEGER NOT NULL, -- in the report
    changed               INTEGER NOT NULL, -- that were new, other, or gone since the import before
    billed_nano           INTEGER NOT NULL,
    error                 TEXT              -- why nothing was taken
) STRICT;

CREATE TABLE bill_own_keys (
    control_credential_id BLOB NOT NULL REFERENCES control_credentials (id),
    key                   TEXT NOT NULL,
    PRIMARY KEY (control_credential_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE bill_usage (
    control_credential_id BLOB    NOT NULL REFERENCES control_credentials (id),
    provider              TEXT    NOT NULL,
    day                   INTEGER NOT NULL,
    model                 TEXT    NOT NULL,
    place                 TEXT    NOT NULL,
    key                   TEXT    NOT NULL,
    tier                  TEXT    NOT NULL,
    requests              INTEGER,          -- NULL: not told
    usage                 TEXT    NOT NULL, -- quantities by unit, as JSON
    imported_at           INTEGER NOT NULL,
    PRIMARY KEY (control_credential_id, day, model, place, key, tier)
) STRICT, WITHOUT ROWID;

CREATE TABLE breaker_rules (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    rules      TEXT    NOT NULL,  -- JSON
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE budget_overrides (
    id         BLOB    PRIMARY KEY,
    budget_id  BLOB    NOT NULL REFERENCES budgets (id) ON DELETE CASCADE,
    limit_nano INTEGER NOT NULL CHECK (limit_nano >= 0),
    starts_at  INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK (ends_at > starts_at)
) STRICT;

CREATE TABLE budget_refusals (
    budget_id  BLOB    NOT NULL REFERENCES budgets (id) ON DELETE CASCADE,
    slot       INTEGER NOT NULL, -- UTC milliseconds / 900,000
    tenant_id  BLOB    NOT NULL,
    api_key_id BLOB    NOT NULL, -- empty: several, in a flood
    model      TEXT    NOT NULL, -- empty: several
    user       TEXT    NOT NULL, -- empty: none named, or several
    calls      INTEGER NOT NULL,
    asked_nano INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    PRIMARY KEY (budget_id, slot, tenant_id, api_key_id, model, user)
) STRICT, WITHOUT ROWID;

CREATE TABLE budget_thresholds (
    budget_id    BLOB    NOT NULL REFERENCES budgets (id) ON DELETE CASCADE,
    period_start INTEGER NOT NULL,
    threshold    INTEGER NOT NULL, -- percent
    at           INTEGER NOT NULL,
    PRIMARY KEY (budget_id, period_start, threshold)
) STRICT, WITHOUT ROWID;

CREATE TABLE "budgets" (
    id         BLOB    PRIMARY KEY,
    scope      TEXT    NOT NULL, -- workspace, tenant, api_key, user, model, tag, pool
    tenant_id  BLOB    REFERENCES tenants (id) ON DELETE CASCADE, -- NULL: calls of all tenants
    target     TEXT    NOT NULL DEFAULT '', -- which key, user, model, tag or pool
    period     TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    limit_nano INTEGER NOT NULL CHECK (limit_nano >= 0),
    thresholds TEXT    NOT NULL,
    sample     INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (scope NOT IN ('workspace', 'pool') OR tenant_id IS NULL),
    CHECK (scope NOT IN ('tenant', 'api_key') OR tenant_id IS NOT NULL),
    CHECK ((scope IN ('workspace', 'tenant')) = (target = ''))
) STRICT;

CREATE TABLE bundles (
    id    INTEGER PRIMARY KEY, -- entry id >> 8
    t_min INTEGER NOT NULL,
    t_max INTEGER NOT NULL
) STRICT;

CREATE TABLE capture_keys (
    id        TEXT    PRIMARY KEY,
    tenant_id BLOB    NOT NULL,
    day       INTEGER NOT NULL, -- of expiry: UTC milliseconds / 86,400,000
    wrapped   BLOB    NOT NULL,
    UNIQUE (tenant_id, day)
) STRICT;

CREATE TABLE capture_rules (
    tenant_id      BLOB    PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    api_keys       TEXT    NOT NULL, -- JSON list of key ids; empty: all
    share_ppm      INTEGER NOT NULL CHECK (share_ppm BETWEEN 0 AND 1000000),
    max_bytes      INTEGER NOT NULL CHECK (max_bytes > 0),
    retention_days INTEGER NOT NULL CHECK (retention_days > 0),
    detectors      TEXT    NOT NULL, -- JSON list of words
    patterns       TEXT    NOT NULL, -- JSON list of regular expressions
    updated_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE captures (
    charge_id  BLOB    PRIMARY KEY,
    tenant_id  BLOB    NOT NULL,
    key_id     TEXT    NOT NULL REFERENCES capture_keys (id),
    time       INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    bytes      INTEGER NOT NULL, -- of the sealed bodies
    sealed     BLOB    NOT NULL
) STRICT;

CREATE TABLE charges (
    seq             INTEGER PRIMARY KEY, -- index of the leaf in the usage ledger
    id              BLOB    NOT NULL UNIQUE,
    time            INTEGER NOT NULL,
    tenant_id       BLOB    NOT NULL REFERENCES tenants (id),
    api_key_id      BLOB,
    user            TEXT,
    provider        TEXT    NOT NULL,
    model           TEXT    NOT NULL,
    operation       TEXT    NOT NULL,
    source          TEXT    NOT NULL,
    outcome         TEXT    NOT NULL,
    status          INTEGER,
    usage           TEXT    NOT NULL,
    cost_nano       INTEGER,             -- NULL: unpriced
    pricing         TEXT    NOT NULL,
    unpriced_reason TEXT,
    latency_ms      INTEGER,
    first_byte_ms   INTEGER,
    stream          INTEGER NOT NULL DEFAULT 0,
    trace_id        TEXT,
    request_id      TEXT,
    import_id       BLOB,
    dedupe          BLOB                 -- SHA-256 of an imported row, so that importing it again changes nothing
, credential_id BLOB, tags TEXT NOT NULL DEFAULT '[]', attempts INTEGER NOT NULL DEFAULT 1, reserved_nano INTEGER, decisions     TEXT, sent_us       INTEGER, added_us      INTEGER, price_seq INTEGER) STRICT;

CREATE TABLE checkpoints (
    stream     INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    note       TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (stream, size)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE cosignatures (
    stream     INTEGER NOT NULL,
    witness_id BLOB    NOT NULL REFERENCES witnesses (id),
    size       INTEGER NOT NULL,
    time       INTEGER NOT NULL, -- seconds since 1970, by the witness's clock
    signature  BLOB    NOT NULL,
    note       TEXT    NOT NULL,
    PRIMARY KEY (stream, witness_id, size)
) STRICT, WITHOUT ROWID;

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
, renews_id BLOB REFERENCES control_credentials (id)) STRICT;

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

CREATE TABLE dict (
    id INTEGER PRIMARY KEY,
    ns INTEGER NOT NULL, -- 1 kind, 2 actor, 3 resource, 4 tenant
    s  TEXT    NOT NULL,
    UNIQUE (ns, s)
) STRICT;

CREATE TABLE entries (
    id     INTEGER PRIMARY KEY,
    t      INTEGER NOT NULL,
    kind   INTEGER NOT NULL,
    who    INTEGER NOT NULL,
    res    INTEGER NOT NULL,
    tenant INTEGER NOT NULL,
    ok     INTEGER NOT NULL, -- 0 success, 1 denied, 2 error, 3 unknown
    leaf   BLOB    NOT NULL  -- last, so that filters never read it
) STRICT;

CREATE TABLE entry_mentions (
    id     TEXT    NOT NULL,
    seq    INTEGER NOT NULL, -- index of the entry in the audit ledger
    type   TEXT    NOT NULL,
    tenant TEXT    NOT NULL, -- id of the tenant; empty: of the workspace
    role   INTEGER NOT NULL CHECK (role BETWEEN 0 AND 2),
    PRIMARY KEY (id, seq, type)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry_sets (
    part   INTEGER NOT NULL, -- entries.id >> 13
    word   INTEGER NOT NULL, -- dict.id; below zero: the outcome, negated
    places BLOB    NOT NULL, -- 1,024 bytes of bits, or the places as big-endian numbers of two bytes where that is shorter
    PRIMARY KEY (part, word)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry_words (
    word    INTEGER NOT NULL, -- dict.id; below zero: the outcome, negated
    chapter INTEGER NOT NULL, -- entries.id >> 16
    parts   INTEGER NOT NULL, -- a bit for each part of the chapter with the word, the first part lowest
    n       INTEGER NOT NULL, -- entries of the chapter with the word
    PRIMARY KEY (word, chapter)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE exposures (
    tenant_id  BLOB    PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    bound_nano INTEGER NOT NULL CHECK (bound_nano >= 0),
    at         INTEGER NOT NULL
) STRICT;

CREATE TABLE grants (
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    role       TEXT    NOT NULL, -- the word of a built-in one, or `rol_…`
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE holds (
    id          BLOB    PRIMARY KEY,
    tenant_id   BLOB    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    amount_nano INTEGER NOT NULL CHECK (amount_nano > 0),
    opened_at   INTEGER NOT NULL,
    at          INTEGER NOT NULL, -- last moment known before the crash: the periods it counts to
    released_at INTEGER,
    reason      TEXT    NOT NULL
) STRICT;

CREATE TABLE idempotency_keys (
    writer TEXT    NOT NULL, -- id of the tenant or person
    kind   INTEGER NOT NULL CHECK (kind IN (0, 1)),
    key    TEXT    NOT NULL,
    digest BLOB    NOT NULL, -- SHA-256 of what was sent
    seqs   TEXT    NOT NULL, -- JSON list: the entries written
    at     INTEGER NOT NULL,
    PRIMARY KEY (writer, kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE imports (
    id         BLOB    PRIMARY KEY,
    name       TEXT    NOT NULL,
    rows       INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    cost_nano  INTEGER NOT NULL,
    sample     INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE invitations (
    id         BLOB    PRIMARY KEY,
    email      TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    role       TEXT    NOT NULL,
    token_hash BLOB    NOT NULL UNIQUE, -- SHA-256; the token has 256 random bits
    invited_by TEXT    NOT NULL,        -- pseudonym in the ledger
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE key_fallbacks (
    credential_id BLOB    NOT NULL,
    version       INTEGER NOT NULL,
    tenant_id     BLOB    NOT NULL,
    api_key_id    BLOB    NOT NULL,
    calls         INTEGER NOT NULL,
    last_at       INTEGER NOT NULL,
    PRIMARY KEY (credential_id, version, tenant_id, api_key_id)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE known_devices (
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    what       TEXT    NOT NULL CHECK (what IN ('program', 'network')),
    hash       BLOB    NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    PRIMARY KEY (user_id, what, hash)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE limit_refusals (
    slot      INTEGER NOT NULL, -- UTC milliseconds / 300,000
    scope     TEXT    NOT NULL,
    metric    TEXT    NOT NULL, -- requests, tokens, concurrent
    tenant_id BLOB    NOT NULL, -- empty: none known
    calls     INTEGER NOT NULL,
    PRIMARY KEY (slot, scope, metric, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE limits (
    id                  BLOB    PRIMARY KEY,
    scope               TEXT    NOT NULL CHECK (scope IN ('tenant', 'api_key', 'user', 'model', 'ip')),
    subject             TEXT,             -- an id, the name of a user or model, or an address; NULL: the scope's default
    tenant_id           BLOB    REFERENCES tenants (id) ON DELETE CASCADE, -- the tenant, or whose key it is
    requests_per_minute INTEGER CHECK (requests_per_minute > 0),
    tokens_per_minute   INTEGER CHECK (tokens_per_minute > 0),
    burst               INTEGER CHECK (burst > 0),
    concurrent_requests INTEGER CHECK (concurrent_requests > 0),
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL
) STRICT;

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

CREATE TABLE log_keys (
    stream    INTEGER NOT NULL,
    from_size INTEGER NOT NULL,
    vkey      TEXT    NOT NULL,
    PRIMARY KEY (stream, from_size)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_state (
    stream    INTEGER PRIMARY KEY,
    origin    TEXT    NOT NULL, -- empty until a signing key exists
    vkey      TEXT    NOT NULL,
    size      INTEGER NOT NULL,
    root      BLOB    NOT NULL,
    frontier  BLOB    NOT NULL,
    min_index INTEGER NOT NULL DEFAULT 0,
    last_hlc  INTEGER NOT NULL,
    head      TEXT    NOT NULL  -- newest signed checkpoint
, kept BLOB, pruned_by INTEGER, pruned_at INTEGER) STRICT;

CREATE TABLE model_rules (
    tenant_id  BLOB    PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    rules      TEXT    NOT NULL,  -- JSON
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE own_prices (
    id             BLOB    PRIMARY KEY,
    tenant_id      BLOB    REFERENCES tenants (id) ON DELETE CASCADE, -- NULL: the whole workspace
    provider       TEXT    NOT NULL,
    model          TEXT    NOT NULL,
    rates          TEXT    NOT NULL, -- pico-USD by unit, tier and length of context
    note           TEXT,
    version        INTEGER NOT NULL, -- rises with every change
    effective_from INTEGER NOT NULL,
    effective_to   INTEGER,          -- withdrawn; not after effective_from: it never held
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE pool_credentials (
    credential_id BLOB PRIMARY KEY, -- in one pool at most
    pool_id       BLOB NOT NULL REFERENCES pools (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE pools (
    id         BLOB    PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE price_lists (
    id             BLOB    PRIMARY KEY,
    name           TEXT    NOT NULL, -- of the file
    version        TEXT    NOT NULL,
    effective_from INTEGER NOT NULL,
    digest         BLOB    NOT NULL, -- SHA-256 of the file
    models         INTEGER NOT NULL,
    prices         TEXT    NOT NULL,
    approved_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE private_sections (
    entry_id INTEGER NOT NULL,
    i        INTEGER NOT NULL,
    key_id   TEXT    NOT NULL,
    sealed   BLOB,
    PRIMARY KEY (entry_id, i)
) STRICT, WITHOUT ROWID;

CREATE TABLE quota_overrides (
    tenant_id           BLOB PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    requests_per_day    INTEGER,
    tokens_per_request  INTEGER,
    concurrent_requests INTEGER,
    until               INTEGER,
    reason              TEXT
) STRICT;

CREATE TABLE refusal_slots (
    slot       INTEGER NOT NULL,
    tenant_id  BLOB    NOT NULL, -- empty: none known
    reason     TEXT    NOT NULL,
    budget_id  BLOB    NOT NULL, -- empty: none
    calls      INTEGER NOT NULL,
    asked_nano INTEGER NOT NULL,
    PRIMARY KEY (slot, tenant_id, reason, budget_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE refusals (
    seq        INTEGER PRIMARY KEY, -- index of the entry in the audit ledger
    id         BLOB    NOT NULL UNIQUE, -- of the request
    time       INTEGER NOT NULL,
    tenant_id  BLOB,
    api_key_id BLOB,
    user       TEXT,
    provider   TEXT,
    model      TEXT,
    operation  TEXT,
    stream     INTEGER NOT NULL DEFAULT 0,
    tags       TEXT    NOT NULL DEFAULT '[]',
    reason     TEXT    NOT NULL,
    message    TEXT,
    calls      INTEGER NOT NULL,
    asked_nano INTEGER NOT NULL,
    trace_id   TEXT
) STRICT;

CREATE TABLE request_tags (
    kind INTEGER NOT NULL,
    tag  TEXT    NOT NULL,
    at   INTEGER NOT NULL,
    row  INTEGER NOT NULL, -- seq of the charge or refusal
    PRIMARY KEY (kind, tag, at, row)
) STRICT, WITHOUT ROWID;

CREATE TABLE reratings (
    id            BLOB    PRIMARY KEY,
    from_time     INTEGER NOT NULL,
    to_time       INTEGER NOT NULL,
    tenant_id     BLOB,
    provider      TEXT,
    model         TEXT,
    reason        TEXT    NOT NULL,
    after_time    INTEGER NOT NULL, -- charges up to here are done, by time and seq
    after_seq     INTEGER NOT NULL,
    adjusted      INTEGER NOT NULL, -- calls
    old_nano      INTEGER NOT NULL, -- of the adjusted calls
    new_nano      INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    finished_at   INTEGER
) STRICT;

CREATE TABLE resource_links (
    tenant    TEXT    NOT NULL,
    from_id   TEXT    NOT NULL,
    from_type TEXT    NOT NULL,
    to_id     TEXT    NOT NULL,
    to_type   TEXT    NOT NULL,
    seq       INTEGER NOT NULL,
    PRIMARY KEY (from_id, from_type, to_id, to_type, tenant)
) STRICT, WITHOUT ROWID;

CREATE TABLE retention_policies (
    stream        TEXT    PRIMARY KEY CHECK (stream IN ('audit', 'usage')),
    entries_days  INTEGER CHECK (entries_days > 0),  -- NULL: for ever
    personal_days INTEGER CHECK (personal_days > 0), -- NULL: as long as the entries
    updated_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE retention_runs (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    ran_at INTEGER NOT NULL
) STRICT;

CREATE TABLE roles (
    id          BLOB    PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    description TEXT    NOT NULL,
    scopes      TEXT    NOT NULL, -- JSON: {"allowed": [...], "denied": [...]}
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

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

CREATE TABLE routes (
    id         BLOB    PRIMARY KEY,
    tenant_id  BLOB    REFERENCES tenants (id) ON DELETE CASCADE, -- NULL: for all tenants
    model      TEXT    NOT NULL,  -- what callers ask for: a model's name, or an alias
    targets    TEXT    NOT NULL,  -- JSON, in the order they are asked
    patience   TEXT    NOT NULL,  -- JSON
    retries    TEXT    NOT NULL,  -- JSON
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE saved_views (
    id         BLOB    PRIMARY KEY,
    owner_id   BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       TEXT    NOT NULL,
    shared     INTEGER NOT NULL,
    filter     TEXT    NOT NULL, -- JSON of its fields, checked when it was saved
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sealed_items (
    name       TEXT    PRIMARY KEY,
    sealed     BLOB    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE second_factor_codes (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash    BLOB NOT NULL, -- SHA-256
    used_at INTEGER,
    PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE second_factors (
    user_id      BLOB    PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed       BLOB    NOT NULL,           -- the seed
    last_step    INTEGER NOT NULL DEFAULT 0, -- half-minute since 1970 of the newest code taken: only later ones are
    created_at   INTEGER NOT NULL,
    confirmed_at INTEGER                     -- NULL: begun, and asked for from nobody yet
) STRICT;

CREATE TABLE sessions (
    id           BLOB    PRIMARY KEY,
    user_id      BLOB    NOT NULL REFERENCES users (id),
    refresh_hash BLOB    NOT NULL UNIQUE, -- SHA-256 of the token that is good now
    used_hash    BLOB,                    -- SHA-256 of the one before it, to notice a replay
    created_at   INTEGER NOT NULL,
    refreshed_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    revoked_at   INTEGER
, program TEXT, successor BLOB) STRICT;

CREATE TABLE settings (
    id             INTEGER PRIMARY KEY CHECK (id = 1),
    workspace_name TEXT    NOT NULL,
    time_zone      TEXT    NOT NULL,
    unpriced       TEXT    NOT NULL CHECK (unpriced IN ('refuse', 'ceiling')),
    ceiling_input  INTEGER,             -- pico-USD per token
    ceiling_output INTEGER,             -- pico-USD per token
    updated_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE subject_keys (
    id      TEXT PRIMARY KEY,
    subject TEXT    NOT NULL,
    month   INTEGER NOT NULL, -- 202611
    wrapped BLOB    NOT NULL,
    UNIQUE (subject, month)
) STRICT;

CREATE TABLE subjects (
    subject       TEXT    PRIMARY KEY,
    user_id       BLOB,
    erased_at     INTEGER,
    restricted_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE tenants (
    id         BLOB    PRIMARY KEY,
    name       TEXT    NOT NULL,
    slug       TEXT    NOT NULL UNIQUE,
    tier       TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    time_zone  TEXT    NOT NULL,
    owner      TEXT,
    tags       TEXT    NOT NULL DEFAULT '[]',
    notes      TEXT,
    sample     INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE tiles (
    id     INTEGER PRIMARY KEY,
    hashes BLOB NOT NULL
) STRICT;

CREATE TABLE unpriced_models (
    provider  TEXT    NOT NULL,
    model     TEXT    NOT NULL,
    reason    TEXT    NOT NULL, -- unknown_model, missing_rate
    tenant_id BLOB    NOT NULL,
    refused   INTEGER NOT NULL, -- calls
    ceiling   INTEGER NOT NULL, -- calls
    cost_nano INTEGER NOT NULL, -- what was charged at the ceiling
    first_at  INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    PRIMARY KEY (provider, model, reason, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_facets (
    facet         TEXT    NOT NULL, -- user, tag, credential
    value         TEXT    NOT NULL,
    slot          INTEGER NOT NULL, -- UTC milliseconds / 900,000
    tenant_id     BLOB    NOT NULL,
    requests      INTEGER NOT NULL,
    failures      INTEGER NOT NULL,
    cost_nano     INTEGER NOT NULL,
    unpriced      INTEGER NOT NULL,
    input_tokens  INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    PRIMARY KEY (facet, value, slot, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_slots (
    slot          INTEGER NOT NULL, -- UTC milliseconds / 900,000
    tenant_id     BLOB    NOT NULL,
    provider      TEXT    NOT NULL,
    model         TEXT    NOT NULL,
    api_key_id    BLOB    NOT NULL, -- empty: none
    requests      INTEGER NOT NULL,
    failures      INTEGER NOT NULL,
    cost_nano     INTEGER NOT NULL,
    unpriced      INTEGER NOT NULL,
    input_tokens  INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    PRIMARY KEY (slot, tenant_id, provider, model, api_key_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id            BLOB    PRIMARY KEY,
    subject       TEXT    NOT NULL UNIQUE, -- pseudonym in the ledger
    name          TEXT    NOT NULL,
    email         TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    password_hash TEXT,                    -- NULL: signs in through the OS account, in the window only
    role          TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
, disabled_at INTEGER) STRICT;

CREATE TABLE vault_backups (
    id         INTEGER PRIMARY KEY,
    made_at    INTEGER NOT NULL,
    keys       INTEGER NOT NULL, -- keys in use that are in it
    epoch      INTEGER NOT NULL,
    generation INTEGER NOT NULL
) STRICT;

CREATE TABLE vault_header (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    vault_id   BLOB    NOT NULL,
    kcv        BLOB    NOT NULL,
    kek_epoch  INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    mac        BLOB    NOT NULL,
    created_at INTEGER NOT NULL
, root_epoch INTEGER NOT NULL DEFAULT 1) STRICT;

CREATE TABLE vault_next (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    vault_id   BLOB    NOT NULL,
    kcv        BLOB    NOT NULL,
    kek_epoch  INTEGER NOT NULL,
    root_epoch INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    mac        BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    older_root BLOB    NOT NULL -- the present root key, sealed under the one that is about to be
) STRICT;

CREATE TABLE vault_rewraps (
    epoch      INTEGER PRIMARY KEY, -- what everything is sealed under behind it
    kind       TEXT    NOT NULL CHECK (kind IN ('routine', 'compromised')),
    total      INTEGER NOT NULL,    -- what there was to seal anew when it began
    done       INTEGER NOT NULL DEFAULT 0,
    unreadable INTEGER NOT NULL DEFAULT 0, -- what did not open, and so stays as it is
    older_root BLOB,                -- the root key before, sealed under this one; NULL once nothing needs it
    started_at INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT;

CREATE TABLE vault_seals (
    epoch INTEGER PRIMARY KEY,
    seals INTEGER NOT NULL
) STRICT;

CREATE TABLE vault_slots (
    id          TEXT    PRIMARY KEY,
    kind        TEXT    NOT NULL,
    kdf         TEXT    NOT NULL,
    salt        BLOB    NOT NULL,
    nonce       BLOB    NOT NULL,
    wrapped_vrk BLOB    NOT NULL,
    state       TEXT    NOT NULL,
    created_at  INTEGER NOT NULL
, next INTEGER NOT NULL DEFAULT 0 CHECK (next IN (0, 1))) STRICT;

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

CREATE INDEX adjustments_original ON adjustments (original_id);

CREATE INDEX api_keys_maker ON api_keys (created_by, id) WHERE created_by IS NOT NULL;

CREATE UNIQUE INDEX api_keys_previous ON api_keys (previous_prefix) WHERE previous_prefix IS NOT NULL;

CREATE INDEX api_keys_tenant ON api_keys (tenant_id, id);

CREATE INDEX applied_prices_price ON applied_prices (price);

CREATE INDEX bill_costs_day ON bill_costs (provider, day);

CREATE INDEX bill_imports_of ON bill_imports (control_credential_id, at);

CREATE INDEX bill_usage_day ON bill_usage (provider, day);

CREATE INDEX budget_overrides_budget ON budget_overrides (budget_id, id);

CREATE UNIQUE INDEX budgets_tenant ON budgets (tenant_id, scope, target, period) WHERE tenant_id IS NOT NULL;

CREATE UNIQUE INDEX budgets_workspace ON budgets (scope, target, period) WHERE tenant_id IS NULL;

CREATE INDEX captures_expiry ON captures (expires_at);

CREATE INDEX captures_key ON captures (key_id);

CREATE INDEX captures_tenant ON captures (tenant_id, time);

CREATE INDEX charges_dear ON charges (time) WHERE cost_nano >= 100000000;

CREATE UNIQUE INDEX charges_dedupe ON charges (dedupe) WHERE dedupe IS NOT NULL;

CREATE INDEX charges_outcome ON charges (outcome, time) WHERE outcome <> 'success';

CREATE INDEX charges_request ON charges (request_id, time) WHERE request_id IS NOT NULL;

CREATE INDEX charges_slow ON charges (time) WHERE latency_ms >= 10000;

CREATE INDEX charges_status ON charges (status, time) WHERE status <> 200;

CREATE INDEX charges_tenant ON charges (tenant_id, time);

CREATE INDEX charges_time ON charges (time);

CREATE INDEX charges_trace ON charges (trace_id, time) WHERE trace_id IS NOT NULL;

CREATE INDEX charges_user ON charges (user, time) WHERE user IS NOT NULL;

CREATE UNIQUE INDEX control_credentials_name ON control_credentials (name) WHERE removed_at IS NULL;

CREATE UNIQUE INDEX credentials_name ON credentials (name) WHERE revoked_at IS NULL;

CREATE UNIQUE INDEX credentials_renews ON credentials (renews_id) WHERE renews_id IS NOT NULL AND revoked_at IS NULL;

CREATE UNIQUE INDEX erasures_open ON erasures (subject) WHERE state IN ('requested', 'blocked');

CREATE INDEX grants_tenant ON grants (tenant_id);

CREATE INDEX holds_open ON holds (tenant_id) WHERE released_at IS NULL;

CREATE INDEX idempotency_keys_at ON idempotency_keys (at);

CREATE UNIQUE INDEX key_versions_current ON key_versions (credential_id) WHERE state = 'current';

CREATE UNIQUE INDEX key_versions_grace ON key_versions (credential_id) WHERE state = 'grace';

CREATE UNIQUE INDEX key_versions_pending ON key_versions (credential_id) WHERE state = 'pending';

CREATE UNIQUE INDEX legal_holds_name ON legal_holds (name COLLATE NOCASE) WHERE released_at IS NULL;

CREATE UNIQUE INDEX limits_subject ON limits (scope, coalesce(subject, ''));

CREATE UNIQUE INDEX own_prices_start ON own_prices (coalesce(tenant_id, x''), provider, model, effective_from) WHERE effective_to IS NULL;

CREATE INDEX pool_credentials_pool ON pool_credentials (pool_id);

CREATE INDEX private_sections_key ON private_sections (key_id) WHERE sealed IS NOT NULL;

CREATE INDEX refusal_slots_budget ON refusal_slots (budget_id, slot);

CREATE INDEX refusals_api_key ON refusals (api_key_id, time) WHERE api_key_id IS NOT NULL;

CREATE INDEX refusals_model ON refusals (model, time) WHERE model IS NOT NULL;

CREATE INDEX refusals_provider ON refusals (provider, time) WHERE provider IS NOT NULL;

CREATE INDEX refusals_reason ON refusals (reason, time);

CREATE INDEX refusals_tenant ON refusals (tenant_id, time) WHERE tenant_id IS NOT NULL;

CREATE INDEX refusals_time ON refusals (time);

CREATE INDEX refusals_trace ON refusals (trace_id, time) WHERE trace_id IS NOT NULL;

CREATE INDEX refusals_user ON refusals (user, time) WHERE user IS NOT NULL;

CREATE INDEX resource_links_to ON resource_links (to_id, to_type);

CREATE INDEX rotations_of ON rotations (credential_id, started_at);

CREATE UNIQUE INDEX rotations_open ON rotations (credential_id) WHERE ended_at IS NULL;

CREATE UNIQUE INDEX routes_tenant ON routes (tenant_id, model) WHERE tenant_id IS NOT NULL;

CREATE UNIQUE INDEX routes_workspace ON routes (model) WHERE tenant_id IS NULL;

CREATE UNIQUE INDEX saved_views_name ON saved_views (owner_id, name COLLATE NOCASE);

CREATE INDEX sessions_used ON sessions (used_hash) WHERE used_hash IS NOT NULL;

CREATE INDEX sessions_user ON sessions (user_id, created_at);

CREATE INDEX tenants_name ON tenants (name COLLATE NOCASE, id);

CREATE INDEX usage_facets_slot ON usage_facets (facet, slot);

CREATE INDEX usage_facets_tenant ON usage_facets (tenant_id, facet, slot);

CREATE INDEX usage_slots_api_key ON usage_slots (api_key_id, slot);

CREATE INDEX usage_slots_model ON usage_slots (model, slot);

CREATE INDEX usage_slots_provider ON usage_slots (provider, slot);

CREATE INDEX usage_slots_tenant ON usage_slots (tenant_id, slot);

