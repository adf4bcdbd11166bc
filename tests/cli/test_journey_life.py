"""An xNode's life through the real program: switched, entered, led to by a tunnel, ended."""

import threading
import urllib.error
import urllib.request
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from capsule_adapters.processes import process_started
from tests.cli.test_journey import Person, person
from tests.tools import needs_tool

__all__ = ["person"]
XNODE = ("--sandbox", "openmesh", "xnode")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_given: object) -> None: ...


def fetched(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
        return int(answer.status)


def test_an_xnode_is_switched_entered_led_to_and_ended(person: Person) -> None:
    needs_tool("ssh")
    deploy = ("--sandbox", "openmesh", "deploy", "--provider", "digitalocean")
    assert person.capsule(*deploy, "--name", "web-1", "--yes").code == 0
    entered = person.capsule(*XNODE, "ssh", "web-1", "--", "echo in; exit 7")
    assert (entered.code, entered.stdout) == (7, "in\n")
    _is_led_to(person)
    person.json(*XNODE, "stop", "web-1", "--yes")
    person.json(*XNODE, "tag", "web-1", "+blue")
    shown = person.json(*XNODE, "show", "web-1", "--live")
    assert (shown["status"], shown["tags"], shown["first_contact"]) == (
        *("stopped", ["blue"]),
        "replaced",
    )
    assert person.json(*XNODE, "launch", "--tags", "blue", "--yes")[0]["ok"] is True
    assert person.json(*XNODE, "terminate", "--all", "--yes")[0]["ok"] is True
    assert person.json("sandbox", "status")["servers"] == 0


def _is_led_to(person: Person) -> None:
    """By a tunnel that a process of its own holds."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        remote = str(server.server_address[1])
        opened = person.json(*XNODE, "tunnel", "web-1", "--remote-port", remote, "--background")
        try:
            port = opened["local_port"]
            [file] = (person.state / "sandbox" / "tunnels").glob("*.json")
            assert file.stat().st_mode & 0o777 == 0o600
            assert fetched(port) == 200
            assert person.json(*XNODE, "tunnel", "--list") == [opened]
        finally:
            closed = person.json(*XNODE, "tunnel", "--close", "--all")
            server.shutdown()
    assert closed == [opened]
    assert process_started(opened["pid"]) is None
    with pytest.raises(urllib.error.URLError):
        fetched(port)
