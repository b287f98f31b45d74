-- Backups of the vault's keys that were made here: when the last one was, and so what it does not hold.
CREATE TABLE vault_backups (
    id         INTEGER PRIMARY KEY,
    made_at    INTEGER NOT NULL,
    keys       INTEGER NOT NULL, -- keys in use that are in it
    epoch      INTEGER NOT NULL,
    generation INTEGER NOT NULL
) STRICT;
