"""What going back to the defaults did."""

from capsule_domain.models.base import Model


class ResetDone(Model):
    """`removed` are paths inside the home; `backup` is the archive made before, if any was."""

    active_profile: str
    removed: tuple[str, ...]
    backup: str | None = None
