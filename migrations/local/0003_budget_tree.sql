-- Budgets of every level. The old CHECK knew two scopes only, so the table is built anew; rows and index names stay.
CREATE TABLE budgets_new (
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
INSERT INTO budgets_new (id, scope, tenant_id, period, kind, limit_nano, thresholds, sample, created_at, updated_at)
SELECT id, scope, tenant_id, period, kind, limit_nano, thresholds, sample, created_at, updated_at FROM budgets;
DROP TABLE budgets;
ALTER TABLE budgets_new RENAME TO budgets;
CREATE UNIQUE INDEX budgets_workspace ON budgets (scope, target, period) WHERE tenant_id IS NULL;
CREATE UNIQUE INDEX budgets_tenant ON budgets (tenant_id, scope, target, period) WHERE tenant_id IS NOT NULL;

-- Another limit for a while.
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
CREATE INDEX budget_overrides_budget ON budget_overrides (budget_id, id);

-- Thresholds that were passed: told once a period.
CREATE TABLE budget_thresholds (
    budget_id    BLOB    NOT NULL REFERENCES budgets (id) ON DELETE CASCADE,
    period_start INTEGER NOT NULL,
    threshold    INTEGER NOT NULL, -- percent
    at           INTEGER NOT NULL,
    PRIMARY KEY (budget_id, period_start, threshold)
) STRICT, WITHOUT ROWID;

-- Whom a budget refused, by quarter-hour.
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

-- Provider keys that share budgets, because they share an account.
CREATE TABLE pools (
    id         BLOB    PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE pool_credentials (
    credential_id BLOB PRIMARY KEY, -- in one pool at most
    pool_id       BLOB NOT NULL REFERENCES pools (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX pool_credentials_pool ON pool_credentials (pool_id);
