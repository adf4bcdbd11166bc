"""What Nix says, in its words of several versions; and programs that only claim to be Nix."""

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.nix.complaint import failure, readable
from capsule_adapters.nix.environment import NixProfileEnvironment
from capsule_adapters.nix.evaluation import read_facts, read_forecast
from capsule_adapters.nix.process import NixProcess, find_program
from capsule_adapters.nix.pulse import Pulse
from capsule_domain.errors import HostError, HostUnreachable, NixFailed, StoreError

HASH = "0123456789abcdfghijklmnpqrsvwxyz"
STORE = f"/nix/store/{HASH}"
OWN = f"{STORE}-capsule-dev.drv"
JSON = json.dumps([{"drvPath": OWN, "outputs": {"out": f"{STORE}-capsule-dev"}}])

# Headers of Nix 2.4 to 2.33 (src/libmain/shared.cc), of Lix, and of Nix 2.3.
ONE = f"""this derivation will be built:
  {STORE}-magma-2.9.0.drv
this path will be fetched (0.05 MiB download, 0.19 MiB unpacked):
  {STORE}-hello-2.12"""
MANY = f"""warning: Git tree is dirty
these 4 derivations will be built:
  {STORE}-magma-2.9.0.drv
  {STORE}-torch-2.5.drv
  {STORE}-python3-3.13.1-env.drv
  {OWN}
these 2 paths will be fetched (178.1 KiB download, 1.5 GiB unpacked):
  {STORE}-glibc-2.40
  {STORE}-curl-8.9.1-bin
don't know how to build these paths (may be caused by read-only store access):
  {STORE}-lost-1"""
OLD = f"""these paths will be fetched (44.16 MiB download, 236.37 MiB unpacked):
  {STORE}-vim-8.2.0013"""


@pytest.mark.parametrize(
    ("said", "build", "fetch", "download", "unpacked"),
    [
        ("", (), 0, None, None),
        (ONE, ("magma-2.9.0",), 1, 0.05, 0.19),
        (MANY, ("magma-2.9.0", "torch-2.5"), 2, 178.1 / 1024, 1536.0),
        (OLD, (), 1, 44.16, 236.37),
        ("these 3 paths will be fetched:", (), 0, None, None),
        ("these 3 paths will be fetched (a lot, and more):", (), 0, None, None),
    ],
)
def test_a_forecast_is_read_in_the_words_of_every_version(
    said: str, build: tuple[str, ...], fetch: int, download: float, unpacked: float
) -> None:
    forecast = read_forecast(JSON, said.splitlines())
    assert forecast is not None
    assert forecast.store_path == f"{STORE}-capsule-dev"
    assert (forecast.build, forecast.fetch) == (build, fetch)
    assert forecast.download_mib == pytest.approx(download)
    assert forecast.unpacked_mib == pytest.approx(unpacked)


def test_what_nix_cannot_come_by_is_named() -> None:
    forecast = read_forecast(JSON, MANY.splitlines())
    assert forecast is not None
    assert forecast.unknown == ("lost-1",)


@pytest.mark.parametrize(
    "answer", ["", "{}", "[]", "[1]", '[{"outputs": {}}]', '[{"outputs": {"out": null}}]', "[[]]"]
)
def test_an_answer_without_the_path_is_none(answer: str) -> None:
    assert read_forecast(answer, []) is None


@given(st.lists(st.text(max_size=80), max_size=8))
def test_no_line_of_nix_breaks_the_reading(lines: list[str]) -> None:
    assert read_forecast(JSON, lines) is not None
    error = failure("cannot build", 1, lines)
    assert "\n" not in error.message
    assert len(error.message) <= 300


@pytest.mark.parametrize("answer", ["", "[]", '{"git": 1}', '{"git": {"colour": "red"}}'])
def test_facts_of_an_unknown_form_are_an_error_of_ours(answer: str) -> None:
    with pytest.raises(NixFailed, match="cannot read what nix says"):
        read_facts(answer)


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        (
            """error: builder for '/nix/store/x-a.drv' failed with exit code 1;
       last 1 log lines:
       > no
error: 1 dependencies of derivation 'b' failed""",
            NixFailed,
            "cannot build: builder for '/nix/store/x-a.drv' failed with exit code 1",
        ),
        (
            "error:\n       … while calling the 'throw' builtin\n\n       error: refused: code",
            NixFailed,
            "cannot build: refused: code",
        ),
        (
            """warning: error: unable to download 'https://x': Couldn't resolve host (6); retrying
error: unable to download 'https://x': Couldn't resolve host name (6)""",
            HostUnreachable,
            "cannot build: unable to download 'https://x': Couldn't resolve host name (6)",
        ),
        (
            "error: writing to file: No space left on device",
            StoreError,
            "cannot build: writing to file: No space left on device",
        ),
        (
            "error: opening lock file '/nix/var/nix/db/big-lock': Permission denied",
            StoreError,
            "cannot build: opening lock file '/nix/var/nix/db/big-lock': Permission denied",
        ),
        (
            "error: builder for 'a.drv' failed: cp: Permission denied",
            NixFailed,
            "cannot build: builder for 'a.drv' failed: cp: Permission denied",
        ),
        ("", NixFailed, "cannot build: nix ended with exit code 1"),
        ("something odd", NixFailed, "cannot build: something odd"),
    ],
)
def test_a_failure_is_of_the_kind_that_it_is(
    said: str, kind: type[Exception], message: str
) -> None:
    error = failure("cannot build", 1, said.splitlines())
    assert type(error) is kind
    assert error.message == message
    assert error.hint


def test_a_line_is_readable_without_colours_and_control_characters() -> None:
    raw = b"\x1b[31;1merror:\x1b[0m \x1b]0;title\x07it\x08 \xff is\x00 so\r"
    assert readable(raw) == "error: it � is so"


def pretend(folder: Path, script: str) -> NixProcess:
    """A nix that is a shell script."""
    program = folder / "nix"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder)}
    return NixProcess(environment, (), gentle_seconds=0.5)


def silent() -> Pulse:
    return Pulse(lambda _seconds, _line: None)


def test_a_nix_that_neither_ends_nor_listens_is_ended(tmp_path: Path) -> None:
    nix = pretend(tmp_path, f"trap '' INT; echo $$ > '{tmp_path}/pid'; while :; do sleep 0.1; done")
    with pytest.raises(HostError, match=r"nix did not end within 0\.5 s"):
        nix.run(["nix"], doing="cannot", pulse=silent(), timeout_seconds=0.5)
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}/exe").exists()


def test_a_stream_that_outlives_nix_is_not_waited_for(tmp_path: Path) -> None:
    nix = pretend(tmp_path, "echo done; sleep 30 & exit 0")
    began = time.monotonic()
    said = nix.run(["nix"], doing="cannot", pulse=silent())
    assert said.stdout == "done\n"
    assert time.monotonic() - began < 10


def test_lines_without_end_and_much_of_them_are_bounded(tmp_path: Path) -> None:
    nix = pretend(tmp_path, "head -c 300000 /dev/zero | tr '\\0' x >&2; yes word | head -5000 >&2")
    said = nix.run(["nix"], doing="cannot", pulse=silent())
    assert len(said.lines) == 60
    assert said.lines[-1] == "word"


def test_a_program_that_is_none_is_an_error_of_ours(tmp_path: Path) -> None:
    nix = pretend(tmp_path, "")
    (tmp_path / "nix").write_bytes(b"\x7fELF not really")
    with pytest.raises(HostError, match="nix cannot be started"):
        nix.run(["nix"], doing="cannot", pulse=silent())


def test_many_short_silences_are_no_long_one() -> None:
    beats: list[tuple[float, str]] = []
    seconds = iter([0.0, 1.0, 1.9, 2.1, 3.0, 4.0, 4.2])
    pulse = Pulse(lambda at, line: beats.append((at, line)), monotonic=lambda: next(seconds))
    for line in ("one", "two", "three", None, "four", None):
        pulse.beat(line)
    assert beats == [(2.1, "three"), (4.2, "four")]


def test_a_person_s_own_home_is_not_written_to_but_its_settings_hold(tmp_path: Path) -> None:
    nix = pretend(tmp_path, 'echo "$HOME"; echo "$XDG_CONFIG_HOME"; echo "${XDG_CACHE_HOME-}"')
    own = nix.run(["nix"], doing="cannot", pulse=silent(), own_home=True).stdout.splitlines()
    assert own[0] != str(tmp_path)
    assert own[1] == f"{tmp_path}/.config"
    real = nix.run(["nix"], doing="cannot", pulse=silent()).stdout.splitlines()
    assert real == [str(tmp_path), "", ""]


def test_nix_is_found_where_installations_put_it(tmp_path: Path) -> None:
    place = tmp_path / ".local" / "state" / "nix" / "profile" / "bin"
    place.mkdir(parents=True)
    pretend(place, "")
    assert find_program("nix", {"PATH": "", "HOME": str(tmp_path)}) == str(place / "nix")
    assert find_program("nix-env", {"PATH": "", "HOME": str(tmp_path)}, ()) is None


SHIM = """
case "$*" in
  *' flake lock '*) echo '{"nodes": {"root": {"inputs": {"nixpkgs": "n"}}, "n": {"locked":
    {"type": "github", "owner": "NixOS", "repo": "nixpkgs", "rev": "abc", "narHash": "sha256-x",
     "lastModified": 1700000000}}}, "root": "root", "version": 7}' > flake.lock ;;
  *' --dry-run '*) cat "$ANSWERS/forecast" >&2; cat "$ANSWERS/made" ;;
  *' eval --json '*) echo '{"git": {"found": true, "name": "git", "version": "2.51"}}' ;;
  *' eval --raw '*) printf '%s' "$ANSWERS/store/capsule-dev" ;;
  *' --out-link '*) mkdir -p "$ANSWERS/store/capsule-dev"
    for word; do [ "$last" = --out-link ] && ln -s "$ANSWERS/store/capsule-dev" "$word"
    last=$word; done ;;
  *' --profile '*) for word; do [ "$last" = --profile ] && link=$word; last=$word; done
    ln -s "$word" "$link-1-link"; ln -s "${link##*/}-1-link" "$link" ;;
esac
for word; do printf '%s\\n' "$word"; done >> "$ANSWERS/argv"; echo >> "$ANSWERS/argv"
"""


@pytest.mark.parametrize("made", [JSON, "not JSON"])
def test_nix_is_asked_in_exactly_these_words(tmp_path: Path, made: str) -> None:
    from tests.nix.test_environment import install

    store_path = str(tmp_path / "store" / "capsule-dev")
    (tmp_path / "made").write_text(made.replace(f'{STORE}-capsule-dev"', f'{store_path}"'))
    (tmp_path / "forecast").write_text(MANY)
    pretend(tmp_path, SHIM)
    environment = NixProfileEnvironment(
        link=tmp_path / "profiles" / "capsule",
        kept=tmp_path / "environment",
        environment={**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin", "ANSWERS": str(tmp_path)},
    )
    with environment.prepare("dev", "{ }", update=False, progress=lambda _s, _l: None) as flake:
        assert flake.nixpkgs.revision == "abc"
        [(name, fact)] = flake.facts(["git"], flags={}).items()
        assert (name, fact.version) == ("git", "2.51")
    (tmp_path / "argv").unlink()
    install(environment, "{ }")
    asked = [call.splitlines() for call in (tmp_path / "argv").read_text().split("\n\n") if call]
    features = ["--extra-experimental-features", "nix-command flakes"]
    assert [call[:2] for call in asked] == [features] * len(asked)
    words = [call[2:] for call in asked]
    [stage] = {word for call in words for word in call if word.endswith("/result")}
    dry_run = ["build", "--dry-run", "--json", "--no-link", "--no-write-lock-file"]
    build = ["build", "--print-build-logs", "--no-write-lock-file"]
    assert words == [
        ["flake", "lock", "path:."],
        [*dry_run, "path:.#default"],
        *([["eval", "--raw", "--no-write-lock-file", "path:.#default.outPath"]] * (made != JSON)),
        [*build, "--out-link", stage, "path:.#default"],
        ["build", "--no-link", "--profile", str(environment.link), store_path],
    ]
