"""The Nix project's installer is downloaded to a file, and nothing else happens to it."""

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from capsule_adapters.installers.nix import URL, HttpNixInstallers, installer_url
from capsule_domain.errors import ConfigurationError, HostError, HostUnreachable
from tests.served import answering

SCRIPT = b"#!/bin/sh\necho installing\n"


class Pages(BaseHTTPRequestHandler):
    """/install is the installer; each other page is a way in which it is not."""

    def do_GET(self) -> None:
        moved = {"/moved": "/install", "/round": "/round", "/away": "http://192.0.2.1/x"}
        if self.path in moved:
            self.send_response(302)
            self.send_header("Location", moved[self.path])
            self.end_headers()
            return
        bodies = {
            "/install": SCRIPT,
            "/page": b"<html>please log in</html>",
            "/flood": b"#!" + b"x" * 3_000_000,
        }
        self.send_response(200 if self.path in bodies else 503)
        self.end_headers()
        self.wfile.write(bodies.get(self.path, b""))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quietly."""


@pytest.fixture
def site() -> Iterator[str]:
    with answering(Pages) as url:
        yield url


@pytest.mark.parametrize("page", ["/install", "/moved"])
def test_it_lies_in_a_file_with_its_source_size_and_hash(
    site: str, page: str, tmp_path: Path
) -> None:
    installers = HttpNixInstallers(f"{site}{page}", tmp_path / "installers")
    fetched = installers.fetch()
    file = Path(fetched.path)
    assert file.read_bytes() == SCRIPT
    assert file.stat().st_mode & 0o777 == 0o600
    assert fetched.url == f"{site}/install"
    assert (fetched.sha256, fetched.size_bytes) == (hashlib.sha256(SCRIPT).hexdigest(), len(SCRIPT))
    assert installers.fetch() == fetched
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("page", "kind", "message"),
    [
        ("/page", HostError, "is no script"),
        ("/flood", HostError, "far too large"),
        ("/missing", HostUnreachable, "answers 503"),
        ("/round", HostError, "redirects without an end"),
        ("/away", ConfigurationError, "by https alone"),
    ],
)
def test_what_is_not_the_installer_is_refused(
    site: str, page: str, kind: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=message):
        HttpNixInstallers(f"{site}{page}", tmp_path / "installers").fetch()
    assert not (tmp_path / "installers").exists()


@pytest.mark.parametrize(
    "url",
    ["http://example.org/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "install", "https://", ""],
)
def test_plain_http_is_for_loopback_alone(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="https alone"):
        HttpNixInstallers(url, tmp_path).fetch()


def test_a_password_in_the_address_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        HttpNixInstallers("http://me:geheim@example.org/x?token=geheim", tmp_path).fetch()
    assert "geheim" not in f"{refused.value.message} {refused.value.hint}"


def test_nobody_there_is_told(tmp_path: Path) -> None:
    with answering(Pages) as url:
        pass
    with pytest.raises(HostUnreachable, match="cannot be downloaded"):
        HttpNixInstallers(f"{url}/install", tmp_path).fetch()


def test_the_environment_may_name_another_place() -> None:
    assert installer_url({}) == URL
    assert installer_url({"CAPSULE_NIX_INSTALLER_URL": "https://x/y"}) == "https://x/y"
