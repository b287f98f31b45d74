-- Where calls for a model go; without a row they go to whichever provider key serves the model.
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
CREATE UNIQUE INDEX routes_workspace ON routes (model) WHERE tenant_id IS NULL;
CREATE UNIQUE INDEX routes_tenant ON routes (tenant_id, model) WHERE tenant_id IS NOT NULL;

-- Which models a tenant may call; without a row all of them.
CREATE TABLE model_rules (
    tenant_id  BLOB    PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    rules      TEXT    NOT NULL,  -- JSON
    updated_at INTEGER NOT NULL
) STRICT;

-- Several keys of one provider: those of the lowest priority number share the calls by weight, the others step in.
ALTER TABLE credentials ADD COLUMN weight INTEGER NOT NULL DEFAULT 100 CHECK (weight > 0);
ALTER TABLE credentials ADD COLUMN priority INTEGER NOT NULL DEFAULT 1 CHECK (priority > 0);
