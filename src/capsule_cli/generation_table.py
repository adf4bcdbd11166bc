"""The generations of a machine, for a person."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.generation import Generation


def paint_generations(
    screen: "Screen", label: str, shown: Sequence["Generation"], count: int
) -> None:
    """A row for each of `shown`, out of `count`."""
    from capsule_cli.theme import status_dot

    screen.header(f"Generations of {label}")
    if not shown:
        screen.line("none that is still there")
        return
    more = _Columns(shown)
    screen.table(
        ["#", "date (UTC)", "NixOS", "kernel", "is", *more.names],
        [
            (
                status_dot(str(one.generation), active=one.current),
                f"{one.date:%Y-%m-%d %H:%M}",
                one.nixos_version or "",
                one.kernel_version or "",
                _is(one),
                *more.cells(one),
            )
            for one in shown
        ],
        whole=["#", "date (UTC)"],
    )
    if len(shown) < count:
        screen.line(f"the newest {len(shown)} of {count}", style="advice")


class _Columns:
    """Those that only some machines have something for."""

    def __init__(self, shown: Sequence["Generation"]) -> None:
        self._revision = any(one.configuration_revision for one in shown)
        self._specialisations = any(one.specialisations for one in shown)

    @property
    def names(self) -> list[str]:
        names = ["revision"] if self._revision else []
        return [*names, *(["specialisations"] if self._specialisations else [])]

    def cells(self, one: "Generation") -> list[str]:
        cells = [(one.configuration_revision or "")[:12]] if self._revision else []
        return [*cells, *([", ".join(one.specialisations)] if self._specialisations else [])]


def _is(one: "Generation") -> str:
    words = {"profile": one.current, "running": one.running, "booted": one.booted}
    return " ".join(word for word, holds in words.items() if holds)
