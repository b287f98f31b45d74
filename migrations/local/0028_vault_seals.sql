-- How many values were sealed under each epoch of the master key: AES-GCM with random nonces bounds them.
CREATE TABLE vault_seals (
    epoch INTEGER PRIMARY KEY,
    seals INTEGER NOT NULL
) STRICT;

-- What is sealed already; what the newest rotation of the master key sealed is among it.
INSERT INTO vault_seals (epoch, seals)
SELECT kek_epoch,
       (SELECT count(*) FROM key_versions WHERE wrapped_dek IS NOT NULL)
     + (SELECT count(*) FROM control_credentials WHERE sealed IS NOT NULL)
     + (SELECT count(*) FROM sealed_items) + (SELECT count(*) FROM listeners)
     + (SELECT count(*) FROM capture_keys) + (SELECT count(*) FROM subject_keys)
FROM vault_header;
