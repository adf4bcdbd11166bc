"""Why a machine could not be reached, told apart and in one line."""

from pathlib import Path

import asyncssh

from capsule_adapters.ssh.session import OUTPUT_LIMIT_BYTES, TooMuchOutput
from capsule_domain.errors import CapsuleError, CommandFailed, HostError, HostKeyChanged
from capsule_domain.errors import HostUnreachable as Unreachable
from capsule_domain.ports.host import Destination, Target

NOT_OURS = (
    asyncssh.Error,
    asyncssh.ConfigParseError,
    asyncssh.KeyImportError,
    OSError,  # TimeoutError is one
)
"""What asyncssh and the network raise."""

EXPECTED = (*NOT_OURS, CapsuleError, TooMuchOutput)
"""What talking to a machine may raise. Anything else is a bug."""


def no_key_known(target: Target, known_hosts: Path) -> HostKeyChanged:
    """Nothing to verify the machine against: it is not even called."""
    return HostKeyChanged(
        f"no host key is known for {target.label}",
        hint=f"the key belongs into {known_hosts}, under the name {target.key_alias}",
    )


def never_met(destination: Destination, name: str) -> HostKeyChanged:
    """The person's own known_hosts has no key for it: it is not even called."""
    return HostKeyChanged(
        f"no host key is known for {destination.label}: known_hosts has none for {name}",
        hint=f"compare its fingerprint and accept it once: {destination.ssh_command}",
    )


def refused(target: Target | Destination, error: BaseException, known_hosts: Path) -> HostError:
    """What a failure of connecting means."""
    if isinstance(error, HostError):
        return error
    if isinstance(error, asyncssh.HostKeyNotVerifiable) or _other_key_type(error):
        if isinstance(target, Destination):
            return _not_the_persons(target, error)
        return HostKeyChanged(
            f"the host key of {target.label} is not the one we know",
            hint=f"someone may stand between; if you changed it, pin the new one in {known_hosts}",
        )
    if isinstance(error, asyncssh.PermissionDenied):
        return _not_let_in(target)
    if isinstance(error, CapsuleError):
        return Unreachable(f"cannot log in to {target.label}: {error.message}", hint=error.hint)
    trial = (
        target.ssh_command
        if isinstance(target, Destination)
        else f"nc -vz {target.address} {target.port}"
    )
    return Unreachable(f"cannot reach {target.label}: {cause(error)}", hint=trial)


def broken(target: Target | Destination, error: BaseException, timeout_seconds: float) -> HostError:
    """What a failure while a command ran means."""
    if isinstance(error, TooMuchOutput):
        limit = OUTPUT_LIMIT_BYTES // 1024 // 1024
        return CommandFailed(
            f"a command on {target.label} wrote more than {limit} MiB and was ended",
            hint="let it write to a file on the machine",
        )
    if isinstance(error, TimeoutError):
        return Unreachable(f"a command on {target.label} did not end within {timeout_seconds:g} s")
    return Unreachable(f"lost the connection to {target.label}: {cause(error)}")


def _not_let_in(target: Target | Destination) -> HostError:
    if isinstance(target, Destination):
        who, key = target.user or "you", "of the ssh agent and ~/.ssh"
    else:
        who, key = target.user, target.private_key or "of the ssh agent and ~/.ssh"
    return Unreachable(
        f"{target.label} does not let {who} in with the key {key}",
        hint=target.ssh_command.replace("ssh ", "ssh -v ", 1),
    )


def _not_the_persons(destination: Destination, error: BaseException) -> HostKeyChanged:
    """The machine's own key, or that of one on the way: the reason names which."""
    return HostKeyChanged(
        f"the host key of {destination.label} is not the one we know: {cause(error)}",
        hint="someone may stand between; only if you know why it changed: "
        f"ssh-keygen -R {_known_as(destination)}, then {destination.ssh_command}",
    )


def _known_as(destination: Destination) -> str:
    return (
        destination.host
        if destination.port in (None, 22)
        else f"'[{destination.host}]:{destination.port}'"
    )


def _other_key_type(error: BaseException) -> bool:
    """Only key types that we trust are offered; a machine with another key has none of them."""
    return isinstance(error, asyncssh.KeyExchangeFailed) and "host key" in str(error).lower()


def cause(error: BaseException) -> str:
    """What the network or asyncssh says, in one lower-case line."""
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    line = " ".join(reason.split()) or type(error).__name__
    return line[0].lower() + line[1:200]
