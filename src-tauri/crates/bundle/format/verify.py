#!/usr/bin/env python3
"""Verifies a Reeve export (reeve-export v1) with Python's standard library alone. Python 3.9 or later.

    python3 verify.py FILE [--vkey KEY] [--checkpoint FILE] [--witness KEY]... [--json]

Exit code 0: intact. 1: not intact; the first thing that does not fit is named. 2: no export, or it cannot be read.

It makes the checks of SPEC.md, in that order, and stops at the first that fails. Whoever could change the export could have
changed this program in it too: take it from a place you trust, or read it. It is one file for that reason.
"""
import argparse
import base64
import binascii
import hashlib
import json
import re
import struct
import sys
import zlib

FORMAT = "reeve-export v1"
FIXED = ["manifest.json", "checkpoint", "frontier.txt", "SPEC.md", "verify.py"]
KINDS = {"log": "log", "range": "range", "selection: completeness not provable": "selection"}
KEYS = "keys.jsonl"
WITNESSES = ["policy", "witnessed.jsonl"]
MAX_WITNESSES = 100
MAX_KEYS = 10_000
MAX_FILE = 8 << 20
MAX_LINE = 65_535
MAX_INT = 2**53 - 1
MAX_DEPTH = 16


class Fault(Exception):
    """Not intact: something does not fit."""

    def __init__(self, code, reason, sequence=None, file=None, line=None):
        super().__init__(reason)
        self.code, self.reason, self.sequence, self.file, self.line = code, reason, sequence, file, line


class Unreadable(Exception):
    """No export that this program knows."""


# ---- Ed25519, RFC 8032 section 5.1 -----------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * I % P
    if (x * x - square) % P != 0:
        return None
    return P - x if x & 1 != sign and x != 0 else x


def point(data):
    """The point of 32 bytes in extended coordinates, or None."""
    number = int.from_bytes(data, "little")
    y = (number & ((1 << 255) - 1)) % P
    x = recover_x(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar, p):
    total = (0, 1, 1, 0)
    while scalar > 0:
        if scalar & 1:
            total = add(total, p)
        p = add(p, p)
        scalar >>= 1
    return total


def equal(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_weak(p):
    """Of small order: for such a key or point, a signature can fit more than one text."""
    return equal(multiply(8, p), (0, 1, 1, 0))


def ed25519_verify(public, message, signature):
    if len(signature) != 64:
        return False
    a, r = point(public), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L or is_weak(a) or is_weak(r):
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    return equal(multiply(s, BASE), add(r, multiply(k, a)))


# ---- texts and numbers -----------------------------------------------------------------------------------------------

KEY = re.compile(r"[a-z][a-z0-9_]*")
HASH = re.compile(rb"[0-9a-f]{64}")


def unbase64(text):
    """Strictly: the only spelling of its bytes."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode("ascii") == text else None


def is_int(value):
    return type(value) is int


def is_index(value):
    return is_int(value) and value >= 0


def pairs(items):
    keys = [key for key, _ in items]
    if len(set(keys)) != len(keys) or not all(KEY.fullmatch(key) for key in keys):
        raise ValueError("a key that is not allowed")
    return dict(items)


def refuse(text):
    raise ValueError(f"{text} is not allowed")


def check_value(value, depth):
    if value is None or (is_int(value) and abs(value) > MAX_INT):
        raise ValueError("a value that is not allowed")
    if isinstance(value, (dict, list)):
        if depth >= MAX_DEPTH:
            raise ValueError("nested too deep")
        for inner in value.values() if isinstance(value, dict) else value:
            check_value(inner, depth + 1)


def canonical(data):
    """The value of canonical JSON: sorted keys, no spaces, no null, no fraction. Any other spelling is refused."""
    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=pairs, parse_float=refuse, parse_constant=refuse)
        check_value(value, 0)
        if encode(value) != data:
            raise ValueError("not the canonical spelling")
        return value
    except RecursionError:
        raise ValueError("nested too deep") from None


def encode(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


# ---- the tree, RFC 6962 section 2.1 ----------------------------------------------------------------------------------


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """The roots of the full subtrees of a growing tree, the largest first."""

    def __init__(self):
        self.size, self.roots = 0, []

    def push(self, level, root):
        if self.size % (1 << level) != 0:
            raise ValueError("a subtree cannot begin here")
        carries, self.size = self.size >> level, self.size + (1 << level)
        while carries & 1:
            root, carries = node_hash(self.roots.pop(), root), carries >> 1
        self.roots.append(root)

    def root(self):
        if not self.roots:
            return hashlib.sha256(b"").digest()
        right = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            right = node_hash(left, right)
        return right


def cover(start, end):
    """The full subtrees that cover [start, end): (level, index)."""
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        yield level, start >> level
        start += 1 << level


def is_included(index, size, leaf, proof, root):
    """RFC 9162 section 2.1.3.2."""
    if index >= size:
        return False
    node, last, value = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            value = node_hash(step, value)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            value = node_hash(value, step)
        node, last = node >> 1, last >> 1
    return last == 0 and value == root


def is_consistent(m, n, old_root, root, proof):
    """RFC 9162 section 2.1.4.2."""
    if m > n:
        return False
    if m == n or m == 0:
        return not proof and (m == 0 or old_root == root)
    if m & (m - 1) == 0:
        proof = [old_root] + proof
    if not proof:
        return False
    node, last = m - 1, n - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = proof[0]
    for step in proof[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, step)
        node, last = node >> 1, last >> 1
    return last == 0 and old == old_root and new == root


# ---- the archive: a zip in one layout --------------------------------------------------------------------------------


class Archive:
    """Reads forwards. Every header must be the one that follows from name, size and checksum."""

    def __init__(self, stream):
        self.stream, self.offset, self.directory, self.files = stream, 0, bytearray(), 0

    def take(self, count):
        try:
            data = self.stream.read(count)
        except OSError as error:
            raise Unreadable(f"the file cannot be read: {error}") from None
        self.offset += len(data)
        if len(data) != count:
            raise Fault("archive", "the file ends too early")
        return data

    def next(self):
        """The next file as (name, data, whether its checksum fits); None after the end."""
        at, signature = self.offset, self.take(4)
        if signature == b"PK\x01\x02":
            return self.end(at)
        if signature != b"PK\x03\x04":
            raise Fault("archive", f"the header at byte {at} is not one of this format: the file was packed by another program, or changed")
        shared = self.take(26)
        crc, size = struct.unpack("<II", shared[10:18])
        (length,) = struct.unpack("<H", shared[22:24])
        if shared != struct.pack("<HHHHHIIIHH", 10, 0, 0, 0, 0x21, crc, size, size, length, 0):
            raise Fault("archive", f"the header at byte {at} is not one of this format: the file was packed by another program, or changed")
        name = self.take(length) if 1 <= length <= 64 else b" "
        if not all(0x21 <= byte <= 0x7E for byte in name):
            raise Fault("archive", f"the name at byte {at} is none of this format")
        if size > MAX_FILE:
            raise Fault("archive", f"{name.decode()} says it has {size} bytes; {MAX_FILE} are the most")
        data = self.take(size)
        if self.files == 65_534 or self.offset > 0xFFFF_FFFE:
            raise Fault("archive", "there is more in it than this format can hold")
        self.files += 1
        self.directory += b"PK\x01\x02\x14\x00" + shared + bytes(10) + struct.pack("<I", at) + name
        return name.decode(), data, zlib.crc32(data) == crc

    def end(self, at):
        end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, self.files, self.files, len(self.directory), at, 0)
        for part in (bytes(self.directory[4:]), end):
            if self.take(len(part)) != part:
                raise Fault("archive", "the directory at the end does not list the files as they are")
        if not self.directory or self.stream.read(1):
            raise Fault("archive", "something follows the end of the archive")


# ---- the key and the checkpoint: C2SP signed-note and tlog-checkpoint ------------------------------------------------

SPACES = set(" \t\n\x0b\x0c\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000")


def is_name(name):
    return name != "" and not any(c in SPACES or c == "+" or c < " " for c in name)


def parse_vkey(text, kind=1):
    """(name, id, public key) of a verifier key, or ValueError. A log's key is of kind 1, a witness's of kind 4."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not re.fullmatch(r"[0-9a-f]{8}", parts[1]) or not is_name(parts[0]):
        raise ValueError("a verifier key is <name>+<8 hexadecimal digits>+<base64 of an Ed25519 key>")
    name, data = parts[0], unbase64(parts[2])
    if data is None or len(data) != 33 or data[0] != kind:
        raise ValueError("a verifier key is <name>+<8 hexadecimal digits>+<base64 of an Ed25519 key>")
    place = point(data[1:])
    if place is None or is_weak(place):
        raise ValueError("it is not a usable Ed25519 key")
    ident = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    if ident.hex() != parts[1]:
        raise ValueError("its id does not fit its name and key")
    return name, ident, data[1:]


def origin_of(public, stream):
    ident = base64.b32encode(hashlib.sha256(public).digest()[:15]).decode().lower()
    return f"reeve/l/{ident}/{stream}"


class Malformed(ValueError):
    """No note, or one with a signature that does not fit."""


class NotSigned(ValueError):
    """A note that the key did not sign."""


def valid_for(keys, size):
    """The keys that must sign a head of this size: one, or, where one hands over to the next, both."""
    place = max(sum(start <= size for start, _ in keys), 1)
    return keys[place - (2 if place > 1 and keys[place - 1][0] == size else 1) : place]


def open_head(data, keys, origin):
    """Size and root of a head that is signed by the keys valid for its size."""
    for _, key in reversed(keys):
        try:
            text = open_note(data, key)
            break
        except NotSigned:
            continue
    else:
        raise NotSigned("no line is signed by it")
    size, root = parse_checkpoint(text, origin)
    for _, key in valid_for(keys, size):
        try:
            open_note(data, key)
        except NotSigned:
            raise NotSigned(f"it is not signed by the key that signs for {size} entries") from None
    return size, root


def open_note(data, key):
    """The text of a note that the key signed."""
    text, signed = read_note(data, key, lambda text, signature: ed25519_verify(key[2], text.encode("utf-8"), signature))
    if not signed:
        raise NotSigned("no line is signed by it")
    return text


def cosignature_verify(public, text, signature):
    """A witness's signature: eight bytes of its time in seconds, then Ed25519 over that time and the text."""
    time = int.from_bytes(signature[:8], "big")
    message = f"cosignature/v1\ntime {time}\n{text}".encode("utf-8")
    return len(signature) == 72 and time < 2**63 and ed25519_verify(public, message, signature[8:])


def cosigned_at(data, key):
    """When a witness signed a note, in seconds since 1970; the newest of its lines counts, and every one must verify."""
    _, signed = read_note(data, key, lambda text, signature: cosignature_verify(key[2], text, signature))
    if not signed:
        raise NotSigned("it did not sign the head")
    return max(int.from_bytes(signature[:8], "big") for signature in signed)


def read_note(data, key, is_valid):
    """The text of a note, and the signatures of the key on it, each valid."""
    name, ident, _ = key
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("it is not text") from None
    blank = note.rfind("\n\n")
    text, block = note[: blank + 1], note[blank + 2 :]
    if len(data) > 1_000_000 or any(c < " " and c != "\n" for c in note) or blank < 0 or text == "\n" or not block.endswith("\n"):
        raise Malformed("it is not a note")
    signed, lines = [], block[:-1].split("\n")
    if len(lines) > 100:
        raise Malformed("it has too many signatures")
    for line in lines:
        who, gap, encoded = line[2:].partition(" ")
        signature = unbase64(encoded)
        if not line.startswith("\u2014 ") or not gap or not is_name(who) or signature is None or len(signature) < 5:
            raise Malformed("a signature line is malformed")
        if who == name and signature[:4] == ident:
            if not is_valid(text, signature[4:]):
                raise Malformed("the signature does not fit the text")
            signed.append(signature[4:])
    return text, signed


def parse_checkpoint(text, origin):
    lines = text[:-1].split("\n")
    if len(lines) != 3 or lines[0] != origin or not re.fullmatch(r"0|[1-9][0-9]{0,19}", lines[1]):
        raise ValueError("origin and size are not those of a checkpoint")
    root = unbase64(lines[2])
    if int(lines[1]) >= 2**64 or root is None or len(root) != 32:
        raise ValueError("size and root are not those of a checkpoint")
    return int(lines[1]), root


# ---- entries ---------------------------------------------------------------------------------------------------------

LEAF = {"hlc", "k", "n", "ok", "on", "p", "t", "v", "via", "who", "x"}


def parse_leaf(data):
    if len(data) > MAX_LINE:
        raise ValueError(f"an entry takes at most {MAX_LINE} bytes")
    leaf = canonical(data)
    if not isinstance(leaf, dict) or set(leaf) - {"sid"} != LEAF:
        raise ValueError("its fields are not those of an entry")
    texts = [leaf[field] for field in ("hlc", "k", "ok", "on", "via", "who")] + [leaf.get("sid", "")]
    if not all(isinstance(text, str) for text in texts) or not isinstance(leaf["x"], dict):
        raise ValueError("a field is not of its kind")
    if not (is_index(leaf["n"]) and is_int(leaf["t"]) and is_int(leaf["v"]) and leaf["v"] == 1):
        raise ValueError("a number is not as it should be")
    if not re.fullmatch(r"[0-9a-f]{16}", leaf["hlc"]) or leaf["k"] == "" or leaf["ok"] not in ("ok", "denied", "error", "unknown"):
        raise ValueError("hlc, k or ok is not as it should be")
    leaf["commitments"] = commitments(leaf["p"])
    return leaf


def commitments(sections):
    found = []
    for section in sections if isinstance(sections, list) else [None]:
        if not isinstance(section, list) or len(section) != 2 or not all(isinstance(part, str) for part in section):
            raise ValueError("the field p is not as it should be")
        commitment = unbase64(section[1])
        if commitment is None or len(commitment) != 32:
            raise ValueError("a commitment is not the base64 of 32 bytes")
        found.append(commitment)
    return found


def named_by(leaf, stream):
    """The key that an entry names as the next one, if it is such an entry."""
    if (leaf["k"], leaf["on"], leaf["who"], leaf["via"]) != ("key.rotate", f"ledger:{stream}", "system", "system"):
        return None
    vkey = leaf["x"].get("vkey")
    return vkey if isinstance(vkey, str) else None


def is_proof(value):
    return isinstance(value, list) and len(value) <= 108 and all(isinstance(h, str) and re.fullmatch(r"[0-9a-f]{64}", h) for h in value)


def lines_of(data):
    return data[:-1].split(b"\n") if data.endswith(b"\n") else None


# ---- the way through a bundle ----------------------------------------------------------------------------------------


class Walk:
    def __init__(self, stream, pinned, kept, witnesses):
        self.archive, self.pinned, self.kept, self.witnesses = Archive(stream), pinned, kept, witnesses
        self.witnessed = []
        self.earlier = self.passed = None
        self.manifest = self.size = self.root = self.hlc = None
        self.entries = self.sections = 0

    def run(self):
        self.manifest = self.read_manifest()
        self.kind = KINDS[self.manifest["kind"]]
        keys = self.read_keys()
        head = self.read_checkpoint(self.fixed(FIXED[1]), keys)
        if len(keys) > 1:
            self.check_hand_overs(self.fixed(KEYS), keys, head)
        if "witnesses" in self.manifest:
            self.read_witnesses(keys, head)
        self.check_witnesses()
        self.size, self.root = head
        if self.kept is not None:
            self.read_earlier(keys)
        self.read_frontier(self.fixed(FIXED[2]))
        for name in FIXED[3:]:
            self.fixed(name)
        self.next = self.manifest["first"]
        self.come_by()
        self.read_parts()
        self.finish()

    def fixed(self, name):
        file = self.archive.next()
        if file is None:
            raise Fault("archive", "the file is missing", file=name)
        self.expect(file, name)
        self.sound(file)
        return file[1]

    @staticmethod
    def expect(file, name):
        if file[0] != name:
            raise Fault("archive", f"there is a file {file[0]!r} where {name} should be")

    @staticmethod
    def sound(file):
        if not file[2]:
            raise Fault("archive", "its checksum does not fit: it was changed or damaged", file=file[0])

    def read_manifest(self):
        try:
            file = self.archive.next()
        except Fault:
            file = None
        if file is None or file[0] != FIXED[0]:
            raise Unreadable("this is not a Reeve export: it does not begin with a manifest")
        self.sound(file)

        def wrong(what):
            return Fault("manifest", f"the manifest is not valid: {what}", file=FIXED[0])

        try:
            m = canonical(file[1])
        except ValueError as error:
            raise wrong(error) from None
        if not isinstance(m, dict) or not isinstance(m.get("format"), str):
            raise wrong("its field format is missing")
        if m["format"] != FORMAT:
            raise Unreadable(f"the manifest is of another version: its format is {m['format'][:60]!r}; only {FORMAT!r} is known here")
        fields = {"asked", "count", "end", "first", "format", "kind", "origin", "private", "size", "stream", "vkeys"}
        texts = all(isinstance(m.get(field), str) for field in ("asked", "kind", "origin", "private", "stream"))
        numbers = all(is_index(m.get(field)) for field in ("count", "end", "first", "size"))
        if set(m) - {"witnesses"} != fields or not texts or not numbers or m["kind"] not in KINDS or m["private"] not in ("withheld", "opened"):
            raise wrong("its fields are not those of this format")
        keys = m["vkeys"]
        if not isinstance(keys, list) or not keys:
            raise wrong("it names no key")
        for key in keys:
            if not isinstance(key, dict) or set(key) != {"from", "vkey"} or not is_index(key["from"]) or not isinstance(key["vkey"], str):
                raise wrong("a key in it is not as it should be")
        witnesses = m.get("witnesses", [""])
        if not isinstance(witnesses, list) or not 1 <= len(witnesses) <= MAX_WITNESSES or not all(isinstance(key, str) for key in witnesses):
            raise wrong("its witnesses are not as they should be")
        starts = [key["from"] for key in keys]
        if starts[0] != 0 or any(a >= b for a, b in zip(starts, starts[1:])) or starts[-1] > m["size"]:
            raise wrong("the sizes from which its keys sign do not fit")
        held, kind = m["end"] - m["first"], KINDS[m["kind"]]
        fits = held >= 0 and m["end"] <= m["size"] and (m["count"] <= held if kind == "selection" else m["count"] == held)
        if not fits or (kind == "log" and (m["first"] != 0 or m["end"] != m["size"])):
            raise wrong("its numbers contradict each other")
        return m

    def read_keys(self):
        m = self.manifest
        try:
            keys = [(key["from"], parse_vkey(key["vkey"])) for key in m["vkeys"]]
            if len(keys) > MAX_KEYS:
                raise ValueError("there are too many")
        except ValueError as error:
            raise Fault("key", f"the key is not usable: {error}", file=FIXED[0]) from None
        if self.pinned is not None and all(self.pinned != key for _, key in keys):
            raise Fault("key", "it is signed by another key than the one you gave")
        if any(key[0] != m["origin"] for _, key in keys) or origin_of(keys[0][1][2], m["stream"]) != m["origin"]:
            raise Fault("key", "the key is not the one that the log is named after", file=FIXED[0])
        return keys

    def read_checkpoint(self, data, keys):
        try:
            size, root = open_head(data, keys, self.manifest["origin"])
        except (Malformed, NotSigned) as error:
            raise Fault("signature", f"the checkpoint is not signed by the log's key: {error}", file=FIXED[1]) from None
        except ValueError as error:
            raise Fault("checkpoint", f"the checkpoint is not one of this log: {error}", file=FIXED[1]) from None
        if size != self.manifest["size"]:
            raise Fault("checkpoint", f"the checkpoint is of {size} entries, the manifest speaks of {self.manifest['size']}", file=FIXED[1])
        return size, root

    def read_witnesses(self, keys, head):
        """What the witnesses of the manifest signed, and that the policy is the one that its keys make."""
        vkeys = self.manifest["witnesses"]
        try:
            witnesses = [parse_vkey(vkey, 4) for vkey in vkeys]
            if len({public for _, _, public in witnesses}) < len(witnesses) or any("\x7f" in name for name, _, _ in witnesses):
                raise ValueError("one is there twice, or a name has a control character")
        except ValueError as error:
            raise Fault("witness", f"the keys of the witnesses are not usable: {error}", file=FIXED[0]) from None
        names = [f"w{number}" for number in range(1, len(vkeys) + 1)]
        lines = [f"log {self.manifest['vkeys'][-1]['vkey']}"]
        lines += [f"witness {name} {vkey}" for name, vkey in zip(names, vkeys)]
        lines += [f"quorum {names[0]}"] if len(names) == 1 else [f"group every all {' '.join(names)}", "quorum every"]
        if self.fixed(WITNESSES[0]) != ("\n".join(lines) + "\n").encode("utf-8"):
            raise Fault("witness", "the policy is not the one that the keys in the manifest make", file=WITNESSES[0])
        data = self.fixed(WITNESSES[1])
        lines, due, found = lines_of(data) if data else [], 0, []
        for number, line in enumerate([b""] if lines is None else lines, 1):
            try:
                if lines is None:
                    raise ValueError("the file does not end with a whole line")
                due = self.read_witness(line, due, witnesses, keys, head, found)
            except ValueError as error:
                raise Fault("witness", f"what a witness signed does not fit: {error}", None, WITNESSES[1], number) from None
        self.witnessed = found

    def read_witness(self, line, due, witnesses, keys, head, found):
        one = canonical(line)
        fits = isinstance(one, dict) and set(one) == {"consistency", "note", "witness"} and isinstance(one["note"], str)
        if not fits or not is_proof(one["consistency"]) or not is_index(one["witness"]):
            raise ValueError("the line is not as it should be")
        place, note = one["witness"], one["note"].encode("utf-8")
        if not due <= place < len(witnesses):
            raise ValueError("the line is of no witness, or out of order")
        size, root = open_head(note, keys, self.manifest["origin"])
        time = cosigned_at(note, witnesses[place])
        if not is_consistent(size, head[0], root, head[1], [bytes.fromhex(text) for text in one["consistency"]]):
            raise ValueError("the checkpoint did not grow out of the head it signed")
        found.append({"name": witnesses[place][0], "vkey": self.manifest["witnesses"][place], "size": size, "time": time, "pinned": False})
        return place + 1

    def check_witnesses(self):
        """Each witness whose key was given has signed."""
        for vkey in self.witnesses:
            if all(signed["vkey"] != vkey for signed in self.witnessed):
                raise Fault("witness", "the witness whose key you gave did not sign it")
            next(signed for signed in self.witnessed if signed["vkey"] == vkey)["pinned"] = True

    def check_hand_overs(self, data, keys, head):
        """Each key but the first was named by the log while the key before it signed."""
        lines = lines_of(data)
        for number, (start, _) in enumerate(keys[1:], 1):
            try:
                if lines is None:
                    raise ValueError("the file does not end with a whole line")
                if number > len(lines):
                    raise ValueError("a key has no line")
                self.check_hand_over(lines[number - 1], start, keys, self.manifest["vkeys"][number]["vkey"], head)
            except ValueError as error:
                raise Fault("key", f"it is not shown that the log named this key: {error}", start - 1, KEYS, number) from None
        if len(lines) > len(keys) - 1:
            raise Fault("key", "it is not shown that the log named this key: there are more lines than keys", None, KEYS, len(keys))

    def check_hand_over(self, line, start, keys, vkey, head):
        one = canonical(line)
        if not isinstance(one, dict) or set(one) != {"consistency", "entry", "inclusion", "note"}:
            raise ValueError("the line is not as it should be")
        proofs = [one["inclusion"], one["consistency"]]
        if not all(isinstance(one[field], str) for field in ("entry", "note")) or not all(is_proof(proof) for proof in proofs):
            raise ValueError("the line is not as it should be")
        inclusion, consistency = ([bytes.fromhex(text) for text in proof] for proof in proofs)
        size, root = open_head(one["note"].encode("utf-8"), keys, self.manifest["origin"])
        if size != start:
            raise ValueError(f"the head is of {size} entries, the key signs from {start}")
        entry = one["entry"].encode("utf-8")
        leaf = parse_leaf(entry)
        if leaf["n"] + 1 != start or named_by(leaf, self.manifest["stream"]) != vkey:
            raise ValueError("the entry does not name this key")
        if not is_included(leaf["n"], size, leaf_hash(entry), inclusion, root):
            raise ValueError("the entry is not in the head")
        if not is_consistent(size, head[0], root, head[1], consistency):
            raise ValueError("the newest head did not grow out of it")

    def read_earlier(self, keys):
        m = self.manifest
        try:
            self.earlier = open_head(self.kept, keys, m["origin"])
        except ValueError as error:
            raise Fault("earlier", f"the checkpoint you gave is not signed by this log's key: {error}") from None
        if self.kind == "selection" or not m["first"] <= self.earlier[0] <= m["end"]:
            raise Unreadable(
                f"the checkpoint you gave is of {self.earlier[0]} entries, and this export cannot be compared with it: ask for a "
                "range that begins before and ends behind that entry"
            )

    def come_by(self):
        """Compares the tree with the head kept from earlier, where it has as many entries."""
        if self.earlier is not None and self.tree.size == self.earlier[0]:
            (self.passed, root), self.earlier = self.earlier, None
            if root != self.tree.root():
                kept, self.passed = self.passed, None
                raise Fault("earlier", f"the first {kept} entries are not those whose head you kept: the history was written anew")

    def read_frontier(self, data):
        m, self.tree = self.manifest, Tree()
        first, end = (0, m["size"]) if self.kind == "selection" else (m["first"], m["end"])
        wanted = [("before", *span) for span in cover(0, first)] + [("after", *span) for span in cover(end, m["size"])]
        lines = lines_of(data) if data else []
        roots = []
        for (word, level, index), line in zip(wanted, lines or []):
            start = f"{word} {level} {index} ".encode()
            if line.startswith(start) and HASH.fullmatch(line[len(start) :]):
                roots.append((word, level, bytes.fromhex(line[len(start) :].decode())))
        if lines is None or len(lines) != len(wanted) or len(roots) != len(wanted):
            raise Fault("frontier", "the roots beside the range are not those that its numbers ask for", file=FIXED[2])
        for word, level, root in roots:
            if word == "before":
                self.tree.push(level, root)
        self.after = [(level, root) for word, level, root in roots if word == "after"]

    def read_parts(self):
        number, beside = 1, "proofs" if self.kind == "selection" else "hashes"
        file = self.archive.next()
        while file is not None:
            self.expect(file, f"entries/{number:06}.jsonl")
            part = self.read_entries(file)
            self.check(part, file[0], self.fixed(f"{beside}/{number:06}.txt"), f"{beside}/{number:06}.txt")
            self.sound(file)
            file = self.archive.next()
            private = f"private/{number:06}.jsonl"
            if self.manifest["private"] == "opened" and file is not None and file[0] == private:
                self.sound(file)
                self.check_sections(part, file)
                file = self.archive.next()
            number += 1

    def read_entries(self, file):
        name, selected = file[0], self.kind == "selection"
        lines = lines_of(file[1])
        if lines is None:
            raise Fault("line", "the file does not end with a whole line", file=name, line=1)
        part = []
        for number, line in enumerate(lines, 1):
            try:
                leaf = parse_leaf(line)
            except ValueError as error:
                raise Fault("line", f"the line is no entry: {error}", None if selected else self.next, name, number) from None
            n = leaf["n"]
            if (n < self.next if selected else n != self.next) or n >= self.manifest["end"]:
                raise Fault("order", f"entry {n} stands where {self.next} was due", n if selected else self.next, name, number)
            if self.hlc is not None and leaf["hlc"] <= self.hlc:
                raise Fault("clock", "its logical time is not after that of the entry before it", n, name, number)
            named = named_by(leaf, self.manifest["stream"])
            if named is not None and {"from": n + 1, "vkey": named} not in self.manifest["vkeys"][1:]:
                raise Fault("key", "the entry names a key that the export does not list", n, name, number)
            self.next, self.hlc = n + 1, leaf["hlc"]
            part.append((n, leaf_hash(line), leaf["commitments"]))
        return part

    def check(self, part, entries, data, name):
        selected = self.kind == "selection"
        code = "proof" if selected else "hash"
        lines = lines_of(data)
        for number, (n, leaf, _) in enumerate(part, 1):
            if lines is None or number > len(lines):
                raise Fault(code, "it has not one line for each entry", file=name, line=1 if lines is None else number)
            line = lines[number - 1]
            hashes = line.split(b" ") if line else []
            if len(line) > 53 * 65 or not all(HASH.fullmatch(text) for text in hashes):
                raise Fault(code, "the line holds no hashes", n, name, number)
            hashes = [bytes.fromhex(text.decode()) for text in hashes]
            if selected:
                if not is_included(n, self.size, leaf, hashes, self.root):
                    raise Fault(code, "it is not in the signed log", n, entries, number)
            elif hashes != [leaf]:
                raise Fault(code, "the entry is not the one whose hash was noted", n, entries, number)
            else:
                self.tree.push(0, leaf)
                self.come_by()
            self.entries += 1
        if len(lines) > len(part):
            raise Fault(code, "it has not one line for each entry", file=name, line=len(part) + 1)

    def check_sections(self, part, file):
        name, data, _ = file
        known = {n: commitments for n, _, commitments in part}
        lines, before = lines_of(data), None
        if lines is None:
            raise Fault("private", "the file does not end with a whole line", file=name, line=1)
        for number, line in enumerate(lines, 1):
            section = parse_section(line)
            if section is None:
                raise Fault("private", "the line is no opened section", file=name, line=number)
            n, i, commitment = section
            if before is not None and (n, i) <= before:
                raise Fault("private", "the section is out of order", n, name, number)
            expected = known.get(n, [])
            if i >= len(expected) or expected[i] != commitment:
                raise Fault("private", "the section is not what the entry committed to", n, name, number)
            before = (n, i)
            self.sections += 1

    def finish(self):
        if self.entries != self.manifest["count"]:
            sequence = None if self.kind == "selection" else self.next
            raise Fault("count", f"{self.entries} entries are there, the manifest says {self.manifest['count']}", sequence)
        if self.kind == "selection":
            return
        for level, root in self.after:
            self.tree.push(level, root)
        if self.tree.root() != self.root:
            raise Fault(
                "root",
                "the root that follows from the entries is not the one that was signed: an entry, or a root beside the "
                "range, was changed together with its hash, so which one cannot be told",
            )


def parse_section(line):
    try:
        section = canonical(line)
    except ValueError:
        return None
    if not isinstance(section, dict) or set(section) != {"i", "json", "n", "salt"} or not isinstance(section["salt"], str):
        return None
    salt = unbase64(section["salt"])
    if not is_index(section["i"]) or not is_index(section["n"]) or not isinstance(section["json"], dict) or salt is None or len(salt) != 32:
        return None
    commitment = hashlib.sha256(b"reeve.audit.priv.v1\n" + salt + encode(section["json"])).digest()
    return section["n"], section["i"], commitment


# ---- the report ------------------------------------------------------------------------------------------------------


def moment(seconds):
    """A time in seconds since 1970 as a date and time of day, UTC, also beyond the years that the library knows."""
    days, second = divmod(seconds, 86_400)
    era, of_era = divmod(days + 719_468, 146_097)
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    march = (5 * of_year + 2) // 153
    day, month = of_year - (153 * march + 2) // 5 + 1, march + 3 if march < 10 else march - 9
    return f"{era * 400 + year + (month <= 2):04}-{month:02}-{day:02} {second // 3_600:02}:{second // 60 % 60:02}:{second % 60:02} UTC"


def proven(walk):
    m, size = walk.manifest, walk.size
    if walk.kind == "log":
        said = [f"All {size} entries of this log up to the signed head are here, in their order, byte for byte as they were signed."]
    elif walk.kind == "range":
        said = [f"All {m['count']} entries from {m['first']} up to, but without, {m['end']} are here, in their order, byte for byte as they stand in the signed log of {size} entries."]
    else:
        said = [f"Each of the {m['count']} entries here stands in the signed log of {size} entries, at its number, byte for byte."]
    said.append("The head is signed by the key you gave." if walk.pinned else "The head is signed by the key that the log is named after.")
    changes = len(m["vkeys"]) - 1
    if changes > 0:
        said.append(f"The log's key changed {changes} times, and each next one was named by an entry that the key before it signed.")
    if walk.passed is not None:
        said.append(f"The first {walk.passed} entries are those whose head you kept: nothing up to there was written anew since.")
    for w in walk.witnessed:
        whose = "the witness whose key you gave" if w["pinned"] else "a witness that the log's owner names"
        said.append(f"{w['name']}, {whose}, signed the first {w['size']} entries on {moment(w['time'])}, and this log continues those.")
    if walk.sections:
        said.append(f"{walk.sections} opened private sections are what their entries committed to.")
    return said


def not_proven(walk):
    said = []
    if not walk.pinned:
        said.append("That the log is the one you mean: compare its name with one you had from another place, or give that key with --vkey.")
    for w in walk.witnessed:
        if not w["pinned"]:
            said.append(f"That {w['name']} is the party it is called: compare its key with one you had from there, or give that with --witness.")
    said.append(
        {
            "log": "What happened after the signed head.",
            "range": "What the entries before and after the range say: only their hashes are here.",
            "selection": "That the selection is complete: entries that match what was asked for may have been left out.",
        }[walk.kind]
    )
    # What a witness that the verifier knows has signed stands as firm as a head that the verifier kept.
    kept = max([size for size in [walk.passed] if size is not None] + [w["size"] for w in walk.witnessed if w["pinned"]], default=None)
    if kept is None:
        said.append("That the history was not rewritten as a whole with the same key: that takes a checkpoint that somebody outside kept from earlier.")
    else:
        said.append(f"That the entries from {kept} on were not rewritten with the same key before they were exported.")
    said.append("That what the entries say is true, or that nothing was left unrecorded.")
    if walk.manifest["private"] == "withheld":
        said.append("What the private sections said: they are withheld, the entries hold only commitments to them.")
    return said


def judge(path, pinned, kept=None, witnesses=()):
    """(exit code, report as a dictionary)."""
    walk = fault = None
    code, verdict, reason = 0, "intact", None
    try:
        with open(path, "rb") as stream:
            walk = Walk(stream, pinned, kept, witnesses)
            walk.run()
    except Fault as error:
        code, verdict, fault = 1, "not intact", error
    except Unreadable as error:
        code, verdict, reason = 2, "unreadable", str(error)
    except OSError as error:
        code, verdict, reason = 2, "unreadable", f"the file cannot be read: {error.strerror}"
    m = walk.manifest if walk is not None else None
    signed = walk is not None and walk.root is not None
    report = {
        "verdict": verdict,
        "exit_code": code,
        "reason": reason,
        "fault": fault and {"code": fault.code, "sequence": fault.sequence, "file": fault.file, "line": fault.line, "reason": fault.reason},
        "kind": m and m["kind"],
        "origin": m and m["origin"],
        "stream": m and m["stream"],
        "asked": m and m["asked"],
        "first": m and m["first"],
        "end": m and m["end"],
        "private": m and m["private"],
        "vkey": m and m["vkeys"][0]["vkey"],
        "pinned": signed and pinned is not None,
        "earlier": walk.passed if walk is not None else None,
        "witnessed": walk.witnessed if walk is not None else [],
        "size": walk.size if signed else None,
        "root": walk.root.hex() if signed else None,
        "entries": walk.entries if walk is not None else 0,
        "sections": walk.sections if walk is not None else 0,
        "proven": proven(walk) if code == 0 else [],
        "not_proven": not_proven(walk) if code == 0 else [],
    }
    return code, report


def visible(text):
    """Nothing from a file commands the terminal."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in str(text))


def tell(report):
    print({0: "INTACT", 1: "NOT INTACT", 2: "CANNOT BE READ"}[report["exit_code"]])
    if report["reason"]:
        print(visible(report["reason"]))
    fault = report["fault"]
    if fault:
        entry = "" if fault["sequence"] is None else f"First bad entry: {fault['sequence']}. "
        line = "" if fault["line"] is None else f", line {fault['line']}"
        place = "" if fault["file"] is None else f" ({fault['file']}{line})"
        print(visible(f"{entry}{fault['reason']}{place}"))
    if report["root"]:
        print()
        for word, value in (("Log", report["origin"]), ("Holds", report["kind"]), ("Asked for", report["asked"]), ("Signed head", f"{report['size']} entries"), ("Root", report["root"]), ("Key", report["vkey"])):
            print(visible(f"{word:<12}{value}"))
    for title, said in (("Proven:", report["proven"]), ("Not proven:", report["not_proven"])):
        if said:
            print("\n" + title)
            for sentence in said:
                print(f"  - {sentence}")


def main():
    parser = argparse.ArgumentParser(description="Verifies a Reeve export. Exit code 0: intact, 1: not intact, 2: cannot be read.")
    parser.add_argument("file")
    parser.add_argument("--vkey", help="the key that must have signed it, as name+id+key")
    parser.add_argument("--checkpoint", help="a file with a checkpoint of the log that was kept from earlier")
    parser.add_argument("--witness", action="append", default=[], help="the key of an outside witness that must have signed it; may be given several times")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    arguments = parser.parse_args()
    try:
        pinned = None if arguments.vkey is None else parse_vkey(arguments.vkey.strip())
        _ = [parse_vkey(vkey, 4) for vkey in arguments.witness]
    except ValueError as error:
        parser.error(f"--vkey or --witness: {error}")
    kept = None
    if arguments.checkpoint is not None:
        try:
            with open(arguments.checkpoint, "rb") as stream:
                kept = stream.read(1_000_001)
        except OSError as error:
            parser.error(f"--checkpoint: {error}")
    code, report = judge(arguments.file, pinned, kept, arguments.witness)
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        tell(report)
    return code


if __name__ == "__main__":
    sys.exit(main())
