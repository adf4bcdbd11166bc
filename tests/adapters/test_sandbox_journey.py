"""A whole rehearsal, in a process of its own, with a home that must stay as it was."""

import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

from tests.tools import ROOT

JOURNEY = """
import json, sys, time
from contextlib import closing
from pathlib import Path

from capsule_adapters.clock import SystemClock
from capsule_adapters.providers import connect
from capsule_adapters.sandbox.control import SandboxControl
from capsule_adapters.ssh.host import SshHosts
from capsule_adapters.ssh.keys import SshKeys
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_domain.models.server import ServerRequest, ServerStatus
from capsule_domain.ports.host import Target
from capsule_domain.services.user_data import user_data

folder = Path(sys.argv[1])
control = SandboxControl(folder)
told = {}


def rent(cloud, keys, known_hosts, name):
    host_key = keys.new_host_key()
    known_hosts.pin(name, host_key.public_openssh)
    return cloud.create(ServerRequest(
        name=name, region="fra1", slug="s-1vcpu-1gb",
        ssh_public_key=keys.deploy_key().public_openssh,
        user_data=user_data(host_key), tags=("rehearsal",),
    ))


def running(cloud, server):
    for _ in range(200):
        server = cloud.server(server.server_id)
        if server.status is ServerStatus.RUNNING and server.address:
            return server
        time.sleep(0.1)
    raise SystemExit("the server never runs")


def enter(hosts, keys, server, command):
    target = Target(address=server.address, key_alias=server.name,
                    private_key=keys.deploy_key().private_path)
    with hosts.connect(target) as host:
        return host.run(command, check=True).stdout


def cloud_now():
    access = control.access()
    return connect("digitalocean", credentials={"DIGITALOCEAN_API_KEY": access.token},
                   endpoint=access.endpoints["digitalocean"], clock=SystemClock())


try:
    control.up()
    keys, known_hosts = SshKeys(folder / "ssh"), KnownHostsFile(folder / "known_hosts")
    cloud = cloud_now()
    web, db = (running(cloud, rent(cloud, keys, known_hosts, name)) for name in ("web-1", "db-1"))
    with closing(SshHosts(folder / "known_hosts", control.access().ssh_config)) as hosts:
        told["home"] = enter(hosts, keys, web, "echo secret > ~/secret; echo $HOME")
        enter(hosts, keys, web, "sudo apt-get install -y nginx; touch ~/.bashrc ~/.ssh-like")
        told["neighbour"] = enter(hosts, keys, db, "ls -A ~")
    told["servers"] = control.status().servers
    control.down()
    control.up()
    cloud = cloud_now()
    with closing(SshHosts(folder / "known_hosts", control.access().ssh_config)) as hosts:
        told["kept"] = enter(hosts, keys, cloud.server(web.server_id), "cat ~/secret")
    for server in (web, db):
        cloud.destroy(server.server_id)
    for _ in range(100):
        if control.status().servers == 0:
            break
        time.sleep(0.1)
    told["left"] = [server.name for server in cloud.servers()]
    told["machines"] = control.status().servers
finally:
    control.down()
print(json.dumps(told))
"""


def fingerprint(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Mode, time of change and content of everything in a folder."""
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        facts = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        digest = hashlib.sha256(content).hexdigest()
        found[str(path.relative_to(folder))] = (facts.st_mode, facts.st_mtime_ns, digest)
    return found


def test_a_whole_journey_leaves_the_home_as_it_was(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/config").write_text("Host *\n  User nobody\n  Port 1\n")
    (home / ".ssh/known_hosts").write_text("# none\n")
    (home / ".bashrc").write_text("echo this must not be read\n")
    (home / "secret").write_text("of the person")
    before = fingerprint(home)
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", JOURNEY, str(tmp_path / "sandbox")],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told.pop("home").strip() != str(home)
    assert told == {
        "neighbour": "",
        "servers": 2,
        "kept": "secret\n",
        "left": [],
        "machines": 0,
    }
    assert fingerprint(home) == before
    assert stat.S_IMODE((tmp_path / "sandbox").stat().st_mode) == 0o700
