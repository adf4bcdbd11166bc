"""Why a machine could not be reached, told apart and in one line."""

from pathlib import Path

import asyncssh

from capsule_adapters.ssh.session import OUTPUT_LIMIT_BYTES, TooMuchOutput
from capsule_domain.errors import CapsuleError, CommandFailed, HostError, HostKeyChanged
from capsule_domain.errors import HostUnreachable as Unreachable
from capsule_domain.ports.host import Target

EXPECTED = (
    asyncssh.Error,
    asyncssh.ConfigParseError,
    asyncssh.KeyImportError,
    CapsuleError,
    TooMuchOutput,
    OSError,  # TimeoutError is one
)
"""What talking to a machine may raise. Anything else is a bug."""


def place(target: Target) -> str:
    """The machine as messages name it: `xnode-id (203.0.113.9)`."""
    port = "" if target.port == 22 else f":{target.port}"
    return f"{target.key_alias} ({target.address}{port})"


def no_key_known(target: Target, known_hosts: Path) -> HostKeyChanged:
    """Nothing to verify the machine against: it is not even called."""
    return HostKeyChanged(
        f"no host key is known for {place(target)}",
        hint=f"the key belongs into {known_hosts}, under the name {target.key_alias}",
    )


def refused(target: Target, error: BaseException, known_hosts: Path) -> HostError:
    """What a failure of connecting means."""
    if isinstance(error, HostError):
        return error
    if isinstance(error, asyncssh.HostKeyNotVerifiable) or _other_key_type(error):
        return HostKeyChanged(
            f"the host key of {place(target)} is not the one we know",
            hint=f"someone may stand between; if you changed it, pin the new one in {known_hosts}",
        )
    if isinstance(error, asyncssh.PermissionDenied):
        key = target.private_key or "of the ssh agent and ~/.ssh"
        return Unreachable(
            f"{place(target)} does not let {target.user} in with the key {key}",
            hint=f"ssh -v -p {target.port} {target.user}@{target.address}",
        )
    if isinstance(error, CapsuleError):
        return Unreachable(f"cannot log in to {place(target)}: {error.message}", hint=error.hint)
    return Unreachable(
        f"cannot reach {place(target)}: {_cause(error)}",
        hint=f"nc -vz {target.address} {target.port}",
    )


def broken(target: Target, error: BaseException, timeout_seconds: float) -> HostError:
    """What a failure while a command ran means."""
    if isinstance(error, TooMuchOutput):
        limit = OUTPUT_LIMIT_BYTES // 1024 // 1024
        return CommandFailed(
            f"a command on {place(target)} wrote more than {limit} MiB and was ended",
            hint="let it write to a file on the machine",
        )
    if isinstance(error, TimeoutError):
        return Unreachable(f"a command on {place(target)} did not end within {timeout_seconds:g} s")
    return Unreachable(f"lost the connection to {place(target)}: {_cause(error)}")


def _other_key_type(error: BaseException) -> bool:
    """Only key types that we trust are offered; a machine with another key has none of them."""
    return isinstance(error, asyncssh.KeyExchangeFailed) and "host key" in str(error).lower()


def _cause(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    line = " ".join(reason.split()) or type(error).__name__
    return line[0].lower() + line[1:200]
