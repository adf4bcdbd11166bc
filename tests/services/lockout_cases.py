"""Machines and configurations: what the lint forbids, doubts, and does not speak of."""

from capsule_domain.models.evaluated_system import Account, ListenAddress, OpenPorts, PortRange
from capsule_domain.models.facts import Sudo
from tests.services.lint import KEY, live, new

STATIC = {"uses_dhcp": False, "gateways": ("203.0.113.1",)}
HELD = {"ens3": ("203.0.113.9/24",)}
DEPLOY = live(user="deploy", sudo=Sudo.FREE)
CLOSED = {"open_everywhere": OpenPorts()}

FORBIDDEN = [
    ("L1", live(), new(ssh={"enabled": False}), "turns SSH off"),
    ("L2", live(), new(**CLOSED), "lets nobody in on ens3"),
    ("L2", live(), new(**CLOSED, open_on={"ens4": OpenPorts(ports=(22,))}), "on ens3"),
    ("L2", live(), new(**CLOSED, trusted_interfaces=("lo",)), "sshd's port (22)"),
    ("L2", live(session={"interface": None}), new(**CLOSED), "lets nobody in at"),
    ("L2", live(), new(ssh={"ports": (2222,)}), "sshd's port (2222)"),
    (
        "L2",
        live(),
        new(ssh={"listen_addresses": (ListenAddress(address="10.0.0.1"),)}),
        "listen at 10.0.0.1 alone",
    ),
    (
        "L2",
        live(),
        new(ssh={"listen_addresses": (ListenAddress(address="::"),)}),
        "listen at :: alone",
    ),
    ("L3", live(user="gone"), new(), "no user gone"),
    ("L3", live(user="gone", user_declared=True), new(), "no user gone"),
    (
        "L3",
        live(user="gone", user_declared=False),
        new(mutable_users=False),
        "no user gone",
    ),
    (
        "L3",
        live(),
        new(root={"keys": ()}, ssh={"authorized_keys_in_homedir": False}),
        "does not let our key in",
    ),
    (
        "L3",
        live(session={"key_fingerprint": "SHA256:other"}),
        new(ssh={"authorized_keys_in_homedir": False}),
        "does not let our key in",
    ),
    (
        "L3",
        live(session={"key_fingerprint": None}),
        new(root={"keys": ("no key",)}, ssh={"authorized_keys_in_homedir": False}),
        "does not let any key in",
    ),
    ("L3", live(), new(ssh={"allow_users": ("deploy",)}), "only deploy in, and not root"),
    ("L3", live(), new(ssh={"allow_users": ("root@10.0.0.0/8",)}), "not root"),
    ("L3", live(), new(ssh={"allow_users": ("*", "!root")}), "not root"),
    ("L3", live(), new(ssh={"deny_users": ("ro*",)}), "keep root out"),
    ("L3", live(), new(ssh={"allow_groups": ("wheel",)}), "members of wheel"),
    ("L3", DEPLOY, new(passwordless_sudo=()), "need a password"),
    ("L3", DEPLOY, new(sudo_enabled=False, wheel_needs_password=False), "need a password"),
    ("L4", live(), new(ssh={"permit_root_login": "no"}), "not let root in"),
    ("L4", live(), new(ssh={"permit_root_login": "forced-commands-only"}), "not let root in"),
    ("L5", live(), new(uses_dhcp=False), "nothing gives the machine an address"),
    (
        "L5",
        live(),
        new(uses_dhcp=False, static_addresses=HELD),
        "no gateway leads to 198.51.100.7",
    ),
    (
        "L5",
        live(),
        new(uses_dhcp=False, static_addresses=HELD, gateways=("fe80::1",)),
        "no gateway",
    ),
    (
        "L5",
        live(),
        new(uses_dhcp=False, static_addresses=HELD, gateways=("203.0.113.254",)),
        "would be 203.0.113.254, and is 203.0.113.1",
    ),
    (
        "L5",
        live(),
        new(**STATIC, static_addresses={"eth0": ("203.0.113.9/24",)}),
        "would be on eth0, and the machine has it on ens3",
    ),
    (
        "L5",
        live(),
        new(**STATIC, static_addresses=HELD, predictable_names=False),
        "another name after the next start",
    ),
    ("L6", live(system="aarch64-linux"), new(), "is for x86_64-linux"),
    ("L7", live(root_uuid="beef"), new(), "file system 7D3C-11"),
    ("L8", live(state_version="24.05"), new(), "would be 25.11, and is 24.05"),
    ("L8", live(state_version=None), new(state_version_set=False), "nothing sets"),
    ("L9", live(), new(boot_loader=None), "no boot loader"),
    ("L9", live(), new(boot_loader="grub"), "starts by systemd-boot"),
    ("L9", live(free_boot_mib=199), new(kernel_version="6.18.1"), "199 MiB left"),
    ("L10", live(hostname="web-2"), new(), "configuration of web-1"),
    ("L11", live(nixos_version="26.11pre1"), new(), "runs 26.11 already"),
    (
        "L12",
        live(),
        new(inhibitors={"dbus-implementation": "dbus"}),
        "dbus-implementation (broker to dbus)",
    ),
    ("L13", live(), new(placeholder_hardware=True), "placeholder"),
    ("L14", live(busy=("capsule-apply-1.service",)), new(), "capsule-apply-1.service"),
    ("L14", live(system_state="stopping"), new(), "shutting down"),
]

DOUBTED = [
    ("L3", live(user="gone", user_declared=False), new(), "made by hand stays"),
    (
        "L2",
        live(session={"interface": None}),
        new(**CLOSED, open_on={"ens4": OpenPorts(ports=(22,))}),
        "unknown",
    ),
    ("L3", live(), new(root={"keys": ()}), "~/.ssh/authorized_keys does is unknown"),
    ("L3", live(), new(root={"keys": (), "has_key_files": True}), "files do is unknown"),
    (
        "L5",
        live(session={"interface": "eth0"}),
        new(**STATIC, static_addresses={"eth0": ("203.0.113.9/24",)}, predictable_names=True),
        "whether eth0 has that name",
    ),
    ("L8", live(), new(state_version_set=False), "nothing sets"),
    ("L9", live(free_boot_mib=10), new(), "10 MiB left"),
    ("L12", live(), new(kernel_version="6.18.1"), "6.12.40 runs on"),
    ("L16", live(), new(fail2ban=True), "may ban 198.51.100.7"),
    ("L16", live(), new(fail2ban=True, fail2ban_ignored=("10.0.0.0/8",)), "may ban"),
]

QUIET = [
    ("nothing changes", live(), new()),
    ("the machine that we are on", live(session=None), new(ssh={"enabled": False})),
    ("no firewall", live(), new(**CLOSED, firewall_enabled=False)),
    ("open on ours", live(), new(**CLOSED, open_on={"ens3": OpenPorts(ports=(22,))})),
    ("ours is trusted", live(), new(**CLOSED, trusted_interfaces=("en+",))),
    (
        "in a range",
        live(),
        new(open_everywhere=OpenPorts(ranges=(PortRange(first=20, last=30),))),
    ),
    (
        "another port that is open",
        live(),
        new(ssh={"ports": (2222,)}, open_everywhere=OpenPorts(ports=(2222,))),
    ),
    (
        "listening everywhere",
        live(),
        new(ssh={"listen_addresses": (ListenAddress(address="0.0.0.0"),)}),
    ),
    (
        "listening where we come to, at a port of its own",
        live(),
        new(
            ssh={
                "ports": (2222,),
                "listen_addresses": (ListenAddress(address="203.0.113.9", port=22),),
            }
        ),
    ),
    (
        "an address of IPv4 in IPv6's form",
        live(session={"server_address": "::ffff:203.0.113.9"}),
        new(**STATIC, static_addresses=HELD),
    ),
    ("a key that nobody tells us", live(session={"key_fingerprint": None}), new()),
    (
        "a key with options before it",
        live(),
        new(root={"keys": (f'from="10.0.0.0/8" {KEY}',)}),
    ),
    ("let in by a pattern", live(), new(ssh={"allow_users": ("r?ot@198.51.100.*",)})),
    ("let in by a network", live(), new(ssh={"allow_users": ("root@198.51.100.0/24",)})),
    ("kept out from elsewhere", live(), new(ssh={"deny_users": ("root@10.0.0.0/8",)})),
    ("let in by a group", live(), new(ssh={"allow_groups": ("root", "wheel")})),
    ("root by the group wheel", DEPLOY, new()),
    (
        "root by a rule of one's own",
        DEPLOY,
        new(accounts={"deploy": Account(keys=(KEY,))}, passwordless_sudo=("deploy",)),
    ),
    ("another user while root is shut out", DEPLOY, new(ssh={"permit_root_login": "no"})),
    ("static as it is", live(), new(**STATIC, static_addresses=HELD)),
    (
        "static by MAC address",
        live(),
        new(**STATIC, static_addresses={"aa:bb:cc:dd:ee:ff": ("203.0.113.9/24",)}),
    ),
    (
        "static on a bridge that is made for it",
        live(),
        new(**STATIC, static_addresses={"br0": ("203.0.113.9/24",)}),
    ),
    (
        "static in a network with us",
        live(session={"client_address": "203.0.113.77"}),
        new(uses_dhcp=False, static_addresses=HELD),
    ),
    (
        "an address that moves, and is declared",
        live(),
        new(uses_dhcp=False, static_addresses={"ens3": ("192.0.2.5/24",)}, gateways=("192.0.2.1",)),
    ),
    (
        "by a network that is laid over others",
        live(session={"interface": "tailscale0", "server_address": "100.64.0.5"}),
        new(**STATIC, static_addresses=HELD),
    ),
    ("a root by label", live(), new(root_device="/dev/disk/by-label/nixos")),
    ("a root that nobody knows", live(root_uuid=None), new(root_device="/dev/disk/by-uuid/1")),
    ("a machine that does not tell its stateVersion", live(state_version=None), new()),
    ("a name with a domain", live(hostname="web-1.example.org"), new()),
    ("a name that DHCP brings", live(), new(hostname="")),
    ("a newer release", live(nixos_version="25.11.1"), new()),
    ("a release without its form", live(nixos_version="unstable"), new()),
    (
        "inhibitors that come or go",
        live(inhibitors={"a": "1"}),
        new(inhibitors={"b": "2"}),
    ),
    ("our address is ignored", live(), new(fail2ban=True, fail2ban_ignored=("198.51.100.0/24",))),
]
