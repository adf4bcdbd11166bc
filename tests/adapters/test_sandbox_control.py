"""The sandbox as a process: up, found, down, and away without a trace of its own."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from capsule_adapters.processes import process_started
from capsule_adapters.sandbox.control import SandboxControl
from capsule_domain.errors import ConfigurationError


@pytest.fixture
def control(tmp_path: Path) -> Iterator[SandboxControl]:
    made = SandboxControl(tmp_path / "sandbox")
    yield made
    made.down()


def eventually(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return true()


def ask(endpoint: str, token: str) -> int:
    request = urllib.request.Request(  # noqa: S310  loopback
        f"{endpoint}/v2/account", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        return error.code


def test_at_first_nothing_runs_and_nothing_is_made(tmp_path: Path) -> None:
    control = SandboxControl(tmp_path / "sandbox")
    assert control.status().running is False
    assert control.down().running is False
    assert not (tmp_path / "sandbox").exists()
    with pytest.raises(ConfigurationError, match="not running"):
        control.access()


def test_up_it_answers_and_only_to_its_token(control: SandboxControl) -> None:
    status = control.up()
    assert (status.running, status.servers) == (True, 0)
    assert status.isolation in ("bubblewrap", "folders")
    access = control.access()
    endpoint = access.endpoints["digitalocean"]
    assert endpoint.startswith("http://127.0.0.1:")
    assert ask(endpoint, access.token.get_secret_value()) == 200
    assert ask(endpoint, "wrong") == 401
    assert access.ssh_config.is_file()


def test_up_twice_is_up_once(control: SandboxControl) -> None:
    assert control.up().pid == control.up().pid


def test_many_that_want_it_up_at_once_get_the_same_one(control: SandboxControl) -> None:
    pids: list[int | None] = []
    threads = [threading.Thread(target=lambda: pids.append(control.up().pid)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 4
    assert len(set(pids)) == 1


def test_down_ends_the_process_and_can_be_said_twice(control: SandboxControl) -> None:
    pid = control.up().pid
    assert pid is not None
    assert control.down().running is False
    assert process_started(pid) is None
    assert control.down().running is False


def test_down_does_not_touch_a_process_that_only_has_the_pid(
    control: SandboxControl, tmp_path: Path
) -> None:
    control.up()
    control.down()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        stale = {
            "pid": other.pid,
            "started": "long ago",
            "endpoints": {},
            "token": "x",
            "ssh_config": "x",
            "isolation": "folders",
        }
        (tmp_path / "sandbox/sandbox.json").write_text(json.dumps(stale))
        assert control.status().running is False
        control.down()
        assert other.poll() is None
        assert control.up().pid != other.pid
        other.kill()


def test_after_a_crash_it_comes_up_again(control: SandboxControl) -> None:
    first = control.up().pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: not control.status().running)
    second = control.up()
    assert second.running
    assert second.pid != first


def test_it_ends_with_the_process_that_it_serves(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as parent:
        control = SandboxControl(tmp_path / "sandbox", parent=parent.pid)
        assert control.up().running
        parent.kill()
    assert eventually(lambda: not control.status().running)


def test_what_it_keeps_and_says_is_for_its_owner_alone(
    control: SandboxControl, tmp_path: Path
) -> None:
    control.up()
    folder = tmp_path / "sandbox"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file
    token = control.access().token.get_secret_value()
    assert token not in (folder / "sandbox.log").read_text()
    assert token not in repr(control.access())


def test_it_knows_nothing_of_our_environment(
    control: SandboxControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CAPSULE_HOME", "AWS_SECRET_ACCESS_KEY", "DIGITALOCEAN_API_KEY", "MY_PASSWORD"):
        monkeypatch.setenv(name, "environment sentinel")
    pid = control.up().pid
    environment = Path(f"/proc/{pid}/environ")
    if not environment.exists():
        pytest.skip("no /proc to look into")
    assert b"sentinel" not in environment.read_bytes()
    token = control.access().token.get_secret_value().encode()
    assert token not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_sandbox_that_cannot_start_says_why_and_where_to_look(
    control: SandboxControl, tmp_path: Path
) -> None:
    broken = tmp_path / "sandbox/machines/1/machine.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    with pytest.raises(ConfigurationError, match=r"does not come up: .*machine") as caught:
        control.up()
    assert caught.value.hint == f"cat {tmp_path / 'sandbox/sandbox.log'}"
    assert "\n" not in caught.value.message
    assert control.status().running is False


def test_a_damaged_rehearsal_is_named_in_one_line(control: SandboxControl, tmp_path: Path) -> None:
    state = tmp_path / "sandbox" / "digitalocean.json"
    state.parent.mkdir()
    state.write_text('{"x"')
    with pytest.raises(ConfigurationError) as caught:
        control.up()
    assert caught.value.message.startswith(f"the sandbox does not come up: {state} is damaged:")
    assert state.read_text() == '{"x"'


def test_importing_the_control_imports_neither_ssh_nor_the_cloud() -> None:
    program = (
        "import sys\nimport capsule_adapters.sandbox.control\n"
        "import capsule_adapters.ssh.host, capsule_adapters.ssh.keys\n"
        "import capsule_adapters.ssh.known_hosts, capsule_adapters.probes.monitor\n"
        "heavy = {'asyncssh', 'httpx', 'yaml', 'jinja2', 'boto3', 'cryptography'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
