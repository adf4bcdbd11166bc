"""Signs of life to a service such as Healthchecks: its URL, and `/start` and `/fail` below it."""

from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from capsule_adapters.notify.posting import Posting
from capsule_domain.models.heartbeat import Beat
from capsule_domain.ports.clock import Clock

_BELOW = {Beat.START: "/start", Beat.GOOD: "", Beat.FAIL: "/fail"}


class HttpHeartbeat:
    """Posts nothing to a URL that is a secret."""

    def __init__(self, url: SecretStr, clock: Clock) -> None:
        self._postings = {
            beat: Posting("heartbeat", _below(url, path), clock) for beat, path in _BELOW.items()
        }

    def send(self, beat: Beat) -> None:
        """Raises NotDelivered unless the answer is a success."""
        self._postings[beat].send(b"", {})


def _below(url: SecretStr, path: str) -> SecretStr:
    """The URL with `path` at the end of its own; what is asked behind `?` stays."""
    parts = urlsplit(url.get_secret_value())
    longer = parts.path.rstrip("/") + path if path else parts.path
    return SecretStr(urlunsplit(parts._replace(path=longer, fragment="")))
