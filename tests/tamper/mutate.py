"""Changes a SQLite file as somebody with Python would: no rule of the schema is looked at.

    mutate.py schema FILE                       tables and their columns, as JSON
    mutate.py flip FILE TABLE COLUMN            another value in one row
    mutate.py delete|duplicate|swap|truncate FILE TABLE
    mutate.py sql FILE STATEMENTS

Prints "done", or "none" where there is nothing to change.
"""
import json
import sqlite3
import sys


def tables(db):
    names = [r[0] for r in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")]
    return {name: [(r[1], r[5]) for r in db.execute(f"PRAGMA table_info('{name}')")] for name in names}


def other(value):
    if isinstance(value, int):
        return value + 1
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:] if value else b"x"
    if isinstance(value, str):
        return value[:-1] + ("x" if value[-1:] != "x" else "y")
    return value


# What a resource is called, before a part of the trail is full: it is written anew when the store opens.
NOUN = 5


def rows_of(db, table):
    where = f"WHERE ns <> {NOUN}" if table == "dict" else ""
    return [list(r) for r in db.execute(f"SELECT * FROM \"{table}\" {where}")]


def flip(db, table, columns, column):
    names = [name for name, _ in columns]
    at = names.index(column)
    found = [r for r in rows_of(db, table) if r[at] is not None]
    if not found:
        return False
    row = found[len(found) // 2]
    keys = [i for i, (_, key) in enumerate(columns) if key]
    where = " AND ".join(f'"{names[i]}" IS ?' for i in keys)
    value = other(row[at])
    if isinstance(row[at], str) and row[at].startswith(("[", "{")):
        value = '["changed"]' if row[at].startswith("[") else '{"changed":1}'
    for attempt in range(3):
        try:
            db.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE {where}', [value] + [row[i] for i in keys])
            return True
        except sqlite3.IntegrityError:
            value = value + 1_000_000 if isinstance(value, int) else value + (b"z" if isinstance(value, bytes) else "z")
    raise SystemExit(f"{table}.{column} cannot be changed")


def change(db, act, table, columns):
    names = [name for name, _ in columns]
    keys = [i for i, (_, key) in enumerate(columns) if key]
    rows = rows_of(db, table)
    if not rows:
        return False
    where = " AND ".join(f'"{names[i]}" IS ?' for i in keys)
    put = f'INSERT INTO "{table}" VALUES ({",".join("?" * len(names))})'
    middle = rows[len(rows) // 2]
    key_of = lambda row: [row[i] for i in keys]
    if act == "truncate":
        db.execute(f'DELETE FROM "{table}"')
    elif act == "delete":
        db.execute(f'DELETE FROM "{table}" WHERE {where}', key_of(middle))
    elif act == "duplicate":
        copy = list(middle)
        last = keys[-1]
        if isinstance(copy[last], int):
            copy[last] = max(r[last] for r in rows) + 1
        else:
            copy[last] = other(copy[last])
        try:
            db.execute(put, copy)
        except sqlite3.IntegrityError:
            return False
    elif act == "swap":
        if len(rows) < 2:
            return False
        a, b = rows[len(rows) // 2 - 1], rows[len(rows) // 2]
        for row in (a, b):
            db.execute(f'DELETE FROM "{table}" WHERE {where}', key_of(row))
        for row, keyed in ((a, b), (b, a)):
            new = list(row)
            for i in keys:
                new[i] = keyed[i]
            db.execute(put, new)
        if len(keys) == len(names):
            return False
    return True


def main():
    act, path = sys.argv[1:3]
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA ignore_check_constraints = ON")
    if act == "sql":
        db.executescript(sys.argv[3])
        print("done")
        return
    schema = tables(db)
    if act == "schema":
        print(json.dumps({t: [n for n, _ in columns] for t, columns in schema.items()}))
        return
    table = sys.argv[3]
    db.execute("BEGIN")
    if act == "flip":
        done = flip(db, table, schema[table], sys.argv[4])
    else:
        done = change(db, act, table, schema[table])
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print("done" if done else "none")


if __name__ == "__main__":
    main()
