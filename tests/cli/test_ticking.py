"""A long work is never silent, and a quiet one is."""

import io
import time

from capsule_cli.output import Output
from capsule_cli.ticking import ticking


def waited(out: Output, *, until: str = "", seconds: float = 5.0) -> str:
    """What was said while something took long."""
    with ticking(out, every_seconds=0.01) as ticks:
        ticks.step("building")
        ticks.heard("copying \x1b[1mpath\x1b[0m\n")
        deadline = time.monotonic() + seconds
        while until not in out.stderr.getvalue() and time.monotonic() < deadline:  # type: ignore[attr-defined]
            time.sleep(0.005)
    return str(out.stderr.getvalue())  # type: ignore[attr-defined]


def test_a_step_is_told_at_once_and_signs_of_life_follow() -> None:
    said = waited(Output(io.StringIO(), io.StringIO()), until=" s  copying")
    assert said.startswith("▸ building\n")
    assert "0 s  copying" in said
    assert "\x1b" not in said


def test_nothing_is_said_beside_json_or_when_quiet() -> None:
    for out in (
        Output(io.StringIO(), io.StringIO(), json=True),
        Output(io.StringIO(), io.StringIO(), quiet=True),
    ):
        assert waited(out, until="never", seconds=0.05) == ""
