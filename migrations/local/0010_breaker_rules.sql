-- When calls are kept from a provider key; without the row by the defaults.
CREATE TABLE breaker_rules (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    rules      TEXT    NOT NULL,  -- JSON
    updated_at INTEGER NOT NULL
) STRICT;
