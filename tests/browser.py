"""A real Chromium without a window, spoken to over a pipe: no port, no network."""

import base64
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fcntl import F_DUPFD_CLOEXEC, fcntl
from pathlib import Path
from typing import Any

from tests.tools import needs_tool

_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
)
_ANSWER_SECONDS = 60.0
_SETTLED_SECONDS = 0.3


@dataclass
class Tab:
    """One page in the browser, and everything that it complained about or asked for."""

    reading: int
    writing: int
    session: str = ""
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _last: int = 0
    _rest: bytes = b""
    _loaded: bool = False

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask the browser, and wait for its answer."""
        self._last += 1
        wanted = self._last
        message = {"id": wanted, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        while True:
            told = self._read(_ANSWER_SECONDS)
            if told.get("id") == wanted:
                assert "error" not in told, f"{method}: {told['error']}"
                result: dict[str, Any] = told["result"]
                return result

    def show(
        self, url: str, width: int, height: int, *, dark: bool = False, media: str = "screen"
    ) -> None:
        """Load a page in a window of that size, and let it settle."""
        self.complaints.clear()
        self.requests.clear()
        self._loaded = False
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.call("Page.navigate", url=url)
        while not self._loaded:
            self._read(_ANSWER_SECONDS)
        with suppress(TimeoutError):
            while True:
                self._read(_SETTLED_SECONDS)

    def evaluate(self, expression: str) -> Any:
        """What a line of JavaScript comes to. (The page's own policy binds the page, not us.)"""
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def screenshot(self, to: Path, *, whole: bool = False) -> None:
        """What is seen; `whole`: the page in its full height."""
        told = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(base64.b64decode(told["data"]))

    def _read(self, seconds: float) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self.reading], [], [], max(until - time.monotonic(), 0))
            if not ready:
                raise TimeoutError
            part = os.read(self.reading, 1 << 16)
            assert part, "the browser is gone"
            self._rest += part
        raw, _, self._rest = self._rest.partition(b"\0")
        told: dict[str, Any] = json.loads(raw)
        self._note(told.get("method", ""), told.get("params", {}))
        return told

    def _note(self, event: str, params: Mapping[str, Any]) -> None:
        match event:
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                self.complaints.append(params["entry"]["text"])
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.complaints.append(str(params["args"]))
            case "Runtime.exceptionThrown":
                self.complaints.append(params["exceptionDetails"]["text"])
            case "Page.loadEventFired":
                self._loaded = True


@contextmanager
def browser(folder: Path) -> Iterator[Tab]:
    """Chromium with an empty profile below `folder`; ended afterwards, with all it started."""
    program = needs_tool("chromium")
    command_out, command_in = os.pipe()
    answer_out, answer_in = os.pipe()
    ours = [fcntl(fd, F_DUPFD_CLOEXEC, 10) for fd in (command_out, answer_in)]
    for fd in (command_out, answer_in):
        os.close(fd)
    # Chromium reads commands from 3 and answers on 4.
    script = f'exec "$@" 3<&{ours[0]} 4>&{ours[1]}'
    process = subprocess.Popen(
        ["bash", "-c", script, "bash", program, *_OPTIONS, f"--user-data-dir={folder}/chromium"],
        pass_fds=ours,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": "disabled:"},
        start_new_session=True,
    )
    for fd in ours:
        os.close(fd)
    tab = Tab(reading=answer_out, writing=command_in)
    try:
        target = tab.call("Target.createTarget", url="about:blank")["targetId"]
        attached = tab.call("Target.attachToTarget", targetId=target, flatten=True)
        tab.session = attached["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            tab.call(f"{domain}.enable")
        yield tab
    finally:
        with suppress(OSError, AssertionError, TimeoutError):
            tab.session = ""
            tab.call("Browser.close")
        os.close(command_in)
        os.close(answer_out)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
