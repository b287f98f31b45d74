-- How many entries a set has, in the index by word too: a condition on one column is counted by a sum over the index, without
-- looking at a set. The hook of this migration makes the sets again.
DROP TABLE entry_sets;

CREATE TABLE entry_sets (
    part   INTEGER NOT NULL, -- entries.id >> 13
    word   INTEGER NOT NULL, -- dict.id; below zero: the outcome, negated
    n      INTEGER NOT NULL, -- entries in it
    places BLOB    NOT NULL, -- 1,024 bytes of bits, or the places as big-endian numbers of two bytes where that is shorter
    PRIMARY KEY (part, word)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_sets_word ON entry_sets (word, part, n);
