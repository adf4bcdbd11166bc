"""Options that a person sets by hand, looked up in the index of options."""

from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from capsule_domain.errors import UsageError
from capsule_domain.models.finding import Severity
from capsule_domain.models.option import OptionPath, OptionSetting
from capsule_domain.models.setting import Kind, Reading, Setting, Value
from capsule_domain.ports.package_index import PackageIndex
from capsule_domain.services.check_options import check_options

_OURS = "capsule"
_KINDS = {bool: Kind.BOOLEAN, int: Kind.INTEGER, float: Kind.FLOAT, str: Kind.TEXT}


def judge_settings(settings: Sequence[OptionSetting], index: PackageIndex) -> None:
    """Where there is an index of options, each must be in it and take its value.

    Raises UsageError with the nearest option, StoreError.
    """
    about = index.about()
    if about is None or not about.options:  # one of packages alone knows of no option
        return
    asked = [one for one in settings if one.option[0] != _OURS]
    leaves = (leaf for one in asked for leaf in _leaves(one.option, one.value))
    reading = Reading(settings=tuple(leaves))
    for finding in check_options(reading, index).findings:
        if finding.severity is not Severity.INFO:
            raise UsageError(f"--set: {finding.message}", hint=finding.hint)


def _leaves(option: OptionPath, value: JsonValue) -> Iterator[Setting]:
    """A set is as many options as there are values in it."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves((*option, name), inner)
    else:
        yield Setting(path=option, value=_value(value), file="--set", line=1)


def _value(value: JsonValue) -> Value:
    match value:
        case None:
            return Value(kind=Kind.NULL)
        case list():
            return Value(kind=Kind.LIST, items=tuple(map(_value, value)))
        case dict():
            return Value(kind=Kind.SET)
    return Value(kind=_KINDS[type(value)], said=value)
