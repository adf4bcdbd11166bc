"""How the rehearsal AWS behaves; tests change it as they go."""

from dataclasses import dataclass, field

from capsule_adapters.sandbox.aws.stock import REGIONS


@dataclass
class Temper:
    """Change it at any time. Times are seconds."""

    regions: tuple[str, ...] = tuple(REGIONS)
    boot_seconds: float = 2.0
    switch_seconds: float = 2.0
    end_seconds: float = 2.0
    """From shutting-down to terminated."""
    settling_seconds: float = 0.0
    """For how long lists miss a new instance."""
    unknown_seconds: float = 0.0
    """For how long a new instance's id, and a new key or group, is not known everywhere."""
    most_per_page: int = 1000
    instance_limit: int | None = None
    vcpu_limit: int = 1152
    full: set[tuple[str, str]] = field(default_factory=set)
    """Types that have no capacity in a zone."""
    forbidden: set[str] = field(default_factory=set)
    """Operations, such as `pricing:GetProducts`, that the key has no right to."""
    denied_regions: set[str] = field(default_factory=set)
    """Regions that the organisation forbids."""
    new_address_on_start: bool = False
    """As AWS does; machines that are there keep the one they have."""
    skew_seconds: float = 0.0
    """How far AWS's clock is from this machine's."""
