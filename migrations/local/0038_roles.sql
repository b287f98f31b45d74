-- Roles that people make, beside the built-in ones. A person's or an invitation's role is the word of a built-in one or `rol_…`.
CREATE TABLE roles (
    id          BLOB    PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    description TEXT    NOT NULL,
    scopes      TEXT    NOT NULL, -- JSON: {"allowed": [...], "denied": [...]}
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
