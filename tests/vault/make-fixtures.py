"""Makes the values in src-tauri/crates/vault/tests/format.rs, without any code of Reeve's.

The vault's stored format, written a second time from its description, on other libraries. Run it only when a format is
added: values that exist must never change.    python3 make-fixtures.py    (needs argon2-cffi and cryptography)
"""

import base64
import hashlib
import hmac
import struct

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ROOT = bytes(range(32))
VAULT_ID = bytes(range(0x40, 0x50))
CREATED_AT = struct.pack(">Q", 1795219200000)
ALG = b"\x01"


def u32(number):
    return struct.pack(">I", number)


def fields(*parts):
    return b"".join(struct.pack(">Q", len(part)) + part for part in parts)


def tag(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def hkdf(secret, salt, info, length=32):
    prk = tag(salt, secret)
    block = out = b""
    while len(out) < length:
        block = tag(prk, block + info + bytes([len(out) // 32 + 1]))
        out += block
    return out[:length]


def derive(info, length=32):
    return hkdf(ROOT, VAULT_ID, info, length)


def slot(number, kind, kdf, secret):
    slot_id, salt, nonce = b"%016x" % number, bytes([number] * 16), bytes([number] * 12)
    if kdf.startswith(b"argon2id"):
        secret = hash_secret_raw(secret, salt, 3, 65536, 1, 32, Type.ID, 0x13)
    key = hkdf(secret, salt, b"reeve/slot-" + kind + b"/v1")
    place = fields(b"reeve.aad.v1", b"slot", VAULT_ID, kind, slot_id, kdf, salt, CREATED_AT, ALG)
    return AESGCM(key).encrypt(nonce, ROOT, place)


def envelope(key, epoch, number, purpose, vault_id, provider, thing, version, text):
    nonce = bytes([number] * 12)
    place = fields(b"reeve.aad.v1", purpose, vault_id, provider, thing, u32(version), u32(epoch), ALG)
    return b"RV1" + ALG + u32(epoch) + nonce + AESGCM(key).encrypt(nonce, text, place)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def keyring_item(key):
    body = b"reeve-vk1.%016x.1." % 3 + base64.urlsafe_b64encode(key).rstrip(b"=")
    return (body + b".%08x" % crc32c(body)).decode()


def recovery_text(code):
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    bits = int.from_bytes(code, "big") << 20 | int.from_bytes(hashlib.sha256(code).digest()[:3], "big") >> 4
    symbols = "".join(alphabet[bits >> (175 - 5 * at) & 31] for at in range(36))
    return "-".join(symbols[at : at + 4] for at in range(0, 36, 4))


kcv = derive(b"reeve/kcv/v1", 16)
header = fields(b"reeve.header.v1", VAULT_ID, kcv, u32(1), struct.pack(">Q", 1), CREATED_AT)
recovery, keyring = bytes(range(0x60, 0x74)), bytes(range(0x80, 0xA0))
dek, provider_key = bytes(range(0xC0, 0xE0)), b"sk-fixture-0123456789"
row = (VAULT_ID, b"openai", b"crd_1", 3)

print("kcv          ", kcv.hex())
print("header mac   ", tag(derive(b"reeve/header-mac/v1"), header).hex())
print("recovery code", recovery_text(recovery))
print("recovery slot", slot(1, b"recovery", b"hkdf-sha256", recovery).hex())
print("env slot     ", slot(2, b"env", b"argon2id;m=65536;t=3;p=1", b"eleven grey herons at dusk").hex())
print("keyring slot ", slot(3, b"keyring", b"hkdf-sha256", keyring).hex())
print("keyring item ", keyring_item(keyring))
print("wrapped dek  ", envelope(derive(b"reeve/kek/v1" + u32(1)), 1, 4, b"dek-wrap", *row, dek).hex())
print("sealed key   ", envelope(dek, 1, 5, b"key-value", *row, provider_key).hex())
seal_key = derive(b"reeve/seal/v1" + u32(1) + b"totp-seed")
print("totp seed    ", envelope(seal_key, 1, 6, b"totp-seed", VAULT_ID, b"", b"usr_1", 0, b"seed").hex())
print("data key row ", envelope(dek, 0, 7, b"data-key", b"", b"", b"row 1", 0, b"name").hex())
print("fingerprint  ", tag(derive(b"reeve/fingerprint/v1"), provider_key)[:8].hex())
print("derive       ", derive(b"reeve/app/audit-mac/v1").hex())
