"""What evaluating systems showed, as findings with a place and a remedy."""

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from capsule_domain.models.finding import Finding, Severity
from capsule_domain.models.option_path import join_option
from capsule_domain.models.setting import Reading
from capsule_domain.models.systems import Fault, SystemReport, SystemsReport

HARDWARE = "hardware-configuration.nix"
_NAMED_HOSTS = 3
_PLACEHOLDER = "is a placeholder"
_VALUES = " Definition values:"
_REMEDIES = (
    ("infinite recursion", "an option is decided by its own value: look at the mkIf conditions"),
    ("does not exist", "correct the name; the options there are: man configuration.nix"),
    ("No such file", "write the file, or take it out of `imports`"),
    ("is not of type", "correct the value"),
    ("conflicting definition", "keep one of them, or let one win by lib.mkForce"),
    ("nobody locked", "lock the inputs where there is a network: nix flake lock"),
)
_NO_REMEDY = "correct the configuration; all that Nix said is in logs/capsule.log"


def judge_systems(report: SystemsReport, reading: Reading) -> list[Finding]:
    """Findings of all hosts; what several hosts share is one finding that names them."""
    by_finding: dict[Finding, list[str]] = {}
    for system in report.systems:
        for finding in _of_one(system, reading):
            by_finding.setdefault(finding, []).append(system.host)
    if len(report.systems) + len(report.left_out) > 1:
        found = [_naming(finding, hosts) for finding, hosts in by_finding.items()]
    else:
        found = list(by_finding)
    if report.left_out:
        found.append(_left_out(report.left_out))
    return found


def told_of_systems(report: SystemsReport) -> str:
    """What was evaluated, in a few words."""
    sound = sum(system.derivation is not None for system in report.systems)
    number = len(report.systems) + len(report.left_out)
    said = f"{sound} of {number} system{'' if number == 1 else 's'} evaluated"
    if report.stubbed:
        names = ", ".join(report.stubbed)
        said += f"; without {names}: flake.nix has no lock, so its modules were not looked at"
    return said


def _of_one(system: SystemReport, reading: Reading) -> Iterator[Finding]:
    for assertion in system.assertions:
        yield _error("assertion", assertion, "change what it names")
    for warning in system.warnings:
        yield Finding(rule="warning", severity=Severity.WARNING, message=warning)
    if system.fault is not None:
        yield _of_fault(system.host, system.fault, reading)


def _of_fault(host: str, fault: Fault, reading: Reading) -> Finding:
    message = fault.message.partition(_VALUES)[0]
    if _PLACEHOLDER in message:
        reason, _, remedy = message.partition(". ")
        finding = _error("placeholder", reason, remedy or "put the machine's own in its place")
        return finding.model_copy(update={"file": _hardware(host, reading)})
    remedy = next((remedy for words, remedy in _REMEDIES if words in message), _NO_REMEDY)
    is_option = fault.option is not None and "does not exist" in message
    finding = _error("unknown-option" if is_option else "evaluation", message, remedy)
    file, line = _place(fault, reading)
    return finding.model_copy(update={"file": file, "line": line})


def _place(fault: Fault, reading: Reading) -> tuple[str | None, int | None]:
    """Where the option is set: Nix itself names the file at best."""
    if fault.line is not None or fault.option is None:
        return fault.file, fault.line
    for setting in reading.settings:
        name = f"{join_option(setting.path)}."
        if setting.file == (fault.file or setting.file) and name.startswith(f"{fault.option}."):
            return setting.file, setting.line
    return fault.file, None


def _hardware(host: str, reading: Reading) -> str | None:
    """That host's file, or the only one there is."""
    files = [file for file in reading.files if PurePath(file).name == HARDWARE]
    own = [file for file in files if PurePath(file).parent.name == host]
    return next(iter(own or files), None) if own or len(files) == 1 else None


def _naming(finding: Finding, hosts: Sequence[str]) -> Finding:
    more = len(hosts) - _NAMED_HOSTS
    names = ", ".join(hosts[:_NAMED_HOSTS]) + (f" and {more} more" if more > 0 else "")
    return finding.model_copy(update={"message": f"{names}: {finding.message}"})


def _left_out(hosts: Sequence[str]) -> Finding:
    message = f"{len(hosts)} more hosts were not evaluated, for the errors of those before them"
    hint = "correct these, and validate again"
    return Finding(rule="evaluation", severity=Severity.WARNING, message=message, hint=hint)


def _error(rule: str, message: str, hint: str) -> Finding:
    return Finding(rule=rule, severity=Severity.ERROR, message=message, hint=hint)
