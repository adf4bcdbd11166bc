"""What tells two profiles apart."""

from capsule_domain.models.base import Model


class Difference(Model):
    """What the second has and the first has not (`added`), and the other way about."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class ProfileDiff(Model):
    """Two profiles, each resolved, side by side: from `old` to `new`."""

    old: str
    new: str
    stacks: Difference
    packages: Difference
    python_packages: Difference
    services: Difference
    ports: Difference
    unfree: Difference
