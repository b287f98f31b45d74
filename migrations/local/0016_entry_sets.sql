-- Which entries a word stands in: for every 8,192 entries of a stream (a part) and every word of their filter columns the
-- set of their places, written once, when the part is full. It takes the place of an index row for each entry and column.
-- Sets of the parts that are full already are made by the hook of this migration.
DROP INDEX entries_kind;
DROP INDEX entries_who;
DROP INDEX entries_res;
DROP INDEX entries_tenant;
DROP INDEX entries_not_ok;

CREATE TABLE entry_sets (
    part   INTEGER NOT NULL, -- entries.id >> 13
    word   INTEGER NOT NULL, -- dict.id; below zero: the outcome, negated
    places BLOB    NOT NULL, -- 1,024 bytes of bits, or the places as big-endian numbers of two bytes where that is shorter
    PRIMARY KEY (part, word)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_sets_word ON entry_sets (word, part);
