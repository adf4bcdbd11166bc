"""What a configuration says of its machine, by real Nix and a nixpkgs that is a few lines."""

import os
from pathlib import Path

import pytest

from capsule_adapters.installers.this_machine import ThisMachine
from capsule_adapters.nix.building.rooms import Room
from capsule_adapters.nix.describe import describe, describe_there
from capsule_adapters.nix.process import NixProcess
from capsule_domain.errors import ConfigurationError, NotFound
from capsule_domain.models.evaluated_system import EvaluatedSystem, ListenAddress, PortRange
from capsule_domain.models.systems import SystemsSource
from tests.nix.offline import offline_nix
from tests.tools import ROOT, needs_tool

NIXPKGS = str(ROOT / "tests" / "nix" / "systems_nixpkgs")


def silent(_seconds: float, _line: str) -> None:
    """Nobody listens."""


def written(folder: Path, text: str) -> SystemsSource:
    needs_tool("nix-instantiate")
    file = folder / "configuration.nix"
    file.write_text(text)
    return SystemsSource(files={"web-1": str(file)})


def said(folder: Path, text: str) -> EvaluatedSystem:
    source = written(folder, text)
    nix = NixProcess(dict(os.environ))
    return describe(nix, source, "web-1", nixpkgs=NIXPKGS, progress=silent)


WHOLE = """{
  networking.hostName = "web";
  nixpkgs.hostPlatform.system = "aarch64-linux";
  system.nixos.release = "26.05";
  system.stateVersion = "25.11";
  services.openssh = {
    enable = true;
    ports = [ 2222 ];
    listenAddresses = [ { addr = "192.0.2.7"; port = null; } ];
    settings = { PermitRootLogin = "no"; AllowUsers = [ "deploy" ]; };
    extraConfig = "AllowUsers later\\nMatch User x\\n  AllowUsers nobody\\n";
  };
  networking.firewall = {
    enable = true;
    allowedTCPPorts = [ 80 ];
    interfaces.eth1.allowedTCPPortRanges = [ { from = 2000; to = 3000; } ];
  };
  users.users.deploy = {
    extraGroups = [ "wheel" ];
    openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA d" ];
    openssh.authorizedKeys.keyFiles = [ ./keys ];
  };
  users.users.gone.enable = false;
  users.groups.ops.members = [ "deploy" ];
  security.sudo = {
    enable = true;
    wheelNeedsPassword = false;
    extraRules = [
      { users = [ "deploy" ]; commands = [ { command = "ALL"; options = [ "NOPASSWD" ]; } ]; }
      { groups = [ 7 ]; commands = [ "ALL" ]; }
    ];
  };
  fileSystems."/".device = "/dev/disk/by-uuid/1-2";
  boot.loader.grub = { enable = true; devices = [ "/dev/sda" ]; };
  boot.kernelPackages.kernel = { version = "6.12.1"; more = throw "not to be looked at"; };
  networking.useDHCP = false;
  networking.interfaces.eth0.ipv4.addresses = [ { address = "192.0.2.7"; prefixLength = 24; } ];
  networking.defaultGateway = { address = "192.0.2.1"; interface = null; };
  services.fail2ban.enable = true;
  system.switch.inhibitors.dbus = "broker";
  systemd.services.capsule-guard = throw "only its name counts";
}"""


def test_all_that_matters_is_told_in_one_start(tmp_path: Path) -> None:
    system = said(tmp_path, WHOLE)
    assert (system.host, system.hostname, system.system) == ("web-1", "web", "aarch64-linux")
    assert (system.release, system.state_version) == ("26.05", "25.11")
    assert system.ssh.ports == (2222,)
    assert system.ssh.listen_addresses == (ListenAddress(address="192.0.2.7"),)
    assert system.ssh.permit_root_login == "no"
    assert system.ssh.allow_users == ("deploy", "later")
    assert system.open_everywhere.ports == (80,)
    assert system.open_on["eth1"].ranges == (PortRange(first=2000, last=3000),)
    assert list(system.accounts) == ["deploy"]
    deploy = system.accounts["deploy"]
    assert (deploy.groups, deploy.has_key_files) == (("wheel", "ops"), True)
    assert system.passwordless_sudo == ("deploy",)
    assert (system.boot_loader, system.grub_devices) == ("grub", ("/dev/sda",))
    assert system.static_addresses == {"eth0": ("192.0.2.7/24",)}
    assert (system.gateways, system.uses_dhcp) == (("192.0.2.1",), False)
    assert system.kernel_version == "6.12.1"
    assert (system.guarded, system.inhibitors) == (True, {"dbus": "broker"})
    assert (system.fail2ban, system.root_device) == (True, "/dev/disk/by-uuid/1-2")


def test_what_a_release_does_not_have_is_absent_and_no_fault(tmp_path: Path) -> None:
    system = said(tmp_path, "{ }")
    assert (system.hostname, system.boot_loader, system.root_device) == ("web-1", None, None)
    assert system.ssh.enabled is False
    assert (system.inhibitors, system.kernel_version, system.guarded) == ({}, None, False)


def test_options_that_throw_are_as_if_absent(tmp_path: Path) -> None:
    system = said(
        tmp_path,
        """{
      networking.hostName = throw "unset";
      services.openssh = { enable = true; settings = throw "no such option"; };
      networking.defaultGateway = "192.0.2.1";
      boot.kernelPackages = throw "unknown";
    }""",
    )
    assert (system.hostname, system.ssh.enabled) == ("web-1", True)
    assert (system.gateways, system.kernel_version) == (("192.0.2.1",), None)


@pytest.mark.parametrize(
    "text",
    [
        """{
          systemd.network.enable = true;
          systemd.network.networks."10-lan" = {
            matchConfig.MACAddress = "aa:bb";
            address = [ "192.0.2.7/24" ];
            routes = [ { Gateway = "192.0.2.1"; } { Destination = "10.0.0.0/8"; Gateway = "x"; } ];
          };
        }""",
        """{
          systemd.network.enable = true;
          systemd.network.networks."10-lan" = {
            matchConfig.MACAddress = "aa:bb";
            addresses = [ { addressConfig.Address = "192.0.2.7/24"; } ];
            routes = [ { routeConfig.Gateway = "192.0.2.1"; } ];
          };
        }""",
    ],
)
def test_networkd_is_read_in_the_forms_of_every_release(tmp_path: Path, text: str) -> None:
    system = said(tmp_path, text)
    assert system.static_addresses == {"aa:bb": ("192.0.2.7/24",)}
    assert system.gateways == ("192.0.2.1",)


def test_a_placeholder_in_the_hardwares_stead_is_told(tmp_path: Path) -> None:
    system = said(
        tmp_path, 'throw "hardware-configuration.nix is a placeholder. On the machine run: x"'
    )
    assert system.placeholder_hardware


def test_an_assertion_that_does_not_hold_is_told_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="web-1: set a root"):
        said(tmp_path, '{ assertions = [ { assertion = false; message = "set a\\n root"; } ]; }')


def test_a_fault_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"configuration\.nix:2: .*missing"):
        said(tmp_path, "{ config, ... }: {\n  assertions = config.absent.x;\n}")


def test_a_flake_that_is_locked_is_asked_with_its_own_nixpkgs(tmp_path: Path) -> None:
    environment = {**os.environ, **offline_nix(tmp_path)}
    folder = tmp_path / "a flake"
    folder.mkdir()
    (folder / "flake.lock").write_text('{"nodes": {"root": {}}, "root": "root", "version": 7}')
    (folder / "flake.nix").write_text(
        """{
          outputs = { self }: {
            nixosConfigurations.web-1.config = { networking.hostName = "web"; };
            nixosConfigurations.bad.config =
              { assertions = map (one: one.absent) [ { } ]; };
          };
        }"""
    )
    source = SystemsSource(flake=str(folder), locked=True)
    nix = NixProcess(environment)
    assert describe(nix, source, "web-1", nixpkgs=None, progress=silent).hostname == "web"
    with pytest.raises(ConfigurationError, match=r"flake\.nix:5: .*absent"):
        describe(nix, source, "bad", nixpkgs=None, progress=silent)


def test_an_unknown_host_is_told_with_the_nearest(tmp_path: Path) -> None:
    source = written(tmp_path, "{ }")
    with pytest.raises(NotFound, match="did you mean web-1"):
        describe(NixProcess(dict(os.environ)), source, "web-2", nixpkgs=NIXPKGS, progress=silent)


def test_a_machine_can_be_asked_in_our_stead_whatever_its_shell_greets_with(
    tmp_path: Path,
) -> None:
    source = written(tmp_path, WHOLE)
    room = str(tmp_path / "a room")
    greeting = tmp_path / "bin" / "nix-instantiate"
    greeting.parent.mkdir()
    greeting.write_text(
        f'#!/bin/sh\necho "{{ welcome }}"\nexec {needs_tool("nix-instantiate")} "$@"\n'
    )
    greeting.chmod(0o755)
    machine = ThisMachine(
        {**os.environ, **offline_nix(tmp_path), "PATH": f"{greeting.parent}:{os.environ['PATH']}"}
    )
    Room(room, source, NIXPKGS, {}).furnish(machine, "web-1")
    there = describe_there(machine, source, "web-1", room=room, progress=silent)
    assert there == said(tmp_path, WHOLE)
    Room(room, source, NIXPKGS, {}).furnish(machine, "x")
    with pytest.raises(NotFound):
        describe_there(machine, source, "x", room=room, progress=silent)
