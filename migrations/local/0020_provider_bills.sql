-- What providers bill, as their own reports say, to be held against the usage ledger. Days are the provider's, in UTC.
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
CREATE INDEX bill_imports_of ON bill_imports (control_credential_id, at);

-- Lines of bills. A day is imported again for a week, because providers still change it.
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
CREATE INDEX bill_costs_day ON bill_costs (provider, day);

-- Use as providers count it, from which follows why an amount differs.
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
CREATE INDEX bill_usage_day ON bill_usage (provider, day);

-- Which keys at the provider are Reeve's own: remembered, because keys that are gone are on no list.
CREATE TABLE bill_own_keys (
    control_credential_id BLOB NOT NULL REFERENCES control_credentials (id),
    key                   TEXT NOT NULL,
    PRIMARY KEY (control_credential_id, key)
) STRICT, WITHOUT ROWID;
