"""What the probe's script leaves of /proc, on the machine that the tests run on."""

import subprocess
from pathlib import Path

import pytest

from capsule_adapters.probes.proc import read_proc
from capsule_adapters.probes.script import loop_script, parts
from tests.tools import needs_tool

MARKER = "0123456789abcdef0123456789abcdef"
FILES = (
    "stat",
    "loadavg",
    "uptime",
    "sys/kernel/random/boot_id",
    "meminfo",
    "net/dev",
    "diskstats",
)


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="no /proc here")
def test_lines_without_a_figure_of_ours_do_not_leave_the_machine_and_the_others_do() -> None:
    asked = [needs_tool("sh"), "-c", loop_script(MARKER)]
    done = subprocess.run(asked, input="1 -\n", capture_output=True, text=True, check=True)
    told = parts(done.stdout, MARKER)["proc"]
    whole = "\n".join((Path("/proc") / name).read_text() for name in FILES)
    sent, there = read_proc(told), read_proc(whole)
    assert len(told) < len(whole) / 2
    assert sent.boot_id == there.boot_id is not None
    for names in ("memory", "interfaces", "disks"):
        assert getattr(sent, names).keys() == getattr(there, names).keys()
    assert len(sent.ticks) == len(there.ticks) == 8
    assert len(sent.loads) == len(there.loads) == 3
    assert sent.uptime_seconds is not None
