"""Verdicts: what stands against installing a package, from what nixpkgs says of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from capsule_domain.errors import NotFound
from capsule_domain.models.finding import Finding, Severity
from capsule_domain.models.forecast import PackageFacts
from capsule_domain.ports.package_index import PackageIndex


def judged(
    facts: Mapping[str, PackageFacts], unfree: Iterable[str], index: PackageIndex | None = None
) -> Iterator[Finding]:
    """What stands against installing the packages, by their names."""
    allowed = set(unfree)
    for package, fact in sorted(facts.items()):
        if not fact.found:
            near = index.near(package) if index and index.about() else ()
            missing = NotFound("package", package, known=near)
            yield error_found("missing", missing.message, hint=_search(package))
        elif not fact.evaluates:
            message = f"{package} cannot be evaluated: nixpkgs removed or renamed it"
            yield error_found("removed", message, hint=_search(package))
        else:
            yield from _of_one(package, fact, allowed)


def _of_one(package: str, fact: PackageFacts, allowed: set[str]) -> Iterator[Finding]:
    own = fact.name or package.rpartition(".")[2]
    other = f"capsule pkg remove {package}, or another nixpkgs: capsule setup --update"
    if fact.broken:
        yield error_found("broken", f"{package} is marked as broken in nixpkgs", hint=other)
    if fact.insecure:
        yield error_found("insecure", f"{package} has known vulnerabilities", hint=other)
    if fact.unfree and own not in allowed:
        message = f"{package} is not free, and {own} is not among the allowed names"
        hint = f"add {own} to `unfree` of the profile: capsule edit"
        yield error_found("unfree", message, hint=hint)
    if not fact.available:
        yield Finding(
            rule="platform",
            severity=Severity.WARNING,
            message=f"{package} is not for this machine's platform and is left out",
        )


def error_found(rule: str, message: str, *, hint: str | None) -> Finding:
    """A finding that stands in the way."""
    return Finding(rule=rule, severity=Severity.ERROR, message=message, hint=hint)


def errors_of(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Those that stand in the way."""
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def _search(package: str) -> str:
    return f"capsule pkg search {package.rpartition('.')[2]}"
