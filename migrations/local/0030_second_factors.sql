-- Second factors: the seed that a person's authenticator app shares with Reeve.
CREATE TABLE second_factors (
    user_id      BLOB    PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed       BLOB    NOT NULL,           -- the seed
    last_step    INTEGER NOT NULL DEFAULT 0, -- half-minute since 1970 of the newest code taken: only later ones are
    created_at   INTEGER NOT NULL,
    confirmed_at INTEGER                     -- NULL: begun, and asked for from nobody yet
) STRICT;

-- Codes for a person without the app at hand, each good once. 120 random bits, so a fast hash is enough.
CREATE TABLE second_factor_codes (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash    BLOB NOT NULL, -- SHA-256
    used_at INTEGER,
    PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;
