"""What people call packages: checked by its form, and in one spelling."""

from collections.abc import Iterable

from pydantic import TypeAdapter, ValidationError

from capsule_domain.errors import UsageError
from capsule_domain.models.package import Package
from capsule_domain.models.stack import AttributePath, PackageName

PYTHON_SET = "python3Packages."
PYTHON = "python3"

_ALSO_PYTHON = "python3.pkgs."
_LONGEST = 200
_PATHS: TypeAdapter[str] = TypeAdapter(AttributePath)
_NAMES: TypeAdapter[str] = TypeAdapter(PackageName)


def attribute_paths(texts: Iterable[str]) -> list[str]:
    """Each once. Raises UsageError for what has not the form of a nixpkgs attribute path."""
    return list(dict.fromkeys(map(_path, texts)))


def _path(text: str) -> str:
    try:
        if len(text) <= _LONGEST:
            return _PATHS.validate_python(text)
    except ValidationError:
        pass
    shown = repr(text) if len(text) <= 60 else f"{text[:57]!r}…"
    raise UsageError(
        f"{shown} is not a nixpkgs attribute path, such as ripgrep or python3Packages.numpy",
        hint="capsule pkg search TEXT",
    )


def spelled(name: str) -> str:
    """One spelling for `python3.pkgs.numpy` and `python3Packages.numpy`."""
    if name.startswith(_ALSO_PYTHON):
        return PYTHON_SET + name.removeprefix(_ALSO_PYTHON)
    return name


def without_twins(names: Iterable[str]) -> list[str]:
    """`names`, each package once, however it is spelled."""
    return list({spelled(name): name for name in names}.values())


def own_name(attribute: str, found: Package | None) -> str:
    """What a package calls itself, which is how its licence is allowed.

    Without an index it is most likely the last part of its attribute. Raises UsageError
    where that is no such name.
    """
    name = found.name if found and found.name else attribute.rpartition(".")[2]
    try:
        return _NAMES.validate_python(name)
    except ValidationError as error:
        raise UsageError(
            f"the licence of {attribute} cannot be allowed by the name {name!r}",
            hint="write its own name under `unfree`: capsule edit",
        ) from error
