#!/usr/bin/env python3
"""Makes leaked_passwords.bin of lists of leaked passwords, one password a line.

    python3 leaked_passwords.py LIST...

What is kept of a password that is long enough to be one here, in lower case, is the beginning of its SHA-256: enough to
know it again, and nothing to read.
"""

import hashlib
import pathlib
import sys

# As in password.rs and leaked.rs.
MIN_CHARACTERS = 15
PREFIX = 5


def kept(path):
    for line in pathlib.Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
        plain = line.strip().lower()
        if len(plain) >= MIN_CHARACTERS:
            yield hashlib.sha256(plain.encode()).digest()[:PREFIX]


prefixes = {prefix for path in sys.argv[1:] for prefix in kept(path)}
out = pathlib.Path(__file__).with_name("leaked_passwords.bin")
out.write_bytes(b"".join(sorted(prefixes)))
print(f"{len(prefixes)} passwords")
