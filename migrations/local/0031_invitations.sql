-- People who may not sign in for now, and from what people signed in.
ALTER TABLE users ADD COLUMN disabled_at INTEGER;
ALTER TABLE sessions ADD COLUMN program TEXT; -- what it called itself at sign-in; NULL once the session was ended

-- Invitations that nobody has taken up yet. One that is taken up or taken back is deleted; the audit trail has both.
CREATE TABLE invitations (
    id         BLOB    PRIMARY KEY,
    email      TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    role       TEXT    NOT NULL,
    token_hash BLOB    NOT NULL UNIQUE, -- SHA-256; the token has 256 random bits
    invited_by TEXT    NOT NULL,        -- pseudonym in the ledger
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
