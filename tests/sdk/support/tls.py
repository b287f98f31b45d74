"""A proxy that speaks TLS, as one stands in front of a gateway that others than its own machine may call."""

from __future__ import annotations

import asyncio
import ssl
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

LOCAL = "127.0.0.1"


@contextmanager
def in_front_of(address: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """The address of a proxy for `address`, and the certificate that its clients must trust."""
    certificate = folder / "certificate.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    key = write_pair(certificate)
    context.load_cert_chain(certificate, key)
    upstream = urlsplit(address)

    async def handle(reader: StreamReader, writer: StreamWriter) -> None:
        answers, requests = await asyncio.open_connection(upstream.hostname, upstream.port)
        await asyncio.gather(pump(reader, requests), pump(answers, writer))

    async def serve() -> int:
        server = await asyncio.start_server(handle, LOCAL, 0, ssl=context)
        return int(server.sockets[0].getsockname()[1])

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        port = asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
        yield f"https://{LOCAL}:{port}", certificate
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def pump(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    writer.close()


def write_pair(certificate: Path) -> Path:
    """Makes a certificate for this address that signs itself, and gives the file of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, LOCAL)])
    now = datetime.now(timezone.utc)
    address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(LOCAL))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    kept = certificate.with_name("key.pem")
    pem, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    kept.write_bytes(key.private_bytes(serialization.Encoding.PEM, pem, plain))
    return kept
