-- Who made a key; not known of those from before.
ALTER TABLE api_keys ADD COLUMN created_by BLOB;
CREATE INDEX api_keys_maker ON api_keys (created_by, id) WHERE created_by IS NOT NULL;
