-- The prices charges were computed with, each once: a charge names the entry of the usage ledger that tells its price.
CREATE TABLE applied_prices (
    seq   INTEGER PRIMARY KEY, -- index of that entry; of charges from before there were such entries, the first one's own
    price TEXT    NOT NULL UNIQUE
) STRICT;

CREATE TEMP TABLE computed_with AS
    SELECT seq, json_set(json_remove(price, '$.lines'), '$.rates', (
        SELECT json_group_array(json_object('unit', line.value ->> 'unit', 'pico_usd', line.value -> 'pico_usd'))
        FROM json_each(charges.price, '$.lines') AS line
    )) AS price FROM charges WHERE price IS NOT NULL;
INSERT INTO applied_prices (seq, price) SELECT min(seq), price FROM computed_with GROUP BY price;
ALTER TABLE charges DROP COLUMN price;
ALTER TABLE charges ADD COLUMN price_seq INTEGER; -- in applied_prices; NULL: not priced
UPDATE charges SET price_seq = applied_prices.seq FROM computed_with, applied_prices
    WHERE computed_with.seq = charges.seq AND applied_prices.price = computed_with.price;
DROP TABLE computed_with;
