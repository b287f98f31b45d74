-- Where a model, provider or key was charged, the quarter-hours tell, of which each has a row once; the charges in them are found
-- by their time. An index over all charges for each of the three cost more than anything else that a call writes.
DROP INDEX charges_api_key;
DROP INDEX charges_model;
DROP INDEX charges_provider;
CREATE INDEX usage_slots_api_key ON usage_slots (api_key_id, slot);
CREATE INDEX usage_slots_model ON usage_slots (model, slot);
CREATE INDEX usage_slots_provider ON usage_slots (provider, slot);
