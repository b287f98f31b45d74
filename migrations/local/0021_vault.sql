-- The first epoch of the present root key: what older epochs sealed opens with the root key before it.
ALTER TABLE vault_header ADD COLUMN root_epoch INTEGER NOT NULL DEFAULT 1;

-- A slot of the root key that is about to be: it opens nothing of the present one.
ALTER TABLE vault_slots ADD COLUMN next INTEGER NOT NULL DEFAULT 0 CHECK (next IN (0, 1));

-- The header that is about to be, while a new root key is put into the keyring.
CREATE TABLE vault_next (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    vault_id   BLOB    NOT NULL,
    kcv        BLOB    NOT NULL,
    kek_epoch  INTEGER NOT NULL,
    root_epoch INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    mac        BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    older_root BLOB    NOT NULL -- the present root key, sealed under the one that is about to be
) STRICT;

-- Rotations of the master key. The one that has not ended goes on at the next start.
CREATE TABLE vault_rewraps (
    epoch      INTEGER PRIMARY KEY, -- what everything is sealed under behind it
    kind       TEXT    NOT NULL CHECK (kind IN ('routine', 'compromised')),
    total      INTEGER NOT NULL,    -- what there was to seal anew when it began
    done       INTEGER NOT NULL DEFAULT 0,
    unreadable INTEGER NOT NULL DEFAULT 0, -- what did not open, and so stays as it is
    older_root BLOB,                -- the root key before, sealed under this one; NULL once nothing needs it
    started_at INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT;
