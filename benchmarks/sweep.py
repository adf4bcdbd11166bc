"""A sweep of 1,000 hosts beside parallel-ssh, pyinfra, ansible and the ssh client.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install parallel-ssh pyinfra ansible-core
    sudo .venv/bin/python benchmarks/sweep.py --peers /tmp/peers [--hosts 1000]

One sshd in a network namespace of its own, where every 127.1.x.y is another host. All run the
same command; the host key is verified by all but parallel-ssh, which cannot. Client CPU is
that of the client's processes alone: the servers share this machine's processors, but not that
figure. Writes benchmarks/results/sweep.md. Needs root, sshd, unshare and ip.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh

if TYPE_CHECKING:
    from capsule_domain.models.xnode import XNode

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "sweep.md"
COMMAND = "cat /proc/loadavg /proc/meminfo /proc/stat; df -P"
AT_ONCE = 50
INSIDE = "CAPSULE_SWEEP_INSIDE"
CONFIG = """\
Port 22
ListenAddress 0.0.0.0
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/id_ed25519.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
MaxStartups 2000
LogLevel ERROR
SetEnv HOME={folder}/home
"""


@dataclass
class Ground:
    """The sshd's folder, and the addresses that it answers to."""

    folder: Path
    hosts: list[str]

    @property
    def key(self) -> Path:
        """The private key that opens every host."""
        return self.folder / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """For the peers: one line for all."""
        return self.folder / "known_hosts"


@dataclass
class Row:
    """What the rounds of one client came to. Seconds of wall time, and of client CPU."""

    name: str
    hosts: int
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    rss_mib: float | None = None
    failed: int = 0

    def text(self) -> str:
        """One line of the table."""
        rates = [self.hosts / seconds for seconds in self.seconds]
        cpu_ms = 1000 * statistics.median(self.cpu_seconds) / self.hosts
        rss = "" if self.rss_mib is None else f"{self.rss_mib:.0f}"
        return (
            f"| {self.name} | {self.hosts} | {len(rates)} | {self.failed} "
            f"| {statistics.median(rates):.0f} | {min(rates):.0f} | {max(rates):.0f} "
            f"| {cpu_ms:.2f} | {rss} |"
        )

    @property
    def rate(self) -> float:
        """Hosts a second, in the median."""
        return statistics.median(self.hosts / seconds for seconds in self.seconds)


@contextmanager
def sshd(count: int) -> Iterator[Ground]:
    """One sshd that is all the hosts."""
    folder = Path(tempfile.mkdtemp(prefix="capsule-sweep-"))
    (folder / "home").mkdir()
    for name in ("host_key", "id_ed25519"):
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(folder / name)
        key.write_public_key(folder / f"{name}.pub")
        (folder / name).chmod(0o600)
    public = (folder / "host_key.pub").read_text().strip()
    hosts = [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(count)]
    (folder / "known_hosts").write_text("".join(f"{host} {public}\n" for host in hosts))
    config = folder / "sshd_config"
    config.write_text(CONFIG.format(folder=folder))
    Path("/run/sshd").mkdir(exist_ok=True)
    process = subprocess.Popen([shutil.which("sshd") or "/usr/sbin/sshd", "-D", "-f", config])
    time.sleep(1)
    try:
        yield Ground(folder, hosts)
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def of_peer(row: Row, rounds: int, run: Callable[[], int]) -> None:
    """So many rounds of a peer's own processes; `run` tells how many hosts answered."""
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.perf_counter()
        answered = run()
        row.seconds.append(time.perf_counter() - begun)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        row.cpu_seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        row.failed += row.hosts - answered


def ssh_client(ground: Ground, hosts: Sequence[str]) -> int:
    """The OpenSSH client, 50 processes at once, in its own defaults."""
    options = f"-F none -i {ground.key} -o BatchMode=yes -o UserKnownHostsFile={ground.known_hosts}"
    script = f"ssh {options} root@{{}} '{COMMAND}' | grep -c ^MemTotal"
    done = subprocess.run(
        ["xargs", f"-P{AT_ONCE}", "-I{}", "sh", "-c", script],
        input="\n".join(hosts), capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.count("1")


def ansible(peers: Path, ground: Ground, hosts: Sequence[str]) -> int:
    """`ansible -m raw`, 50 forks."""
    inventory = ground.folder / "inventory"
    inventory.write_text("\n".join(hosts))
    options = f"-F none -o UserKnownHostsFile={ground.known_hosts}"
    done = subprocess.run(
        [peers / "bin/ansible", "all", "-i", inventory, "-m", "raw", "-f", str(AT_ONCE),
         "-u", "root", "--private-key", ground.key, "-a", COMMAND],
        env={**os.environ, "ANSIBLE_SSH_ARGS": options, "HOME": str(ground.folder / "home"),
             "ANSIBLE_LOCALHOST_WARNING": "False"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.count("MemTotal")


def pyinfra(peers: Path, ground: Ground, hosts: Sequence[str]) -> int:
    """`pyinfra … exec`, 50 at once."""
    home = ground.folder / "home"
    (home / ".ssh").mkdir(exist_ok=True)
    shutil.copy(ground.known_hosts, home / ".ssh/known_hosts")
    (ground.folder / "fleet.py").write_text(f"hosts = {list(hosts)!r}\n")
    done = subprocess.run(
        [peers / "bin/pyinfra", ground.folder / "fleet.py", "--user", "root", "--key", ground.key,
         "--parallel", str(AT_ONCE), "-y", "exec", "--", COMMAND],
        env={**os.environ, "HOME": str(home)}, cwd=home,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return (done.stdout + done.stderr).count("MemTotal")


PSSH = """
import json, resource, sys, time
from pssh.clients import ParallelSSHClient
hosts, key, command = json.loads(sys.stdin.readline())
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
client = ParallelSSHClient(hosts, user="root", pkey=key, pool_size=50, num_retries=1)
for _ in sys.stdin:
    begun, used = time.perf_counter(), cpu()
    output = client.run_command(command, stop_on_errors=False)
    client.join(output)
    found = sum(any(l.startswith("MemTotal") for l in one.stdout or ()) for one in output)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([time.perf_counter() - begun, cpu() - used, found, peak]), flush=True)
"""


class Player:
    """A process that runs a round of all hosts for each line that it is given."""

    def __init__(self, name: str, command: Sequence[str | Path], asked: object, hosts: int) -> None:
        self.fresh = Row(f"{name}, fresh", hosts)
        self.kept = Row(f"{name}, kept", hosts)
        self._command = command
        self._asked = json.dumps(asked)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """A new process, with no connections yet."""
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._say(self._asked)

    def round(self, row: Row) -> None:
        """One sweep, kept in `row`."""
        assert self._process is not None
        assert self._process.stdout is not None
        self._say("go")
        seconds, cpu, found, peak = json.loads(self._process.stdout.readline())
        row.seconds.append(seconds)
        row.cpu_seconds.append(cpu)
        row.failed += row.hosts - found
        row.rss_mib = peak

    def stop(self) -> None:
        """End it, with its connections."""
        assert self._process is not None
        self._process.communicate()

    def _say(self, line: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()


def capsule(ground: Ground, *, same: bool) -> Player:
    """Capsule, with parsing, and with storing in SQLite.

    `same`: the peers' command in the loop. Else what Capsule itself asks each minute.
    """
    asked = {
        "hosts": ground.hosts,
        "key": (ground.folder / "host_key.pub").read_text().strip(),
        "private": str(ground.key),
        "same": same,
    }
    what = "the peers' command" if same else "its own of each minute"
    name = f"Capsule, {what}"
    return Player(name, [sys.executable, __file__, "--child"], asked, len(ground.hosts))


def parallel_ssh(ground: Ground, peers: Path) -> Player:
    """parallel-ssh, which verifies no host key."""
    asked = [ground.hosts, str(ground.key), COMMAND]
    return Player("parallel-ssh", [peers / "bin/python", "-c", PSSH], asked, len(ground.hosts))


def play(players: Sequence[Player], rounds: int, fresh_rounds: int) -> list[Row]:
    """Fresh rounds in new processes, and kept ones in the last of them, turn by turn.

    Whatever else this machine does meanwhile does it to all of them alike.
    """
    for number in range(fresh_rounds):
        for player in players:
            player.start()
            player.round(player.fresh)
        for _ in range(rounds if number == fresh_rounds - 1 else 0):
            for player in players:
                player.round(player.kept)
        for player in players:
            player.stop()
    return [row for player in players for row in (player.fresh, player.kept)]


def sweep_child() -> None:
    """One Capsule of its own process, told what to do on stdin; see `Player`."""
    from capsule_adapters.clock import SystemClock
    from capsule_adapters.probes.network_probes import NetworkProbes
    from capsule_adapters.probes.script import loop_script
    from capsule_adapters.store.samples import SqliteSamples
    from capsule_cli.entry import hasten
    from capsule_domain.models.look import CheckChoice, LookPlan
    from capsule_domain.models.metric import Observation

    hasten()  # as the program itself begins
    wanted = json.loads(sys.stdin.readline())
    folder = Path(tempfile.mkdtemp(prefix="capsule-sweep-home-"))
    pinned = "".join(f"h{at} {wanted['key']}\n" for at in range(len(wanted["hosts"])))
    (folder / "known_hosts").write_text(pinned)
    fleet = [_xnode(at, host, wanted["private"]) for at, host in enumerate(wanted["hosts"])]
    plan = LookPlan(
        checks=CheckChoice(ping=False), disks=False, system=False, tries=1, ssh_seconds=45,
        read_seconds=45, deadline_seconds=300,
    )  # fmt: skip
    script = _same_command if wanted["same"] else loop_script
    probes = NetworkProbes(folder / "known_hosts", None, SystemClock(), script=script)
    with closing(probes), closing(SqliteSamples(folder / "metrics.db")) as samples:
        for _ in sys.stdin:
            begun, used = time.perf_counter(), time.process_time()
            seen: dict[str, Observation] = {o.xnode_id: o for o in probes.look(fleet, plan)}
            samples.append(seen, datetime.now(UTC))
            seconds, cpu = time.perf_counter() - begun, time.process_time() - used
            found = sum(o.metrics is not None for o in seen.values())
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            sys.stdout.write(json.dumps([seconds, cpu, found, peak]) + "\n")
            sys.stdout.flush()
    shutil.rmtree(folder)


def _same_command(marker: str) -> str:
    """A loop that runs what the peers run."""
    return (
        f"while read -r n w; do printf '\\n{marker} begin %s\\n{marker} proc\\n' $n; "
        f"{COMMAND}; printf '\\n{marker} end %s\\n' $n; done 2>/dev/null"
    )


def _xnode(number: int, address: str, private: str) -> "XNode":
    from capsule_domain.models.money import Money
    from capsule_domain.models.server import ServerStatus
    from capsule_domain.models.xnode import XNode

    return XNode(
        id=f"h{number}", name=f"host-{number}", provider="none", server_id=str(number),
        region="here", template="none", status=ServerStatus.RUNNING, address=address,
        ssh_key=private, price_per_hour=Money.of("0.01"), price_per_month=Money.of("6"),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def pings(ground: Ground, rounds: int) -> Row:
    """An echo of each, over one socket."""
    import asyncio

    from capsule_adapters.probes.icmp import ask_echoes

    row = Row("Capsule, ICMP", len(ground.hosts))

    async def once() -> int:
        echoes = ask_echoes(ground.hosts, 5.0)
        return sum(found is not None for found in await asyncio.gather(*echoes.values()))

    for _ in range(rounds):
        begun, used = time.perf_counter(), time.process_time()
        row.failed += row.hosts - asyncio.run(once())
        row.seconds.append(time.perf_counter() - begun)
        row.cpu_seconds.append(time.process_time() - used)
    return row


def measure(arguments: argparse.Namespace) -> list[Row]:
    """All clients, one after another."""
    rounds, rows = arguments.rounds, []
    with sshd(arguments.hosts) as ground:
        rows.append(pings(ground, rounds))
        peers: Path | None = arguments.peers
        players = [capsule(ground, same=True)]
        if peers is not None:
            players.append(parallel_ssh(ground, peers))
        rows += tell(play(players, rounds, arguments.fresh_rounds))
        rows += tell(play([capsule(ground, same=False)], rounds, 1))
        if peers is None:
            return rows
        few = ground.hosts[: arguments.slow_hosts]
        slow: dict[str, Callable[[], int]] = {
            "pyinfra exec, fresh": lambda: pyinfra(peers, ground, few),
            "ssh client, fresh": lambda: ssh_client(ground, few),
            "ansible -m raw, fresh": lambda: ansible(peers, ground, few),
        }
        for name, run in slow.items():
            row = Row(name, len(few))
            of_peer(row, arguments.slow_rounds, run)
            rows += tell([row])
    return rows


def tell(rows: Sequence[Row]) -> Sequence[Row]:
    """Say at once what was measured: the whole takes minutes."""
    for row in rows:
        print(row.text(), flush=True)
    return rows


def report(rows: Sequence[Row], *, when: datetime, load: float) -> str:
    """The page that is committed."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    head = ["client", "hosts", "rounds", "failed", "hosts/s, median", "min", "max"]
    head += ["client CPU ms/host", "peak RSS MiB"]
    lines = [
        "# A sweep of a fleet",
        "",
        f"{when:%Y-%m-%d}, {python}, {system}, shared by the clients and all the servers;",
        f"the load of one minute was {load:.1f} when it ended, so that rates are lower bounds.",
        f"All but Capsule's own run `{COMMAND}`.",
        "Made by `benchmarks/sweep.py`.",
        "",
        f"| {' | '.join(head)} |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        *(row.text() for row in rows),
        "",
        *_verdicts({row.name: row for row in rows}),
    ]
    return "\n".join(lines) + "\n"


def _verdicts(rows: dict[str, Row]) -> list[str]:
    """What the contract asks for, by what was measured."""
    ours = rows["Capsule, the peers' command, fresh"]
    kept = rows["Capsule, the peers' command, kept"]
    own = rows["Capsule, its own of each minute, kept"]
    ping = rows["Capsule, ICMP"]
    peers = [row for name, row in rows.items() if not name.startswith("Capsule")]
    milliseconds = 1000 * statistics.median(ping.seconds)
    cpu_ms = 1000 * statistics.median(own.cpu_seconds) / own.hosts
    found = [
        f"- {ping.hosts} pings take {milliseconds:.0f} ms.",
        f"- A kept sample costs {cpu_ms:.2f} ms of client CPU with parsing and storing.",
        f"- At most {own.rss_mib:.0f} MiB are resident.",
    ]
    fresh = [row for row in peers if row.name.endswith("fresh") and not row.failed]
    if fresh:
        best = max(fresh, key=lambda row: row.rate)
        found.append(
            f"- Fresh, Capsule is {ours.rate / best.rate:.2f} times as fast as the fastest peer"
            f" ({best.name})."
        )
    reused = rows.get("parallel-ssh, kept")
    if reused is not None:
        pairs = zip(reused.seconds, kept.seconds, strict=True)
        ratio = statistics.median(theirs / mine for theirs, mine in pairs)
        found.append(
            f"- Kept, it is {ratio:.2f} times as fast as parallel-ssh with connections kept"
            " (median of the ratios, round by round, turn by turn)."
        )
    return found


def enter_namespace() -> None:
    """Start anew where only loopback is, and echoes are permitted to everyone."""
    ready = (
        "ip link set lo up; echo '0 2147483647' >/proc/sys/net/ipv4/ping_group_range; exec \"$@\""
    )
    again = [sys.executable, *sys.argv]
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--net", "sh", "-c", ready, "sh", *again])  # noqa: S606


def main() -> None:
    """Measure, print, and keep the result unless this is a dry run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fresh-rounds", type=int, default=5)
    parser.add_argument("--peers", type=Path, help="a virtual environment that has the peers")
    parser.add_argument("--slow-hosts", type=int, default=300, help="for what takes minutes")
    parser.add_argument("--slow-rounds", type=int, default=1)
    parser.add_argument("--dry-run", action="store_true", help="print only")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        sweep_child()
        return
    if INSIDE not in os.environ:
        enter_namespace()
    rows = measure(chosen)
    text = report(rows, when=datetime.now(UTC), load=os.getloadavg()[0])
    print(text)
    if not chosen.dry_run:
        RESULTS.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
