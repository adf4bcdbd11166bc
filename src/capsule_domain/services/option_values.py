"""`--set PATH=VALUE`: from what a person typed to an option and its value."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import NoReturn

from pydantic import JsonValue, ValidationError

from capsule_domain.errors import UsageError
from capsule_domain.models.option import OptionPath, OptionSetting, overlap
from capsule_domain.models.option_path import join_option
from capsule_domain.services.nix_value import nix_value

_HINT = "--set services.openssh.settings.MaxAuthTries=3"
_NAME = re.compile(r'[A-Za-z_][A-Za-z0-9_\'-]*|"((?:[^"\\$]|\$(?!\{)|\\["\\$])*)"', re.ASCII)


def option_settings(texts: Iterable[str]) -> Sequence[OptionSetting]:
    """Each `PATH=VALUE`, in order. Raises UsageError, also for one option set twice."""
    found: list[OptionSetting] = []
    for text in texts:
        setting = option_setting(text)
        for earlier in found:
            if overlap(earlier.option, setting.option):
                both = f"{join_option(earlier.option)} and {join_option(setting.option)}"
                raise UsageError(f"--set: {both} set the same option", hint="name each option once")
        found.append(setting)
    return found


def option_setting(text: str) -> OptionSetting:
    """`PATH=VALUE`. A value is JSON, or what Nix writes so; other plain text is a text."""
    path, rest = _path(text)
    if not path:
        _refuse(text, "that is no path of an option")
    if not rest.startswith("="):
        _refuse(text, "there is no = behind the option")
    try:
        return OptionSetting(option=path, value=option_value(rest[1:]))
    except ValidationError as error:
        raise UsageError(
            f"--set: {text[:60]!a} names no option: a name is one line of 256 characters at most",
            hint=_HINT,
        ) from error


def option_path(text: str) -> OptionPath:
    """The whole of `text` as an option's path. Raises UsageError."""
    path, rest = _path(text)
    if not path or rest:
        raise UsageError(
            f"{text[:60]!a} is no path of an option", hint="capsule nixos why services.openssh"
        )
    return path


def option_value(text: str) -> JsonValue:
    """A value. Raises UsageError for what begins like a value of Nix and is none."""
    text = text.strip()
    try:
        value: JsonValue = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        pass
    else:
        return value
    if text[:1] not in ('"', "[", "{", "'"):
        return _plain(text)
    try:
        return nix_value(text)
    except ValueError as error:
        raise UsageError(f"--set: {text[:60]!a}: {error}", hint=_HINT) from error


def _path(text: str) -> tuple[OptionPath, str]:
    """The names at the beginning of `text`, and what stands behind them; () for no path."""
    names: list[str] = []
    place = 0
    while match := _NAME.match(text, place):
        quoted = match[1]
        names.append(match[0] if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        place = match.end()
        if text[place : place + 1] != ".":
            return tuple(names), text[place:].lstrip()
        place += 1
    return (), text


def _plain(text: str) -> str:
    """A text without quotes; not what a person may have meant as an expression of Nix."""
    if not text:
        raise UsageError("--set: there is no value behind the =", hint='an empty text is ""')
    if "${" in text or text.startswith(("(", "let ", "with ", "if ", "pkgs.", "lib.")):
        raise UsageError(
            f"--set takes values, not expressions: {text[:60]!a}",
            hint="an expression goes into configuration.nix; a text goes into double quotes",
        )
    return text


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def _refuse(text: str, why: str) -> NoReturn:
    raise UsageError(f"--set: {text[:60]!a}: {why}", hint=_HINT)
