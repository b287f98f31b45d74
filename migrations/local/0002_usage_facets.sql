-- Which provider key paid, how the caller labelled the call, and how often the provider was asked.
ALTER TABLE charges ADD COLUMN credential_id BLOB;
ALTER TABLE charges ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE charges ADD COLUMN attempts INTEGER NOT NULL DEFAULT 1;

-- Sums by what usage_slots does not tell apart; a call counts once for each of its facets.
CREATE TABLE usage_facets (
    facet         TEXT    NOT NULL, -- user, tag, credential
    value         TEXT    NOT NULL,
    slot          INTEGER NOT NULL, -- UTC milliseconds / 900,000
    tenant_id     BLOB    NOT NULL,
    requests      INTEGER NOT NULL,
    failures      INTEGER NOT NULL,
    cost_nano     INTEGER NOT NULL,
    unpriced      INTEGER NOT NULL,
    input_tokens  INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    PRIMARY KEY (facet, value, slot, tenant_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_facets_tenant ON usage_facets (tenant_id, facet, slot);

-- Earlier calls name users already. Their tokens are left out: only the rows tell input from output.
INSERT INTO usage_facets (facet, value, slot, tenant_id, requests, failures, cost_nano, unpriced, input_tokens, output_tokens)
SELECT 'user', user, time / 900000, tenant_id, count(*), sum(outcome <> 'success'), coalesce(sum(cost_nano), 0), sum(cost_nano IS NULL),
       0, 0
FROM charges WHERE user IS NOT NULL GROUP BY user, time / 900000, tenant_id;
