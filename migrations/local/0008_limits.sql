-- Rate limits that people have set: a scope's default (no subject), or the limit of one tenant, key, user, model or address.
-- A number that is NULL is as the scope's default has it.
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
CREATE UNIQUE INDEX limits_subject ON limits (scope, coalesce(subject, ''));

-- Sums of calls that a rate limit refused.
CREATE TABLE limit_refusals (
    slot      INTEGER NOT NULL, -- UTC milliseconds / 300,000
    scope     TEXT    NOT NULL,
    metric    TEXT    NOT NULL, -- requests, tokens, concurrent
    tenant_id BLOB    NOT NULL, -- empty: none known
    calls     INTEGER NOT NULL,
    PRIMARY KEY (slot, scope, metric, tenant_id)
) STRICT, WITHOUT ROWID;
