"""Whether the options that a configuration sets exist, and take what they are given."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from capsule_domain.errors import NotFound
from capsule_domain.models.finding import Finding, Severity
from capsule_domain.models.option_path import join_option
from capsule_domain.models.package import NixosOption
from capsule_domain.models.setting import Foreign, Kind, Reading, Setting
from capsule_domain.ports.package_index import PackageIndex
from capsule_domain.services.option_tree import Match, OptionTree, Path
from capsule_domain.services.option_types import fits, inside

_ROOTS_OF = {
    "home-manager": "home-manager",
    "sops": "sops",
    "agenix": "age",
    "disko": "disko",
}
"""Modules from elsewhere that are known, by a word of their name: all that they declare is
below one first name."""

_REMOVED = "look it up in the release notes: NixOS says there what took its place"
_LONGEST_SAID = 40


@dataclass
class Judged:
    """The findings, and of the settings: how many were judged, how many could not be."""

    findings: list[Finding] = field(default_factory=list)
    judged: int = 0
    unjudged: int = 0


def check_options(reading: Reading, index: PackageIndex) -> Judged:
    """Judge each setting once. What cannot be told without evaluating is counted.

    Raises ConfigurationError when there is no index, StoreError.
    """
    return _Judge(reading, index).run()


class _Judge:
    def __init__(self, reading: Reading, index: PackageIndex) -> None:
        self._reading = reading
        self._tree = OptionTree(index, reading.declared)
        known = [(foreign, _root_of(foreign)) for foreign in reading.foreign]
        self._foreign_roots = {root for _, root in known if root is not None}
        self._unknown = next((foreign for foreign, root in known if root is None), None)

    def run(self) -> Judged:
        result = Judged(findings=list(self._reading.findings), unjudged=self._reading.computed)
        for setting in self._reading.settings:
            findings = self._one(setting)
            if findings is None:
                result.unjudged += 1
            else:
                result.judged += 1
                result.findings += findings
        return result

    def _one(self, setting: Setting) -> list[Finding] | None:
        """What is wrong with a setting; None when nobody can tell."""
        path = setting.path
        if path[0] is None or path[0] in self._foreign_roots:
            return None
        match = self._tree.find(path)
        if match.known == len(path):
            return self._known(setting, match)
        return self._below(setting, match)

    def _known(self, setting: Setting, match: Match) -> list[Finding] | None:
        option = match.option
        if option is not None:
            words = inside(option.kind, len(setting.path) - match.option_depth)
            if words is not None:
                return self._typed(setting, option, words)
        if setting.value.kind in (Kind.SET, Kind.COMPUTED, Kind.FUNCTION):
            return [] if setting.value.kind is Kind.SET else None
        name = join_option(setting.path)
        message = f"{name} holds options, and cannot be set to {_said(setting)}"
        return [_error("option-type", message, setting, f"name one of them: {name}.…")]

    def _below(self, setting: Setting, match: Match) -> list[Finding] | None:
        """A path that goes on where the options that are known end."""
        option, path = match.option, setting.path
        if option is not None and option.removed:
            return [_removed(option, setting)]
        if option is not None:
            words = inside(option.kind, len(path) - match.option_depth)
            if words is not None:
                return self._typed(setting, option, words)
            node_is_open = not match.node.children and match.node.any_name is None
            if node_is_open and match.known == match.option_depth and _has_names(option.kind):
                return None  # its submodule is not described
        if path[match.known] is None:
            return None
        return self._unknown_option(setting, match)

    def _typed(self, setting: Setting, option: NixosOption, words: str) -> list[Finding] | None:
        found = list(_hidden(option, setting))
        if found:
            return found  # what it takes is for the option in its stead to say
        answer = fits(words, setting.value)
        if answer is False:
            name = join_option(setting.path)
            message = f"{name} takes {_shortened(words)}, and is set to {_said(setting)}"
            found.append(_error("option-type", message, setting, "correct the value"))
        return found

    def _unknown_option(self, setting: Setting, match: Match) -> list[Finding] | None:
        path, known = setting.path, match.known
        near = NotFound("option", str(path[known]), known=self._tree.beside(path[:known]))
        meant = None
        if near.suggestion is not None:
            meant = join_option((*path[:known], near.suggestion, *path[known + 1 :]))
        name = join_option(path[: known + 1])
        message = f"there is no option {name}" + (f"; did you mean {meant}?" if meant else "")
        if self._unknown is not None and (known == 0 or meant is None):
            return None  # a module from elsewhere may declare it
        finding = _error("unknown-option", message, setting, _remedy(meant, path[:known]))
        if self._unknown is None:
            return [finding]
        place = f"{self._unknown.file}:{self._unknown.line}"
        hint = f"wrong, unless {self._unknown.text} ({place}) declares it"
        return [finding.model_copy(update={"severity": Severity.WARNING, "hint": hint})]


def _hidden(option: NixosOption, setting: Setting) -> Iterator[Finding]:
    if option.removed:
        yield _removed(option, setting)
    elif option.instead is not None:
        message = f"{option.name} was renamed to {option.instead}"
        yield _warning("renamed-option", message, setting, f"set {option.instead}")
    elif option.hidden:
        message = f"{option.name} is not in the manual of NixOS: renamed, or not for setting"
        finding = _warning("hidden-option", message, setting, "look it up in the manual")
        yield finding.model_copy(update={"severity": Severity.INFO})


def _removed(option: NixosOption, setting: Setting) -> Finding:
    return _error("removed-option", f"{option.name} was removed from NixOS", setting, _REMOVED)


def _has_names(kind: str) -> bool:
    """Whether values of that type have names that the index may not tell."""
    return "submodule" in kind or "function" in kind or "attribute set" in kind


def _root_of(foreign: Foreign) -> str | None:
    return next((root for word, root in _ROOTS_OF.items() if word in foreign.text), None)


def _remedy(meant: str | None, parent: Path) -> str:
    if meant is not None:
        return f"write {meant}"
    return f"nothing is called so below {join_option(parent)}" if parent else "no such first name"


def _shortened(words: str) -> str:
    return words if len(words) <= 3 * _LONGEST_SAID else f"{words[: 3 * _LONGEST_SAID]}…"


def _said(setting: Setting) -> str:
    value = setting.value
    if value.said is None or value.kind is Kind.NULL:
        return value.kind.value
    if value.kind is Kind.BOOLEAN:
        return "true" if value.said else "false"
    text = f'"{value.said}"' if value.kind is Kind.TEXT else str(value.said)
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown if len(shown) <= _LONGEST_SAID else f"{shown[:_LONGEST_SAID]}…"


def _error(rule: str, message: str, setting: Setting, hint: str) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.ERROR,
        message=message,
        file=setting.file,
        line=setting.line,
        hint=hint,
    )


def _warning(rule: str, message: str, setting: Setting, hint: str) -> Finding:
    found = _error(rule, message, setting, hint)
    return found.model_copy(update={"severity": Severity.WARNING})
