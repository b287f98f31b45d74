-- Roles that people hold for single tenants, beside their own.
CREATE TABLE grants (
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    role       TEXT    NOT NULL, -- the word of a built-in one, or `rol_…`
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_tenant ON grants (tenant_id);
