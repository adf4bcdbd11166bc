"""What a NixOS configuration says about how its machine can be reached and started."""

from pydantic import Field

from capsule_domain.models.base import Model


class PortRange(Model):
    """TCP ports, both ends included."""

    first: int = Field(ge=0, le=65535)
    last: int = Field(ge=0, le=65535)


class OpenPorts(Model):
    """What a firewall lets in, TCP."""

    ports: tuple[int, ...] = ()
    ranges: tuple[PortRange, ...] = ()

    def lets(self, port: int) -> bool:
        """Whether that port is open."""
        return port in self.ports or any(one.first <= port <= one.last for one in self.ranges)


class Account(Model):
    """A user. `keys` are those the configuration itself holds, whole lines."""

    keys: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    has_key_files: bool = False
    """Whether keys are read from files whose content evaluation does not tell."""


class ListenAddress(Model):
    """Where sshd listens. `port` None: on every one of sshd's ports."""

    address: str
    port: int | None = None


class SshServer(Model):
    """services.openssh."""

    enabled: bool
    ports: tuple[int, ...] = ()
    listen_addresses: tuple[ListenAddress, ...] = ()
    permit_root_login: str = "prohibit-password"
    allow_users: tuple[str, ...] | None = None
    deny_users: tuple[str, ...] = ()
    allow_groups: tuple[str, ...] | None = None
    authorized_keys_in_homedir: bool = True
    """Whether sshd also reads ~/.ssh/authorized_keys, which no configuration tells."""


class EvaluatedSystem(Model):
    """A whole configuration, evaluated. What a release does not have is None."""

    host: str
    hostname: str
    system: str
    release: str
    state_version: str
    state_version_set: bool = True
    ssh: SshServer
    firewall_enabled: bool
    open_everywhere: OpenPorts = OpenPorts()
    open_on: dict[str, OpenPorts] = Field(default_factory=dict)
    """By interface."""
    trusted_interfaces: tuple[str, ...] = ()
    accounts: dict[str, Account] = Field(default_factory=dict)
    mutable_users: bool = True
    sudo_enabled: bool = True
    wheel_needs_password: bool = True
    passwordless_sudo: tuple[str, ...] = ()
    """Users, and `%group`, that rules of sudo let do everything without a password."""
    root_device: str | None = None
    """`fileSystems."/".device`, such as `/dev/disk/by-uuid/…` or `/dev/disk/by-label/nixos`."""
    boot_loader: str | None = None
    """`systemd-boot`, `grub`, another's name, or None: no loader at all."""
    grub_devices: tuple[str, ...] = ()
    uses_dhcp: bool = True
    static_addresses: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """`1.2.3.4/24` by interface, from networking.interfaces and systemd.network alike."""
    gateways: tuple[str, ...] = ()
    predictable_names: bool | None = None
    fail2ban: bool = False
    fail2ban_ignored: tuple[str, ...] = ()
    inhibitors: dict[str, str] = Field(default_factory=dict)
    kernel_version: str | None = None
    guarded: bool = False
    placeholder_hardware: bool = False
    """Whether its hardware-configuration.nix is the one that Capsule writes as a stand-in.

    Such a configuration cannot be evaluated: nothing else of it is known then.
    """
