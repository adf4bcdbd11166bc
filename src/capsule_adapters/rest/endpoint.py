"""Where a cloud is reached."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from capsule_domain.errors import ConfigurationError


def checked_endpoint(provider: str, url: str) -> str:
    """`url` without a slash at its end. Raises ConfigurationError, which never shows the URL.

    A key is sent there with every request, so it is https, or plain http to this
    machine; and no user, query or fragment that could end up in a message.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _refused(provider, "is not a URL") from error
    del port  # reading it is what checks it
    labels = (host or "").rstrip(".").split(".")
    named = all(0 < len(label) <= 63 for label in labels)
    if not host or not named or not url.isascii() or not url.isprintable() or " " in url:
        raise _refused(provider, "is not a URL with a host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise _refused(provider, "must not hold a user, a query or a fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise _refused(provider, "must be https (plain http only to this machine)")
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, is surely this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(provider: str, cause: str) -> ConfigurationError:
    return ConfigurationError(
        f"the endpoint of {provider} {cause}",
        hint=f"correct CAPSULE_{provider.upper()}_ENDPOINT or endpoint: in providers.yml",
        field="endpoint",
    )
