"""The Nix project's installer, downloaded to a file. Running it is another matter."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from capsule_adapters.store.files import make_private_folder, write_atomically
from capsule_domain.errors import ConfigurationError, HostError, HostUnreachable
from capsule_domain.models.planting import Installer

if TYPE_CHECKING:
    import httpx

URL = "https://nixos.org/nix/install"
VARIABLE = "CAPSULE_NIX_INSTALLER_URL"
LIMIT_BYTES = 2 * 1024 * 1024
MOST_REDIRECTS = 5
TIMEOUT_SECONDS = 30.0


def installer_url(environment: Mapping[str, str]) -> str:
    """Where the installer is asked for: the environment's word, or the Nix project's."""
    return environment.get(VARIABLE) or URL


@dataclass(frozen=True)
class HttpNixInstallers:
    """Implements the `NixInstallers` port. Downloads go to `folder`, named by their hash.

    https only, for each redirection too; plain http to loopback alone.
    """

    url: str
    folder: Path

    def fetch(self) -> Installer:
        """Download it; the same bytes give the same file."""
        final, content = self._download()
        if not content.startswith(b"#!"):
            raise HostError(
                f"{final} is not the Nix installer: it is no script",
                hint="is there a proxy or a login page in between?",
            )
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.folder / f"nix-{sha256[:12]}.sh"
        make_private_folder(self.folder)
        write_atomically(path, content, mode=0o600)
        return Installer(url=final, path=str(path), sha256=sha256, size_bytes=len(content))

    def _download(self) -> tuple[str, bytes]:
        import httpx

        url = self.url
        try:
            with httpx.Client(timeout=TIMEOUT_SECONDS) as client:
                for _ in range(MOST_REDIRECTS + 1):
                    _refuse_plain(url)
                    with client.stream("GET", url) as answer:
                        if answer.next_request is None:
                            return url, _content(answer)
                        url = str(answer.next_request.url)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise HostUnreachable(
                f"the Nix installer cannot be downloaded from {_shown(url)}: {reason[:200]}",
                hint="is there a network here?",
            ) from error
        raise HostError(f"{_shown(self.url)} redirects without an end")


def _content(answer: "httpx.Response") -> bytes:
    if answer.status_code != 200:
        raise HostUnreachable(
            f"{_shown(str(answer.url))} answers {answer.status_code}", hint="try again later"
        )
    content = b""
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > LIMIT_BYTES:
            raise HostError(f"{_shown(str(answer.url))} is far too large for an installer")
    return content


def _refuse_plain(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and _is_loopback(parts.hostname or ""):
        return
    raise ConfigurationError(
        f"an installer is downloaded by https alone, and not from {_shown(url)}",
        hint=f"unset {VARIABLE}",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(url: str) -> str:
    """Without what may be secret in it: a password, a query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"[:120]
