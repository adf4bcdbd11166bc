"""A machine that takes itself for NixOS, behind a real sshd, and can be switched, cut and booted.

    with NixosRoot(tmp_path) as root:                    # or .start() and .stop()
        new = root.add_system("new", Behaviour(ssh_port=root.spare_port()))
        with closing(root.hosts()) as hosts, hosts.connect(root.target()) as host: ...
        root.runs(), root.profile(), root.boots_into()   # store paths
        root.power_cut(); root.boot()

It boots as the system `root.old`, generation 1, and is known by its host key: to `hosts()` under
the alias "machine", to the person (`introduce()` writes ~/.ssh of the test's own home) as "web".
It is a process table and a file system of its own, made by bubblewrap; whatever runs in it ends
with a power cut, while /nix, /boot, /etc and /var stay. A `systemctl reboot` inside starts it
again by itself. Its programs (`programs/*.sh`) are as unkind as the real ones, at the places where
the real ones are; of the host it has coreutils, util-linux, findutils, grep, sed, awk and bash.

What it was asked is in `root.calls()`; `root.path("/full").touch()` fills its disk (`nix-env`,
`nix-store` and the boot loader then fail), as /no-units, /no-reboot and /no-efi-variables make
systemd-run, reboot and `bootctl set-oneshot` fail. `network=True` gives it a network of its own,
with a firewall and a default route; that takes root, `ip` and `nft`.
"""

from tests.nixos_root.machine import NixosRoot
from tests.nixos_root.systems import FOREVER, Behaviour

__all__ = ["FOREVER", "Behaviour", "NixosRoot"]
