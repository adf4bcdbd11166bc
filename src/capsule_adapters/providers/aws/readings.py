"""Reading AWS's answers into our words."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import AliasPath, ConfigDict, Field
from pydantic.alias_generators import to_pascal

from capsule_adapters.providers.aws import NAME, tags
from capsule_adapters.rest.wire import Wire
from capsule_domain.models.money import Money
from capsule_domain.models.server import Server, ServerStatus
from capsule_domain.models.template import Arch, Gpu

_MIB_PER_GIB = 1024
_STATUS = {
    "pending": ServerStatus.PENDING,
    "running": ServerStatus.RUNNING,
    "stopping": ServerStatus.RUNNING,
    "stopped": ServerStatus.STOPPED,
    # Billing ends with the first of them; the second is shown for an hour more.
    "shutting-down": ServerStatus.GONE,
    "terminated": ServerStatus.GONE,
}
RENTED_STATES = ("pending", "running", "stopping", "stopped")
"""AWS's words for what is not gone."""


class _Aws(Wire):
    model_config = ConfigDict(alias_generator=to_pascal)


class _Tag(_Aws):
    key: str
    value: str = ""


class _Attached(_Aws):
    """A disk, with the moment in which it was attached."""

    attach_time: datetime | None = Field(None, validation_alias=AliasPath("Ebs", "AttachTime"))


class _Plugged(_Aws):
    """A network card, likewise."""

    attach_time: datetime | None = Field(
        None, validation_alias=AliasPath("Attachment", "AttachTime")
    )


class Instance(_Aws):
    """A server, as AWS shows it."""

    instance_id: str
    instance_type: str
    state: str = Field(validation_alias=AliasPath("State", "Name"))
    public_ip_address: str | None = None
    launch_time: datetime | None = None
    tags: tuple[_Tag, ...] = ()
    block_device_mappings: tuple[_Attached, ...] = ()
    network_interfaces: tuple[_Plugged, ...] = ()

    def read(self, region: str, price_per_hour: Money | None) -> Server:
        """In our words. Its id is `region:id`, since AWS knows an id in its region only."""
        pairs = self.pairs
        return Server(
            provider=NAME,
            server_id=f"{region}:{self.instance_id}",
            name=tags.name_of(pairs, self.instance_id),
            status=_STATUS.get(self.state, ServerStatus.UNKNOWN),
            region=region,
            slug=self.instance_type,
            address=self.public_ip_address,
            tags=tags.tags_of(pairs),
            created_at=self.created_at,
            price_per_hour=price_per_hour,
        )

    @property
    def pairs(self) -> dict[str, str]:
        """Its tags as AWS has them."""
        return {tag.key: tag.value for tag in self.tags}

    @property
    def created_at(self) -> datetime | None:
        """AWS tells the last start only; the first disk or card came with the instance."""
        parts: Sequence[_Attached | _Plugged] = (
            *self.block_device_mappings,
            *self.network_interfaces,
        )
        moments = (self.launch_time, *(part.attach_time for part in parts))
        return min((moment for moment in moments if moment is not None), default=None)


class _GpuInfo(_Aws):
    name: str
    manufacturer: str = ""
    count: int
    memory_mib: int = Field(0, validation_alias=AliasPath("MemoryInfo", "SizeInMiB"))


class InstanceType(_Aws):
    """A size."""

    instance_type: str
    vcpus: int = Field(validation_alias=AliasPath("VCpuInfo", "DefaultVCpus"))
    memory_mib: int = Field(validation_alias=AliasPath("MemoryInfo", "SizeInMiB"))
    architectures: tuple[str, ...] = Field(
        validation_alias=AliasPath("ProcessorInfo", "SupportedArchitectures")
    )
    gpus: tuple[_GpuInfo, ...] = Field((), validation_alias=AliasPath("GpuInfo", "Gpus"))

    @property
    def arch(self) -> Arch | None:
        """None for what is neither of the two, such as a Mac."""
        if "x86_64" in self.architectures:
            return Arch.X86_64
        return Arch.AARCH64 if "arm64" in self.architectures else None

    @property
    def gpu(self) -> Gpu | None:
        """AWS gives the memory of one of them."""
        if not self.gpus or self.gpus[0].count < 1:
            return None
        first = self.gpus[0]
        model = f"{first.manufacturer} {first.name}".strip()
        return Gpu(model=model, count=first.count, memory_gib=first.memory_mib // _MIB_PER_GIB)


class _Snapshot(_Aws):
    device_name: str
    size_gib: int = Field(0, validation_alias=AliasPath("Ebs", "VolumeSize"))


class Image(_Aws):
    """What a server starts from, in one region."""

    image_id: str
    creation_date: str = ""
    root_device_name: str
    block_device_mappings: tuple[_Snapshot, ...] = ()

    @property
    def least_root_gib(self) -> int:
        """A root volume cannot be smaller than the image's."""
        sizes = (
            s.size_gib for s in self.block_device_mappings if s.device_name == self.root_device_name
        )
        return max(sizes, default=0)


class Subnet(_Aws):
    """A default subnet: one in each zone."""

    subnet_id: str
    vpc_id: str
    availability_zone: str
    map_public_ip_on_launch: bool = False


class KeyPair(_Aws):
    """An SSH key as a region keeps it."""

    key_name: str
    public_key: str = ""
    key_fingerprint: str = ""


class _Rule(_Aws):
    ip_protocol: str
    from_port: int | None = None
    to_port: int | None = None
    v4: tuple[dict[str, str], ...] = Field((), alias="IpRanges")

    @property
    def opens_ssh_to_all(self) -> bool:
        everybody = any(place.get("CidrIp") == "0.0.0.0/0" for place in self.v4)
        # -1 is every protocol, and then there are no ports.
        ports = self.ip_protocol == "-1" or (
            self.ip_protocol == "tcp" and (self.from_port or 0) <= 22 <= (self.to_port or 0)
        )
        return everybody and ports


class SecurityGroup(_Aws):
    """A firewall at AWS."""

    group_id: str
    vpc_id: str = ""
    tags: tuple[_Tag, ...] = ()
    ip_permissions: tuple[_Rule, ...] = ()

    def has(self, key: str, value: str) -> bool:
        """Whether it has that tag."""
        return any((tag.key, tag.value) == (key, value) for tag in self.tags)

    @property
    def opens_ssh(self) -> bool:
        """Whether everybody reaches port 22."""
        return any(rule.opens_ssh_to_all for rule in self.ip_permissions)
