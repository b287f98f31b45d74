-- A rotated API key keeps its id; the secret before goes on working for a while.
ALTER TABLE api_keys ADD COLUMN rotated_at INTEGER;
ALTER TABLE api_keys ADD COLUMN previous_prefix TEXT;
ALTER TABLE api_keys ADD COLUMN previous_hash BLOB;
ALTER TABLE api_keys ADD COLUMN previous_until INTEGER;
ALTER TABLE api_keys ADD COLUMN previous_used_at INTEGER;

CREATE UNIQUE INDEX api_keys_previous ON api_keys (previous_prefix) WHERE previous_prefix IS NOT NULL;
