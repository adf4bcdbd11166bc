"""What every test starts from: an empty home, no credentials, loopback only.

`--full` runs the long form of matrices and soaks, `--live` asks real accounts. A test that
skips because the machine lacks a program or a reference file is counted aloud at the end.
"""

import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

MISSING = ("missing tool: ", "missing reference: ")
"""How the reasons of tests.tools begin."""

LONG_FORMS = {"full": "the long form: run with --full", "live": "a real account: run with --live"}

SOURCES = ("CAPSULE_AGENIX", "CAPSULE_NIXPKGS", "CAPSULE_SOPS_NIX")
"""Where tests/nix/test_real_machines.py finds what it evaluates with."""

KEPT = frozenset({"CAPSULE_REQUIRE_SHARED", *SOURCES})

ENDPOINT = re.compile(r"CAPSULE_[A-Z]+_ENDPOINT")
"""Where a cloud is: belongs to its key."""

OURS_AND_THE_CLOUDS = (
    "CAPSULE_",
    "XDG_",
    "AWS_",
    "DIGITALOCEAN_",
    "EQUINIX_",
    "HIVELOCITY_",
    "LINODE_",
    "SCALEWAY_",
    "SCW_",
    "VULTR_",
)
"""Beginnings of the variables that would let a person's machine into a test."""

ALSO_REMOVED = frozenset(
    {"SSH_AUTH_SOCK", "SSH_AGENT_PID", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS"}
    | {f"{kind}_PROXY" for kind in ("HTTP", "HTTPS", "ALL", "NO")}
)

_person = dict(os.environ)
_session_home: list[Path] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("capsule")
    group.addoption("--full", action="store_true", help="run the long forms too (marker full)")
    group.addoption("--live", action="store_true", help="ask real accounts too (marker live)")
    group.addoption(
        "--live-spend",
        type=Decimal,
        metavar="USD",
        help="the most that --live may rent for, all accounts together",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Leave the person's home before anything is imported, session fixtures included."""
    _refuse_uncapped(config)
    settings.register_profile(
        "quick",
        deadline=None,
        max_examples=60,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.register_profile("full", settings.get_profile("quick"), max_examples=1000)
    settings.load_profile("full" if config.getoption("--full") else "quick")
    home = Path(tempfile.mkdtemp(prefix="capsule-tests-"))
    _session_home.append(home)
    for name in _kept_out(os.environ, live=bool(config.getoption("--live"))):
        del os.environ[name]
    os.environ.update(_homes(home))


def _refuse_uncapped(config: pytest.Config) -> None:
    """Real accounts are asked only with a cap, and by one process, which alone can keep to it."""
    if not config.getoption("--live"):
        return
    cap = config.getoption("--live-spend")
    if cap is None or not cap.is_finite() or cap < 0:
        raise pytest.UsageError("--live needs --live-spend USD, the most that it may rent for")
    if getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput"):
        raise pytest.UsageError("--live keeps to its cap in one process only: leave -n out")


def pytest_unconfigure() -> None:
    os.environ.clear()
    os.environ.update(_person)
    while _session_home:
        shutil.rmtree(_session_home.pop(), ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what was not asked for; these skips are a choice, not a missing tool."""
    for marker, reason in LONG_FORMS.items():
        if not config.getoption(f"--{marker}"):
            for item in items:
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Say loudly, after all else, how many tests this machine could not run, and why."""
    yield
    missing = missing_by_reason(
        str(report.longrepr[2])
        for report in terminalreporter.stats.get("skipped", ())
        if isinstance(report.longrepr, tuple)
    )
    if not missing:
        return
    terminalreporter.section(f"{missing.total()} tests could not run here", red=True, bold=True)
    for reason, count in missing.most_common():
        terminalreporter.line(f"{count:5d} × {reason}", red=True)


def missing_by_reason(reasons: Iterable[str]) -> Counter[str]:
    """How many skips this machine is to blame for, by what it lacks."""
    bare = (reason.removeprefix("Skipped: ") for reason in reasons)
    return Counter(reason for reason in bare if reason.startswith(MISSING))


def _homes(home: Path) -> dict[str, str]:
    """The variables that make `home` the home of everything we start."""
    return {
        "HOME": str(home),
        "CAPSULE_HOME": str(home / ".capsule"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
    }


def _kept_out(environment: Mapping[str, str], *, live: bool) -> list[str]:
    """The names in `environment` that no test may see; with `live` the credentials stay."""
    prefixes = ("CAPSULE_", "XDG_") if live else OURS_AND_THE_CLOUDS
    return [
        name
        for name in environment
        if name not in KEPT
        and not (live and ENDPOINT.fullmatch(name))
        and (name.startswith(prefixes) or name.upper() in ALSO_REMOVED)
    ]


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This test's own HOME, empty; CAPSULE_HOME is `.capsule` inside it, not made yet."""
    fresh = tmp_path_factory.mktemp("home")
    for name, value in _homes(fresh).items():
        monkeypatch.setenv(name, value)
    return fresh
