"""`python -m tests.losing [KILLS]`: the long form, with a table for benchmarks/results."""

import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.losing.proof import Tally, run
from tests.tools import ROOT

RESULTS = ROOT / "benchmarks" / "results" / "delivery.md"


def main() -> int:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    began = time.monotonic()
    with TemporaryDirectory(prefix="capsule-losing-") as folder:
        tally = run(Path(folder) / "home", kills)
    text = _text(tally, time.monotonic() - began)
    sys.stdout.write(text + "\n".join(tally.failures) + "\n")
    if kills >= 200 and not tally.failures:
        RESULTS.write_text(text)
    return 1 if tally.failures else 0


def _text(tally: Tally, seconds: float) -> str:
    rows = [
        ("collectors killed (SIGKILL, at a random moment)", tally.kills),
        ("alerts that fired", tally.fired),
        ("alerts that were resolved", tally.resolved),
        ("messages, each with one id", tally.messages),
        ("times that a channel refused or broke off", tally.refused),
        ("deliveries to e-mail, Slack and a webhook", tally.deliveries),
        ("of them the same message with the same id once more", tally.twice),
        ("promises broken: lost, told under two ids, out of order", len(tally.failures)),
    ]
    table = "\n".join(f"| {name} | {value:,} |" for name, value in rows)
    return (
        "# No alert lost, none doubled\n\n"
        "`python -m tests.losing`: a collector on a clock that runs 20 times as fast, with its "
        "real state.db, a real SMTP server with STARTTLS, and a local server as Slack and "
        "webhook, killed again and again while disks fill up and are emptied and channels "
        "answer 429, 500, 451, or break off after they took the message. Afterwards every "
        "alert's beginning and end stand in exactly one message each, and every message "
        "arrived on every channel, the beginning before the end.\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python "
        f"{platform.python_version()}; {seconds:.0f} s.\n\n"
        f"| | |\n|---|---|\n{table}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
