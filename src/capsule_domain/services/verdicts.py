"""Verdicts: what stands against installing a package, from what nixpkgs says of it."""

from collections.abc import Iterator, Mapping, Sequence

from capsule_domain.errors import NotFound
from capsule_domain.models.finding import Finding, Severity
from capsule_domain.models.forecast import PackageFacts
from capsule_domain.models.profile import Environment
from capsule_domain.ports.package_index import PackageIndex

Facts = Mapping[str, PackageFacts]
"""By attribute path, those of Python with their `python3Packages.`."""


def judged(
    facts: Facts, environment: Environment, index: PackageIndex | None = None
) -> Iterator[Finding]:
    """What stands against installing the packages, by their names."""
    for package, fact in sorted(facts.items()):
        if is_elsewhere(package, fact, environment):
            message = f"{left_out(facts, environment)[package]}, and is left out"
            yield Finding(rule="platform", severity=Severity.WARNING, message=message)
        elif not fact.found:
            near = index.near(package) if index and index.about() else ()
            missing = NotFound("package", package, known=near)
            yield error_found("missing", missing.message, hint=_search(package))
        elif not fact.evaluates:
            message = f"{package} cannot be evaluated: nixpkgs removed or renamed it"
            yield error_found("removed", message, hint=_search(package))
        else:
            yield from _of_one(package, fact, environment)


def _of_one(package: str, fact: PackageFacts, environment: Environment) -> Iterator[Finding]:
    own = fact.name or package.rpartition(".")[2]
    other = f"capsule pkg remove {package}, or another nixpkgs: capsule setup --update"
    if fact.broken:
        message = f"{package} is marked as broken in nixpkgs, and is left out"
        yield error_found("broken", message, hint=other)
    if fact.insecure:
        yield error_found("insecure", f"{package} has known vulnerabilities", hint=other)
    if fact.unfree and own not in environment.unfree:
        message = f"{package} is not free, and {own} is not among the allowed names"
        hint = f"add {own} to `unfree` of the profile: capsule edit"
        yield error_found("unfree", message, hint=hint)


def left_out(facts: Facts, environment: Environment) -> Mapping[str, str]:
    """The packages that the flake leaves out on this platform, each with the reason."""
    reasons = {}
    for package, fact in sorted(facts.items()):
        if is_elsewhere(package, fact, environment):
            reasons[package] = f"{package} is not for {fact.system or 'this platform'}"
        elif fact.broken:
            reasons[package] = f"{package} is marked as broken in nixpkgs"
    return reasons


def is_elsewhere(package: str, fact: PackageFacts, environment: Environment) -> bool:
    """Whether it is for other platforms, by nixpkgs' word or by that of the stack."""
    platforms = environment.limited.get(package)
    return not fact.available or (platforms is not None and fact.system not in platforms)


def error_found(rule: str, message: str, *, hint: str | None) -> Finding:
    """A finding that stands in the way."""
    return Finding(rule=rule, severity=Severity.ERROR, message=message, hint=hint)


def errors_of(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Those that stand in the way."""
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def _search(package: str) -> str:
    return f"capsule pkg search {package.rpartition('.')[2]}"
