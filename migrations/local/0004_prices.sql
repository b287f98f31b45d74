-- Own prices: what a tenant or the whole workspace pays where that is not what the catalogue says. One holds until the
-- next one for the same model begins, or until it is withdrawn.
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
CREATE UNIQUE INDEX own_prices_start ON own_prices (coalesce(tenant_id, x''), provider, model, effective_from) WHERE effective_to IS NULL;

-- Price lists that were approved, whole, as they were approved. The built-in one is part of the program.
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

-- Models that were really asked for and could not be priced, or only at the ceiling.
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

-- Re-ratings: a period computed again at the prices known now. Resumed where a stop cut one.
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

-- Which charge corrects which: a charge is never edited.
CREATE TABLE adjustments (
    charge_id    BLOB    PRIMARY KEY, -- the charge that corrects
    original_id  BLOB    NOT NULL,    -- the charge it corrects
    rerating_id  BLOB    NOT NULL,
    cost_nano    INTEGER NOT NULL,    -- the difference
    adjusted_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX adjustments_original ON adjustments (original_id);
