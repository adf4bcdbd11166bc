"""The hardware's file: sound Nix, and nothing but what NixOS knows."""

from pathlib import Path

import pytest

from capsule_adapters.nix.renderer import JinjaNixRenderer
from capsule_adapters.nix.tool import NixCommand
from capsule_domain.errors import UsageError
from capsule_domain.models.hardware import Firmware, Hardware, Interface, Mount
from capsule_domain.models.nixos import NixosPart, NixosRequest, RenderedFile
from capsule_domain.models.option_path import join_option
from capsule_domain.models.profile import Profile
from capsule_domain.models.stack import Platform
from capsule_domain.services.cloud_hardware import cloud_hardware
from capsule_domain.services.compose import Compose
from capsule_domain.services.hardware import hardware_lines
from tests.fakes.presets import FakePresets
from tests.presets.nixos_options import fits, kind_at, leaves
from tests.tools import needs_tool

CLOUDS = ("aws", "digitalocean", "equinix", "hivelocity", "linode", "scaleway", "vultr")
ROOT = Mount(place="/", device="/dev/disk/by-uuid/0e1f9a6b", kind="ext4")
METAL = Hardware(
    origin="as metal told",
    was_told=True,
    firmware=Firmware.UEFI,
    mounts=(
        Mount(
            place="/srv/${x}", device="/dev/disk/by-uuid/1", kind="btrfs", options=("subvol=/a",)
        ),
        Mount(place="/boot/efi", device="/dev/disk/by-uuid/1A2B", kind="vfat"),
        ROOT,
    ),
    swaps=("/dev/disk/by-uuid/2",),
    initrd_modules=("nvme",),
    kernel_modules=("kvm-intel",),
    kernel_parameters=("console=ttyS0",),
    microcode="intel",
    interfaces=(
        Interface(
            name="eno1",
            mac="aa:bb:cc:00:11:22",
            addresses=("203.0.113.9/32", "2001:db8::9/64"),
            gateways=("203.0.113.1", "fe80::1"),
        ),
    ),
    name_servers=("203.0.113.53",),
)
GUEST = Hardware(
    origin="as guest told", was_told=True, firmware=Firmware.BIOS, disk="/dev/vda", mounts=(ROOT,)
)
LINODE = GUEST.model_copy(update={"disk": "nodev"})
ALL = {
    **{name: cloud_hardware(name) for name in CLOUDS},
    "aws-arm": cloud_hardware("aws", platform=Platform.AARCH64_LINUX),
    "metal": METAL,
    "guest": GUEST,
    "whole-disk": LINODE,
}


def request(hardware: Hardware | None, part: NixosPart = NixosPart.HARDWARE) -> NixosRequest:
    environment = Compose(FakePresets()).resolve(Profile(name="bare"))
    return NixosRequest(environment=environment, hardware=hardware, part=part)


def rendered(hardware: Hardware | None) -> RenderedFile:
    (file,) = JinjaNixRenderer().configuration(request(hardware))
    return file


def set_by(hardware: Hardware, disk: str | None = None) -> dict[str, object]:
    return {join_option(one.option): one.value for one in hardware_lines(hardware, disk)}


def test_every_kind_of_machine_is_sound_nix(tmp_path: Path) -> None:
    needs_tool("nix-instantiate")
    for name, hardware in ALL.items():
        (tmp_path / f"{name}.nix").write_text(rendered(hardware).text)
    assert NixCommand().parse(sorted(tmp_path.iterdir())) == []


@pytest.mark.parametrize("name", ALL)
def test_every_option_of_a_machine_is_known_to_nixos_and_fits(name: str) -> None:
    hardware = ALL[name]
    assert hardware is not None
    for one in hardware_lines(hardware):
        for path, value in leaves(one.value, one.option):
            kind = kind_at(path)
            assert kind is not None, join_option(path)
            assert fits(kind, value), join_option(path)


def test_a_cloud_that_nobody_knows_is_not_guessed() -> None:
    assert cloud_hardware("elsewhere") is None


def test_bios_is_started_by_grub_on_the_disk_that_was_told_or_wished() -> None:
    assert set_by(GUEST)["boot.loader.grub.devices"] == ["/dev/vda"]
    assert set_by(GUEST)["boot.loader.systemd-boot.enable"] is False
    assert set_by(GUEST, "/dev/sdb")["boot.loader.grub.devices"] == ["/dev/sdb"]
    with pytest.raises(UsageError, match="nobody knows from which disk"):
        set_by(GUEST.model_copy(update={"disk": None}))


def test_a_disk_without_room_for_a_boot_loader_is_left_to_the_cloud() -> None:
    assert set_by(LINODE)["boot.loader.grub.devices"] == ["nodev"]
    assert set_by(LINODE)["boot.loader.grub.forceInstall"] is True


def test_uefi_takes_systemd_boot_only_where_boot_itself_is_read() -> None:
    boot = Mount(place="/boot", device="/dev/disk/by-uuid/1A2B", kind="vfat")
    plain = METAL.model_copy(update={"mounts": (ROOT, boot)})
    assert not [option for option in set_by(plain) if option.startswith("boot.loader")]
    assert set_by(METAL)["boot.loader.efi.efiSysMountPoint"] == "/boot/efi"
    assert set_by(METAL)["boot.loader.grub.devices"] == ["nodev"]
    with pytest.raises(UsageError, match="--disk: this machine starts by UEFI"):
        set_by(METAL, "/dev/vda")


def test_a_disk_goes_before_that_of_a_module_of_nixpkgs() -> None:
    droplet = cloud_hardware("digitalocean")
    assert droplet is not None
    lines = {join_option(one.option): one for one in hardware_lines(droplet, "/dev/sda")}
    assert lines["boot.loader.grub.devices"].priority == "force"
    assert lines["boot.loader.grub.devices"].origin == "--disk"


def test_fixed_addresses_go_by_hardware_address_and_turn_dhcp_off() -> None:
    found = set_by(METAL)
    assert found["networking.useDHCP"] is False
    network = found['systemd.network.networks."10-eno1"']
    assert isinstance(network, dict)
    assert network["matchConfig"] == {"MACAddress": "aa:bb:cc:00:11:22"}
    assert network["routes"] == [
        {"Gateway": "203.0.113.1", "GatewayOnLink": True},
        {"Gateway": "fe80::1", "GatewayOnLink": True},
    ]
    assert "networking.useDHCP" not in set_by(GUEST)


def test_what_is_only_known_of_its_kind_never_goes_over_what_a_machine_told() -> None:
    placeholder, known, told = (rendered(h) for h in (None, cloud_hardware("vultr"), METAL))
    assert placeholder.text.splitlines()[2].startswith("throw ")
    assert known.only_over == (placeholder.text,)
    assert placeholder.only_over == (placeholder.text,)
    assert told.only_over is None
