-- Admin keys that replace themselves: their versions are those of a credential that serves no calls.
ALTER TABLE credentials ADD COLUMN renews_id BLOB REFERENCES control_credentials (id); -- NULL: its keys serve calls

CREATE UNIQUE INDEX credentials_renews ON credentials (renews_id) WHERE renews_id IS NOT NULL AND revoked_at IS NULL;
