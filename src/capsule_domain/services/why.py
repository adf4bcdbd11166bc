"""Why: which stack, profile or flag sets an option of a configuration."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from capsule_domain.errors import ConfigurationError, NotFound
from capsule_domain.models.option import OptionRow
from capsule_domain.models.option_path import join_option
from capsule_domain.models.setting import Kind, Setting, Value
from capsule_domain.ports.configurations import Configurations
from capsule_domain.ports.module_reader import ModuleReader
from capsule_domain.ports.settings import Choices
from capsule_domain.services.assign import DEFAULT
from capsule_domain.services.find_systems import CONFIGURATION, named_hosts
from capsule_domain.services.option_values import option_path

HARDWARE = "hardware-configuration.nix"

_BY_HAND = "written by hand"
_HARDWARE = "the machine itself"
_MODULE = re.compile(r"(?:.*/)?modules/(?P<stack>[a-z0-9-]+)\.nix")
# The end of an assignment of ours: two spaces in, a semicolon, and what it is there for.
_END = re.compile(r"  \S.*;(?:\s+# (?P<origin>.*))?")


@dataclass(frozen=True)
class Why:
    """Reads what the files of a configuration set now, edits included; needs no Nix."""

    reader: ModuleReader
    configurations: Configurations
    choices: Choices

    def run(
        self, option: str, *, hostname: str | None = None, config: str | None = None
    ) -> Sequence[OptionRow]:
        """Every place that sets `option`, something inside of it, or what it is inside of.

        `config` is a folder or a file, or else that of `hostname`, or what was generated
        last. Sorted by option, file and line. Raises UsageError for what is no path,
        NotFound and ConfigurationError where there is no such configuration.
        """
        path = option_path(option)
        start = self._start(hostname, config)
        reading = self.reader.read([start])
        found = [one for one in reading.settings if _concerns(one.path, path)]
        texts = {file: self._lines(file) for file in {one.file for one in reading.settings}}
        because = _because(reading.settings, texts)
        edited = self._edited(start.parent)
        rows = [_row(one, start.parent, texts[one.file], because, edited) for one in found]
        return sorted(rows, key=lambda row: (row.option, row.file, row.line))

    def _start(self, hostname: str | None, config: str | None) -> PurePath:
        place = config or self._last(hostname)
        files = {PurePath(file): None for file in self.configurations.nix_files(place)}
        if PurePath(place) in files:
            return PurePath(place)
        own = [f for f in files if f.name == CONFIGURATION and _is_host(f, place, hostname)]
        if not own:
            raise NotFound("configuration.nix", place, hint="capsule nixos generate")
        if len(own) > 1:
            names = named_hosts(file.parent.name for file in own)
            raise ConfigurationError(f"{place} has several hosts: {names}", hint="--hostname NAME")
        return own[0]

    def _last(self, hostname: str | None) -> str:
        last = self.choices.settings().last_configuration
        if hostname is not None:
            fleet = str(self.configurations.fleet_folder())
            is_of_fleet = hostname in self.configurations.state_versions(PurePath(last or fleet))
            return str(last or fleet) if is_of_fleet else str(self.configurations.folder(hostname))
        if last is None:
            raise ConfigurationError(
                "no configuration was generated yet", hint="capsule nixos generate"
            )
        return last

    def _lines(self, file: str) -> Sequence[str]:
        return self.configurations.text(file).splitlines()

    def _edited(self, folder: PurePath) -> frozenset[str]:
        """The absolute paths of Capsule's files there that a person changed."""
        roots = (folder, folder.parent.parent)  # alone, or below hosts/ of a fleet
        return frozenset(
            str(root / path) for root in roots for path in self.configurations.edited(root)
        )


def _is_host(file: PurePath, place: str, hostname: str | None) -> bool:
    below = file.relative_to(place).parts
    if len(below) == 1:
        return True
    return below[0] == "hosts" and len(below) == 3 and hostname in (None, below[1])


def _concerns(one: Sequence[str | None], asked: Sequence[str]) -> bool:
    """Whether either holds the other; a name that is computed may be any."""
    pairs = zip(one, asked, strict=False)
    return all(mine in (None, theirs) for mine, theirs in pairs)


def _because(settings: Iterable[Setting], texts: dict[str, Sequence[str]]) -> dict[str, str]:
    """Why each stack is there, as its line `capsule.<stack>.enable` says."""
    found: dict[str, str] = {}
    for one in settings:
        match one.path:
            case ("capsule", str(stack), "enable"):
                said = _said(texts[one.file], one.line)
                if said and said.startswith(f"stack {stack}"):
                    found[stack] = said
    return found


def _row(
    one: Setting,
    folder: PurePath,
    lines: Sequence[str],
    because: dict[str, str],
    edited: frozenset[str],
) -> OptionRow:
    file = PurePath(one.file)
    shown = str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)
    return OptionRow(
        option=join_option(one.path),
        value=_value(one.value),
        file=shown,
        line=one.line,
        origin=_origin(one, lines, because, edited),
    )


def _origin(
    one: Setting, lines: Sequence[str], because: dict[str, str], edited: frozenset[str]
) -> str:
    module = _MODULE.fullmatch(PurePath(one.file).as_posix())
    if module is not None:
        stack = module["stack"]
        return because.get(stack, f"stack {stack}")
    said = _said(lines, one.line)
    if said:
        return said
    name = PurePath(one.file).name
    if name == HARDWARE:
        return _HARDWARE
    return f"{_BY_HAND}, or {DEFAULT}" if one.file in edited else DEFAULT


def _said(lines: Sequence[str], line: int) -> str | None:
    """What stands behind the assignment that the line is part of."""
    for text in lines[line - 1 :]:
        if (match := _END.fullmatch(text)) is not None:
            return match["origin"]
        if text == "}":
            break
    return None


def _value(value: Value) -> str:
    """A short form for people; what is computed is not guessed."""
    match value.kind:
        case Kind.NULL:
            return "null"
        case Kind.BOOLEAN:
            return "true" if value.said else "false"
        case Kind.TEXT if value.said is not None:
            return json.dumps(value.said, ensure_ascii=False)
        case Kind.LIST:
            return f"[ {' '.join(map(_value, value.items))} ]" if value.items else "[ ]"
    return str(value.said) if value.said is not None else f"({value.kind.value})"
