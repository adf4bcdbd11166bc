"""The options that every command takes, wherever they stand on the line."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from capsule_domain.errors import UsageError

HELP: tuple[tuple[str, str], ...] = (
    ("--json", "Print the data as JSON, and nothing else on stdout."),
    ("-y, --yes", "Answer every question with yes."),
    ("--dry-run", "Show what would be done, and do nothing."),
    ("--home DIR", "Where Capsule keeps its state [env: CAPSULE_HOME; ~/.capsule]."),
    ("--sandbox", "Use the rehearsal cloud and its own home [env: CAPSULE_SANDBOX=1]."),
    ("--no-input", "Never ask; refuse instead."),
    ("-q", "Say less."),
    ("-v, --debug", "Say more (-v), or everything (--debug)."),
)

_FLAGS = {
    "--json": "json",
    "--yes": "yes",
    "-y": "yes",
    "--dry-run": "dry_run",
    "--sandbox": "sandbox",
    "--no-input": "no_input",
    "-q": "quiet",
    "-v": "verbose",
    "--debug": "debug",
}


@dataclass(frozen=True)
class GlobalOptions:
    """What the options say, over what the environment says."""

    home: Path
    json: bool = False
    yes: bool = False
    dry_run: bool = False
    sandbox: bool = False
    no_input: bool = False
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    program: str = "capsule"
    """How to call Capsule again and mean the same home and cloud."""


@dataclass
class _Found:
    flags: dict[str, bool] = field(default_factory=dict)
    home: str | None = None
    rest: list[str] = field(default_factory=list)


def split(
    arguments: Sequence[str], environment: Mapping[str, str]
) -> tuple[GlobalOptions, list[str]]:
    """Take the global options out of `arguments`, up to `--`; the rest is the command's.

    Raises UsageError for a `--home` without its folder.
    """
    found = _Found()
    words = iter(arguments)
    for word in words:
        if word == "--":
            found.rest += [word, *words]
        elif word in _FLAGS:
            found.flags[_FLAGS[word]] = True
        elif word == "--home":
            found.home = next(words, "")
        elif word.startswith("--home="):
            found.home = word.removeprefix("--home=")
        else:
            found.rest.append(word)
    if found.home is not None and (not found.home or found.home.startswith("-")):
        raise UsageError("--home needs a folder", hint="--home ~/.capsule")
    sandbox = environment.get("CAPSULE_SANDBOX", "") not in ("", "0")
    home = found.home or environment.get("CAPSULE_HOME") or "~/.capsule"
    flags = {"sandbox": sandbox, **found.flags}
    return GlobalOptions(home=_absolute(home), program=_program(found), **flags), found.rest


def _program(found: _Found) -> str:
    """What was said by flags must be said again; what the environment says stays said."""
    home = ["--home", found.home] if found.home else []
    sandbox = ["--sandbox"] if "sandbox" in found.flags else []
    return shlex.join(["capsule", *home, *sandbox])


def _absolute(home: str) -> Path:
    try:
        return Path(home).expanduser().absolute()
    except RuntimeError as error:
        raise UsageError(
            "the home folder of this user is not known", hint="capsule --home DIR"
        ) from error


def again(hint: str, program: str) -> str:
    """`hint` with every `capsule …` in it as this person has to call it."""
    rehearsed = f"{program.removesuffix(' --sandbox')} --sandbox"
    return re.sub(
        r"(?<![\w/-])capsule (--sandbox )?(?=[a-z…])",
        lambda found: f"{rehearsed if found[1] else program} ",
        hint,
    )
