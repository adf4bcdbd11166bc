"""A machine and a configuration that fits it, to be changed in one respect."""

from typing import Any

from capsule_domain.models.evaluated_system import Account, EvaluatedSystem, OpenPorts, SshServer
from capsule_domain.models.facts import Sudo
from capsule_domain.models.live_system import LiveSystem, SshSession

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Yl0H1HyrqsHYw/CZmjVZuThwm5p4yd+NC+mtSqZeP anna"
FINGERPRINT = "SHA256:MqSN0RoZMZStVoI9sJ1W4riMiGO62Z59v3dt2H0vcQk"
SESSION = SshSession(
    client_address="198.51.100.7",
    server_address="203.0.113.9",
    server_port=22,
    interface="ens3",
    key_fingerprint=FINGERPRINT,
)
LIVE = LiveSystem(
    hostname="web-1",
    user="root",
    sudo=Sudo.ROOT,
    system="x86_64-linux",
    running="/nix/store/a-nixos",
    booted="/nix/store/a-nixos",
    nixos_version="26.05.1234.abcdef0",
    running_kernel="6.12.40",
    state_version="25.11",
    inhibitors={"dbus-implementation": "broker"},
    boot_loader="systemd-boot",
    root_uuid="7d3c-11",
    free_boot_mib=400,
    system_state="running",
    session=SESSION,
    gateway="203.0.113.1",
)
NEW = EvaluatedSystem(
    host="web-1",
    hostname="web-1",
    system="x86_64-linux",
    release="26.05",
    state_version="25.11",
    ssh=SshServer(enabled=True, ports=(22,)),
    firewall_enabled=True,
    open_everywhere=OpenPorts(ports=(22,)),
    accounts={
        "root": Account(keys=(KEY,), groups=("root",)),
        "deploy": Account(keys=(KEY,), groups=("users", "wheel")),
    },
    passwordless_sudo=("%wheel",),
    root_device="/dev/disk/by-uuid/7D3C-11",
    boot_loader="systemd-boot",
    inhibitors={"dbus-implementation": "broker"},
    kernel_version="6.12.40",
)


def live(**changes: Any) -> LiveSystem:
    """`session` may be a dict of what is other in it."""
    session = changes.get("session", SESSION)
    if isinstance(session, dict):
        changes["session"] = SESSION.model_copy(update=session)
    return LIVE.model_copy(update=changes)


def new(**changes: Any) -> EvaluatedSystem:
    """`ssh` and `root` (its account) may be dicts of what is other in them."""
    if isinstance(changes.get("ssh"), dict):
        changes["ssh"] = NEW.ssh.model_copy(update=changes["ssh"])
    if "root" in changes:
        account = NEW.accounts["root"].model_copy(update=changes.pop("root"))
        changes["accounts"] = {**NEW.accounts, "root": account}
    return NEW.model_copy(update=changes)
