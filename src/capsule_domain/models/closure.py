"""What is in one system and not in another."""

from pydantic import Field

from capsule_domain.models.base import Model


class PackageChange(Model):
    """A package of two closures. `before` and `after` are versions; none: it is not there."""

    name: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    size_bytes: int = 0
    """How much more it takes; negative when less."""


class ClosureDifference(Model):
    """Two closures, `before` and `after` (store paths)."""

    before: str
    after: str
    changes: tuple[PackageChange, ...] = ()
    added_paths: int = Field(default=0, ge=0)
    removed_paths: int = Field(default=0, ge=0)
    size_bytes: int = 0
    """Of the whole closure, more or less."""
    kernel: tuple[str, str] | None = None
    """The kernels, when they differ."""
    postgresql: tuple[int, int] | None = None
    """The databases' major versions, when they differ."""

    @property
    def is_empty(self) -> bool:
        """Whether both are the same system."""
        return self.before == self.after
