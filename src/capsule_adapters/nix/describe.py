"""A configuration asked what it says of its machine: here, or on the machine itself."""

import json
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.resources import files
from typing import Any

from capsule_adapters.nix.complaint import failure
from capsule_adapters.nix.description import read_description
from capsule_adapters.nix.evaluation import FEATURES
from capsule_adapters.nix.faults import read_fault
from capsule_adapters.nix.process import NixProcess
from capsule_adapters.nix.pulse import Pulse, hearing
from capsule_adapters.nix.request import asking
from capsule_adapters.nix.systems import NO_STORE, as_on_disk, folders_of
from capsule_domain.errors import ConfigurationError, NixFailed, NotFound
from capsule_domain.models.evaluated_system import EvaluatedSystem, SshServer
from capsule_domain.models.systems import SystemsSource
from capsule_domain.ports.host import Host
from capsule_domain.ports.nix_systems import Progress

EXPRESSIONS = ("systems.nix", "describe.nix")
"""What has to lie side by side to be asked."""

_DOING = "cannot evaluate the system"
_SECONDS = 1800.0
_KEPT_LINES = 50_000
_ANSWER = '{"described":'
_PLACEHOLDER = "hardware-configuration.nix is a placeholder"
_HINT = "capsule nixos validate"
# What is asked has to be evaluated as it is: nothing of it becomes a derivation in a store.
_MODE = "--readonly-mode"


def describe(
    nix: NixProcess, source: SystemsSource, host: str, *, nixpkgs: str | None, progress: Progress
) -> EvaluatedSystem:
    """One host of `source`, in one start of this machine's Nix; nothing is built.

    `nixpkgs` is a folder; None for a flake that is locked. A placeholder in the hardware's
    stead is told by `placeholder_hardware`, and nothing else is then known. Raises NotFound for
    an unknown host, ConfigurationError for a configuration that does not hold, ToolMissing,
    HostUnreachable, StoreError, NixFailed.
    """
    # What a lock names has to be fetched into a store; a folder can be read without one.
    without = replace(nix, environment={**nix.environment, **NO_STORE})
    process, mode = (nix, ()) if source.locked else (without, (_MODE,))
    with asking(source, nixpkgs, host=host) as expression:
        words = ["nix-instantiate", *FEATURES, *mode, "--eval", "--strict", "--json"]
        said = process.run(
            [*words, "--show-trace", "-A", "describe", *expression],
            doing=_DOING,
            pulse=Pulse(progress),
            kept_lines=_KEPT_LINES,
            timeout_seconds=_SECONDS,
            check=False,
        )
    return described(said.exit_code, said.stdout, said.lines, source, host)


def describe_there(
    machine: Host, source: SystemsSource, host: str, *, room: str, progress: Progress
) -> EvaluatedSystem:
    """The same by the Nix of a machine that has the configuration.

    `room` is a folder there with `EXPRESSIONS` and the request.json that they are asked by, and
    the paths of `source` are that machine's. Raises as `describe`, and HostError.
    """
    mode = () if source.locked else (_MODE,)
    words = shlex.join([f"{room}/request.json", f"{room}/{EXPRESSIONS[0]}", *mode])
    done = machine.run(
        f"sh -s -- {words}",
        stdin=(files("capsule_adapters.nix") / "describe.sh").read_text("utf-8"),
        timeout_seconds=_SECONDS,
        heard=hearing(Pulse(progress)),
    )
    return described(done.exit_code, done.stdout, done.stderr.splitlines(), source, host)


def described(
    exit_code: int, output: str, lines: Sequence[str], source: SystemsSource, host: str
) -> EvaluatedSystem:
    """What Nix answered, or why it did not. Raises as `describe`."""
    if exit_code != 0:
        if any(_PLACEHOLDER in line for line in lines):
            return _without_hardware(host)
        raise _fault(exit_code, lines, source)
    answer = _answer(output)
    if answer["described"] is None:
        raise NotFound("host", host, known=answer["hosts"], hint=_HINT)
    failed = answer["described"]["failed"]
    if failed:
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        raise ConfigurationError(f"{host}: {' '.join(failed[0].split())[:300]}{more}", hint=_HINT)
    with suppress(KeyError, TypeError, ValueError):  # pydantic's ValidationError is the last
        return read_description(answer["described"])
    raise NixFailed(f"{host}: nix says of the system what cannot be", lines=lines)


def _answer(output: str) -> Mapping[str, Any]:
    """The one line that is ours, whatever a shell's greeting says before it."""
    for line in reversed(output.splitlines()):
        if line.startswith(_ANSWER):
            with suppress(ValueError):
                found: Mapping[str, Any] = json.loads(line)
                if isinstance(found.get("hosts"), list):
                    return found
    raise NixFailed("nix ended well, and did not say what the system is")


def _fault(exit_code: int, lines: Sequence[str], source: SystemsSource) -> Exception:
    error = failure(_DOING, exit_code, lines)
    if not isinstance(error, NixFailed):
        return error
    fault = read_fault(as_on_disk(lines, source), folders_of(source))
    return ConfigurationError(fault.message, file=fault.file, line=fault.line, hint=_HINT)


def _without_hardware(host: str) -> EvaluatedSystem:
    return EvaluatedSystem(
        host=host,
        hostname=host,
        system="",
        release="",
        state_version="",
        ssh=SshServer(enabled=False),
        firewall_enabled=True,
        placeholder_hardware=True,
    )
