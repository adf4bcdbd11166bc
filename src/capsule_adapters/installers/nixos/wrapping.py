"""A flake around a generated configuration, with what only installing it needs."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from capsule_adapters.nix.literal import nix_literal

DISKO = "github:nix-community/disko/v1.13.0"
"""What lays disks out; released together with nixpkgs 26.05."""

_FLAKE = """\
# Written by Capsule for one installation: the configuration, and what only installing it needs.
{{
  inputs = {{
    configuration.url = {configuration};
{inputs}  }};

  outputs =
    {{ configuration, ... }}@inputs:
    {{
      nixosConfigurations.{host} = configuration.nixosConfigurations.{host}.extendModules {{
        modules = [
{modules}        ];
      }};
    }};
}}
"""
_DISKO_INPUT = """\
    disko.url = {url};
    disko.inputs.nixpkgs.follows = "configuration/nixpkgs";
"""


def with_disk(folder: str, hostname: str, device: str, *, whole: bool) -> str:
    """A flake.nix that lays `device` out: as one file system, or for BIOS and UEFI alike.

    What is mounted where stays the configuration's own word.
    """
    content = _file_system("ext4", "/", "-L", "nixos") if whole else _partitions()
    disk = {"type": "disk", "device": device, "content": content}
    settings = {"disko": {"enableConfig": False, "devices": {"disk": {"main": disk}}}}
    return _flake(
        folder,
        hostname,
        inputs=_DISKO_INPUT.format(url=nix_literal(DISKO)),
        modules=("inputs.disko.nixosModules.disko", nix_literal(settings)),
    )


def with_older_start(folder: str, hostname: str) -> str:
    """A flake.nix whose first start can put a system in another's stead: only NixOS' older
    first stage does that, and 26.05 is the last release that has it.
    """
    settings = {"boot": {"initrd": {"systemd": {"enable": False}}}}
    return _flake(folder, hostname, inputs="", modules=(nix_literal(settings),))


def _flake(folder: str, hostname: str, *, inputs: str, modules: tuple[str, ...]) -> str:
    return _FLAKE.format(
        configuration=nix_literal(f"path:{quote(folder)}"),
        inputs=inputs,
        host=nix_literal(hostname),
        modules="".join(f"          {module}\n" for module in modules),
    )


def _partitions() -> Mapping[str, Any]:
    """The labels are those by which the configuration mounts them."""
    return {
        "type": "gpt",
        "partitions": {
            "grub": {"size": "1M", "type": "EF02", "priority": 1},
            "ESP": {
                "size": "512M",
                "type": "EF00",
                "content": _file_system("vfat", "/boot", "-n", "ESP"),
            },
            "root": {"size": "100%", "content": _file_system("ext4", "/", "-L", "nixos")},
        },
    }


def _file_system(kind: str, place: str, *arguments: str) -> Mapping[str, Any]:
    return {
        "type": "filesystem",
        "format": kind,
        "mountpoint": place,
        "extraArgs": list(arguments),
    }
