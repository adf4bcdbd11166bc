"""Stacks and what they require, as a drawing that fits a phone.

One row a stack, set in by how far it is from the profile: what is required stands below
and to the right of all that require it. A line leaves each box downwards and turns to
each box that it needs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from capsule_domain.models.profile import Environment
from capsule_domain.models.stack import ResolvedStack

_ROW_HEIGHT, _BOX_HEIGHT = 42, 30
_STEP, _TRUNK, _MARGIN = 30, 14, 4
_LETTER, _PADDING = 8.4, 24
_LETTERS, _WIDEST_INDENT = 26, 120


@dataclass(frozen=True)
class Box:
    """A stack, or the profile where `anchor` is None. Lengths are in pixels.

    `label` is the name, cut where it is too long for a phone.
    """

    name: str
    label: str
    anchor: str | None
    x: float
    y: int
    width: float
    height: int = _BOX_HEIGHT

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


@dataclass(frozen=True)
class Arrow:
    """From a box to one that it requires: down, then right. `always`: nobody chose it."""

    source: str
    target: str
    path: str
    always: bool


@dataclass(frozen=True)
class Graph:
    """The drawing. Boxes in the order of their rows."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def graph(environment: Environment) -> Graph:
    """Lay out the stacks of an environment below its profile."""
    profile = f"profile {environment.profile.name}"
    needs = _needs(profile, environment.stacks)
    depths = _depths(profile, needs)
    step = min(_STEP, _WIDEST_INDENT / max(*depths.values(), 1))
    boxes = {
        name: Box(
            name=name,
            label=_label(name),
            anchor=None if name == profile else f"stack-{name}",
            x=_MARGIN + depths[name] * step,
            y=_MARGIN + row * _ROW_HEIGHT,
            width=len(_label(name)) * _LETTER + _PADDING,
        )
        for row, name in enumerate(_rows(profile, needs))
    }
    always = {entry.stack.name for entry in environment.stacks if "always" in entry.because}
    arrows = [
        _arrow(boxes[source], boxes[target], min(_TRUNK, step / 2), always=always)
        for source, targets in needs.items()
        for target in targets
    ]
    return Graph(
        width=round(max(box.x + box.width for box in boxes.values())) + _MARGIN,
        height=len(boxes) * _ROW_HEIGHT + _MARGIN,
        boxes=tuple(boxes.values()),
        arrows=tuple(arrows),
    )


def _label(name: str) -> str:
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"


def _needs(profile: str, stacks: Sequence[ResolvedStack]) -> dict[str, list[str]]:
    """What each box points to, sorted; the profile to all that nothing else brings."""
    there = {entry.stack.name: entry for entry in stacks}
    direct = [name for name, entry in there.items() if not there.keys() & set(entry.because)]
    chosen = [name for name, entry in there.items() if "chosen" in entry.because]
    needs = {profile: sorted({*direct, *chosen})}
    for name, entry in there.items():
        needs[name] = sorted(set(entry.stack.requires) & there.keys())
    return needs


def _rows(profile: str, needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Each box after all that point to it, and as soon after them as can be."""
    waiting = dict.fromkeys(needs, 0)
    for targets in needs.values():
        for target in targets:
            waiting[target] += 1
    rows, ready = [], [profile]
    while ready:
        name = ready.pop()
        rows.append(name)
        for target in reversed(needs[name]):
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    return rows


def _depths(profile: str, needs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The longest way from the profile."""
    depths = {profile: 0}
    for name in _rows(profile, needs):
        for target in needs[name]:
            depths[target] = max(depths.get(target, 0), depths[name] + 1)
    return depths


def _arrow(source: Box, target: Box, trunk: float, *, always: set[str]) -> Arrow:
    x = source.x + trunk
    path = f"M{x:g} {source.y + source.height}V{target.middle:g}H{target.x - 2:g}"
    return Arrow(source.name, target.name, path, target.name in always)
