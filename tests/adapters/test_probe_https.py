"""Certificates of services: until when they hold, and when they do not."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from capsule_adapters.probes.http import HttpProbe
from capsule_domain.models.health import Check, CheckKind, Fault
from capsule_domain.models.look import HttpCheck

NOW = datetime.now(UTC).replace(microsecond=0)


def certificate(folder: Path, address: str, until: datetime) -> Path:
    """A certificate that vouches for itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "capsule test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(until)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "both.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


class Fine(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@contextmanager
def serving(pem: Path) -> Iterator[int]:
    """The port of a server with that certificate."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Fine) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def check(pem: Path, *, trusted: bool = True) -> Check:
    """What a probe finds at a server with the certificate, which it trusts or does not."""

    async def once(port: int) -> Check:
        probe = HttpProbe(ssl.create_default_context(cafile=str(pem) if trusted else None))
        wanted = HttpCheck(url=f"https://{{address}}:{port}/")
        found = await probe.check(wanted, "127.0.0.1", "web", 5.0)
        await probe.close()
        return found

    with serving(pem) as port:
        return asyncio.run(once(port))


def test_until_when_a_certificate_holds_is_told(tmp_path: Path) -> None:
    until = NOW + timedelta(days=20)
    found = check(certificate(tmp_path, "127.0.0.1", until))
    assert (found.kind, found.ok, found.status_code) == (CheckKind.HTTP, True, 204)
    assert found.certificate_expires_at == until


@pytest.mark.parametrize(
    ("address", "days", "trusted", "words"),
    [
        ("127.0.0.1", -1, True, "expired"),
        ("192.0.2.1", 20, True, "mismatch"),
        ("127.0.0.1", 20, False, "self-signed"),
    ],
    ids=["expired", "of another", "of nobody we trust"],
)
def test_a_certificate_that_does_not_hold_is_a_fault_of_its_own(
    tmp_path: Path,
    address: str,
    days: int,
    words: str,
    *,
    trusted: bool,
) -> None:
    found = check(certificate(tmp_path, address, NOW + timedelta(days=days)), trusted=trusted)
    assert found.fault is Fault.CERTIFICATE
    assert words in (found.error or "").lower()
