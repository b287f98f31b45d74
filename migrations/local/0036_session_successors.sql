-- The refresh token that took the place of the one before, readable with that one alone: an answer may be lost on its way.
ALTER TABLE sessions ADD COLUMN successor BLOB;
