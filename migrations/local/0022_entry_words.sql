-- In which parts a word stands, told once for eight of them (a chapter, 65,536 entries) when the last is full: an index row for each
-- word and part would touch another page for every word of every part. Those of chapters that are full already are made by the
-- hook of this migration.
DROP INDEX entry_sets_word;

CREATE TABLE entry_words (
    word    INTEGER NOT NULL, -- dict.id; below zero: the outcome, negated
    chapter INTEGER NOT NULL, -- entries.id >> 16
    parts   INTEGER NOT NULL, -- a bit for each part of the chapter with the word, the first part lowest
    n       INTEGER NOT NULL, -- entries of the chapter with the word
    PRIMARY KEY (word, chapter)
) STRICT, WITHOUT ROWID;
