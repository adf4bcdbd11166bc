"""What kind of fault an error of a machine is."""

import errno

import asyncssh

from capsule_domain.errors import CapsuleError, CommandFailed, HostError, HostKeyChanged
from capsule_domain.models.health import Fault

LOST = (OSError, asyncssh.ConnectionLost)  # TimeoutError is an OSError
_OURS = frozenset([errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ENETUNREACH])


def fault_of(error: HostError) -> Fault:
    """Told by the error that it was raised from, where there is one."""
    cause = error.__cause__
    if isinstance(error, HostKeyChanged):
        return Fault.NO_HOST_KEY if cause is None else Fault.HOST_KEY
    if isinstance(error, CommandFailed):
        return Fault.ANSWER
    if isinstance(cause, asyncssh.PermissionDenied):
        return Fault.LOGIN
    if isinstance(cause, CapsuleError):
        return Fault.LOCAL
    if isinstance(cause, OSError) and cause.errno in _OURS:
        return Fault.LOCAL
    # Whoever breaks the connection off, or says nothing in time, may be anything.
    return Fault.UNREACHABLE if isinstance(cause, LOST) else Fault.ANSWER
