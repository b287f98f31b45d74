-- What was decided about a call and where its time went.
ALTER TABLE charges ADD COLUMN reserved_nano INTEGER;
ALTER TABLE charges ADD COLUMN decisions     TEXT;    -- what each budget and the quota had left; NULL: not known
ALTER TABLE charges ADD COLUMN sent_us       INTEGER; -- from arrival until it went out to the provider
ALTER TABLE charges ADD COLUMN added_us      INTEGER; -- spent in Reeve itself

-- One index for each filter of the request log; rare values only where common ones are found by time just as soon.
CREATE INDEX charges_provider ON charges (provider, time);
CREATE INDEX charges_api_key ON charges (api_key_id, time) WHERE api_key_id IS NOT NULL;
CREATE INDEX charges_user ON charges (user, time) WHERE user IS NOT NULL;
CREATE INDEX charges_outcome ON charges (outcome, time) WHERE outcome <> 'success';
CREATE INDEX charges_status ON charges (status, time) WHERE status <> 200;
CREATE INDEX charges_dear ON charges (time) WHERE cost_nano >= 100000000;
CREATE INDEX charges_slow ON charges (time) WHERE latency_ms >= 10000;
CREATE INDEX charges_trace ON charges (trace_id, time) WHERE trace_id IS NOT NULL;
CREATE INDEX charges_request ON charges (request_id, time) WHERE request_id IS NOT NULL;

-- Calls that were refused. Each has its entry in the audit ledger; a flood is one row with a number.
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
CREATE INDEX refusals_time ON refusals (time);
CREATE INDEX refusals_tenant ON refusals (tenant_id, time) WHERE tenant_id IS NOT NULL;
CREATE INDEX refusals_model ON refusals (model, time) WHERE model IS NOT NULL;
CREATE INDEX refusals_provider ON refusals (provider, time) WHERE provider IS NOT NULL;
CREATE INDEX refusals_api_key ON refusals (api_key_id, time) WHERE api_key_id IS NOT NULL;
CREATE INDEX refusals_user ON refusals (user, time) WHERE user IS NOT NULL;
CREATE INDEX refusals_reason ON refusals (reason, time);
CREATE INDEX refusals_trace ON refusals (trace_id, time) WHERE trace_id IS NOT NULL;

-- Labels of charges (kind 1) and refusals (kind 0), to find them by.
CREATE TABLE request_tags (
    kind INTEGER NOT NULL,
    tag  TEXT    NOT NULL,
    at   INTEGER NOT NULL,
    row  INTEGER NOT NULL, -- seq of the charge or refusal
    PRIMARY KEY (kind, tag, at, row)
) STRICT, WITHOUT ROWID;

INSERT INTO request_tags (kind, tag, at, row)
SELECT DISTINCT 1, tags.value, charges.time, charges.seq FROM charges, json_each(charges.tags) AS tags WHERE charges.tags <> '[]';

-- Users, tags and keys of all tenants over a span of time.
CREATE INDEX usage_facets_slot ON usage_facets (facet, slot);

-- Earlier calls by operation.
INSERT INTO usage_facets (facet, value, slot, tenant_id, requests, failures, cost_nano, unpriced, input_tokens, output_tokens)
SELECT 'operation', operation, time / 900000, tenant_id, count(*), sum(outcome <> 'success'), coalesce(sum(cost_nano), 0),
       sum(cost_nano IS NULL),
       coalesce(sum((SELECT sum(u.value) FROM json_each(charges.usage) AS u WHERE u.key IN ('input', 'cache_read',
         'cache_read_audio', 'cache_write', 'cache_write_1h', 'audio_input', 'image_input'))), 0),
       coalesce(sum((SELECT sum(u.value) FROM json_each(charges.usage) AS u WHERE u.key IN ('output', 'reasoning',
         'audio_output', 'image_output'))), 0)
FROM charges GROUP BY operation, time / 900000, tenant_id;

-- Which bodies are kept of a tenant's calls, and how. No row: none.
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

-- Data keys of captured bodies, by tenant and day of expiry, wrapped by the vault. Destroying one destroys what it sealed.
CREATE TABLE capture_keys (
    id        TEXT    PRIMARY KEY,
    tenant_id BLOB    NOT NULL,
    day       INTEGER NOT NULL, -- of expiry: UTC milliseconds / 86,400,000
    wrapped   BLOB    NOT NULL,
    UNIQUE (tenant_id, day)
) STRICT;

-- Captured bodies, redacted and sealed.
CREATE TABLE captures (
    charge_id  BLOB    PRIMARY KEY,
    tenant_id  BLOB    NOT NULL,
    key_id     TEXT    NOT NULL REFERENCES capture_keys (id),
    time       INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    bytes      INTEGER NOT NULL, -- of the sealed bodies
    sealed     BLOB    NOT NULL
) STRICT;
CREATE INDEX captures_expiry ON captures (expires_at);
CREATE INDEX captures_tenant ON captures (tenant_id, time);
CREATE INDEX captures_key ON captures (key_id);
