"""What a machine answers to the probe's script, for tests that have no machine."""

from collections.abc import Callable, Mapping

from capsule_adapters.probes.script import MARKER
from capsule_adapters.sandbox.figures import disk_tables, proc_files
from capsule_domain.ports.host import Completed
from tests.fakes.hosts import FakeHosts


def healthy_parts() -> dict[str, str]:
    """The parts of a machine that is well, by name."""
    before, after = proc_files("1", 10.0), proc_files("1", 10.5)
    tables = disk_tables("1")
    return {
        "stat": before["stat"].split("\n", 1)[0],
        "meminfo": before["meminfo"],
        "arc": "",
        "loadavg": before["loadavg"],
        "uptime": before["uptime"],
        "blocks": tables["blocks"],
        "inodes": tables["inodes"],
        "stat-later": after["stat"].split("\n", 1)[0],
        "end": "",
    }


def framed(parts: Mapping[str, str], marker: str) -> str:
    """The parts as the script prints them."""
    return "".join(f"\n{marker} {name}\n{text}" for name, text in parts.items())


def answering(
    hosts: FakeHosts, address: str, parts: Mapping[str, str] | None = None, banner: str = ""
) -> Callable[[str], Completed]:
    """An answer for a `FakeMachine`: finds the marker in the script that it was given."""

    def answer(_: str) -> Completed:
        script = hosts.machines[address, 22].commands[-1]
        found = MARKER.search(script)
        assert found, "the script holds no marker"
        text = framed(healthy_parts() if parts is None else parts, found.group())
        return Completed(exit_code=0, stdout=banner + text + "\n", stderr="")

    return answer
