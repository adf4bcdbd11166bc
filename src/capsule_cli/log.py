"""The log file: rotated, for its owner alone, and without secrets."""

import logging
import os
import re
from collections.abc import Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path

_MAX_BYTES = 1_000_000
_KEPT_FILES = 3
_SECRET_NAMES = re.compile(
    r"(API_KEY|TOKEN|SECRET|PASSWORD|ACCESS_KEY|WEBHOOK|APPRISE)", re.IGNORECASE
)
_SECRET_FORMS = re.compile(
    r"(Bearer\s+)[^\s'\",]+"
    r"|(X-(?:Auth-Token|API-KEY):\s*)[^\s'\",]+"
    r"|(--(?:slack-webhook|webhook-url)[=\s]+)\S+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_SHORTEST_SECRET = 8


class Redacted(logging.Formatter):
    """Formats a record, then strikes out known secrets and what looks like one."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self._values = [
            value
            for name, value in environment.items()
            if _SECRET_NAMES.search(name) and len(value) >= _SHORTEST_SECRET
        ]

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        for value in self._values:
            text = text.replace(value, "***")
        return _SECRET_FORMS.sub(
            lambda m: f"{m.group(m.lastindex) if m.lastindex else ''}***", text
        )


class _OwnFile(RotatingFileHandler):
    """Creates its files for the owner alone, and stays silent when it cannot write."""

    def _open(self):  # type: ignore[no-untyped-def]  # noqa: ANN202
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="replace")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A log that cannot be written must not stop a deploy, nor print a traceback."""


def start(home: Path, environment: Mapping[str, str], *, verbose: bool, debug: bool) -> None:
    """Log to `<home>/logs/capsule.log`, and to stderr with -v or --debug.

    A home that cannot be written leaves only stderr: the command itself says why.
    """
    root = logging.getLogger()
    stop()
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    for chatty in ("asyncssh", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.DEBUG if debug else logging.WARNING)
    # Never more of these: they show headers, queries and bodies. `capsule.rest` has a line each.
    for indiscreet in ("httpx", "httpcore", "botocore", "urllib3"):
        logging.getLogger(indiscreet).setLevel(logging.WARNING)
    formatter = Redacted(environment)
    folder = home / "logs"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        file = _OwnFile(folder / "capsule.log", maxBytes=_MAX_BYTES, backupCount=_KEPT_FILES)
    except OSError:
        pass
    else:
        _add(root, file, formatter)
    if verbose or debug:
        _add(root, logging.StreamHandler(), formatter)


def _add(root: logging.Logger, handler: logging.Handler, formatter: logging.Formatter) -> None:
    handler.setFormatter(formatter)
    handler.set_name("capsule")
    root.addHandler(handler)


def started() -> bool:
    """Whether `start` was called."""
    return any(handler.get_name() == "capsule" for handler in logging.getLogger().handlers)


def stop() -> None:
    """Close what `start` opened."""
    root = logging.getLogger()
    for handler in [h for h in root.handlers if h.get_name() == "capsule"]:
        root.removeHandler(handler)
        handler.close()
