"""Refuse options that the chosen release does not have."""

from capsule_domain.errors import UsageError
from capsule_domain.models.nixos import NixosRequest
from capsule_domain.models.option_path import join_option
from capsule_domain.models.release import absent


def refuse_absent(request: NixosRequest) -> None:
    """Raises UsageError for an option set by hand that `request.release` has not (or no more)."""
    for setting in request.settings:
        option = join_option(setting.option)
        change = absent(option, request.release)
        if change is None:
            continue
        came = change.since is not None and request.release < change.since
        when = f"it came with {change.since}" if came else f"it is gone since {change.until}"
        raise UsageError(
            f"--set {option}: NixOS {request.release} does not have it: {when}",
            hint=f"set {change.instead}" if change.instead else "capsule nixos generate --help",
        )
