"""Rules of the lint: whether it is this machine's configuration, and starts here."""

import re
from collections.abc import Iterator

from capsule_domain.models.live_system import LiveSystem
from capsule_domain.services.lockout_case import Case, Worry, doubt

LEAST_BOOT_MIB = 200
_BY_UUID = "/dev/disk/by-uuid/"
_RELEASE = re.compile(r"(\d\d)\.(\d\d)")
_GENERATE = "capsule nixos generate --hardware"


def other_architecture(case: Case) -> Iterator[Worry]:
    """What is built would not run."""
    if case.live.system != case.new.system:
        yield Worry(
            f"the configuration is for {case.new.system}, and the machine is {case.live.system}",
            f'nixpkgs.hostPlatform = "{case.live.system}";',
        )


def other_root(case: Case) -> Iterator[Worry]:
    """It would run until the next start, and not start then. Labels are not compared."""
    device, live = case.new.root_device or "", case.live.root_uuid
    wanted = device.removeprefix(_BY_UUID)
    if live and device.startswith(_BY_UUID) and wanted.lower() != live.lower():
        yield Worry(
            f"the root would be the file system {wanted}, and the machine's is {live}", _GENERATE
        )


def state_version(case: Case) -> Iterator[Worry]:
    """It says which form the data on the machine has."""
    live, new = case.live.state_version, case.new
    if live is not None and live != new.state_version:
        yield Worry(
            f"system.stateVersion would be {new.state_version}, and is {live}: services would not"
            " know their data again",
            f'system.stateVersion = "{live}";',
        )
    elif not new.state_version_set:
        say = Worry if live is None else doubt
        yield say(
            f"nothing sets system.stateVersion, so it is {new.state_version} by default and"
            " changes with each release",
            f'system.stateVersion = "{live or new.state_version}";',
        )


def boot_loader(case: Case) -> Iterator[Worry]:
    """None, another one, or no room for what it starts."""
    live, new = case.live, case.new
    if new.boot_loader is None:
        yield Worry(
            "the configuration has no boot loader: the machine would not start again",
            "boot.loader.systemd-boot.enable = true;",
        )
    elif live.boot_loader is not None and live.boot_loader != new.boot_loader:
        yield Worry(
            f"the boot loader would be {new.boot_loader}, and the machine starts by"
            f" {live.boot_loader}",
            f"boot.loader.{live.boot_loader}.enable = true;",
        )
    free = live.free_boot_mib
    if free is not None and free < LEAST_BOOT_MIB:
        # The kernel that runs is there already: only its initrd may come anew.
        say = doubt if new.kernel_version == live.running_kernel else Worry
        yield say(
            f"/boot has {free} MiB left, and a kernel with its initrd takes up to {LEAST_BOOT_MIB}",
            "on the machine: nix-collect-garbage -d, then nixos-rebuild boot",
        )


def other_host(case: Case) -> Iterator[Worry]:
    """The configuration of another machine."""
    live, new = _bare(case.live.hostname), _bare(case.new.hostname)
    if live and new and live != new:
        yield Worry(
            f"this is the configuration of {case.new.hostname}, and the machine is"
            f" {case.live.hostname}",
            f'name the machine\'s own: --config FOLDER; or networking.hostName = "{live}";',
        )


def older_release(case: Case) -> Iterator[Worry]:
    """Data that a newer release has changed is none for an older one."""
    live, new = _RELEASE.match(case.live.nixos_version), _RELEASE.match(case.new.release)
    if live and new and new.groups() < live.groups():
        yield Worry(
            f"the configuration is of NixOS {new[0]}, and the machine runs {live[0]} already",
            f"capsule nixos generate --release {live[0]}",
        )


def needs_reboot(case: Case) -> Iterator[Worry]:
    """What must not change while it runs, and what has no effect before it starts anew."""
    live, new = case.live, case.new
    if case.via_reboot:
        yield from _no_way_back(case)
        return
    changed = [
        f"{name} ({live.inhibitors[name]} to {value})"
        for name, value in sorted(new.inhibitors.items())
        if name in live.inhibitors and live.inhibitors[name] != value
    ]
    if changed:
        yield Worry(
            f"the machine has to be started anew for this: {', '.join(changed)}", "--via-reboot"
        )
    elif new.kernel_version and live.running_kernel and _is_other_kernel(live, new.kernel_version):
        yield doubt(
            f"the kernel would be {new.kernel_version}, and {live.running_kernel} runs on until the"
            " next start",
            "--via-reboot tries that start too",
        )


def _no_way_back(case: Case) -> Iterator[Worry]:
    """From a start that nobody confirms. The machine looks for itself too, once it is built."""
    live = case.live
    if not case.new.guarded and live.boot_loader not in (None, "systemd-boot"):
        yield Worry(
            f"a start into it could not be undone: the machine starts by {live.boot_loader}, and"
            " the configuration has no guard of Capsule's",
            "guard.nix, as capsule nixos generate writes it; or leave --via-reboot out",
        )
    if live.profile is not None and live.profile != live.running:
        yield Worry(
            "a start into it could not be undone: the machine runs another system than the one it"
            " would start as",
            "leave --via-reboot out, or start the machine anew first",
        )


def placeholder(case: Case) -> Iterator[Worry]:
    """A stand-in of ours for what only the machine knows."""
    if case.new.placeholder_hardware:
        yield Worry(
            "hardware-configuration.nix is a placeholder, and nothing can be built from that",
            "on the machine: nixos-generate-config --show-hardware-config >"
            " hardware-configuration.nix",
        )


def busy(case: Case) -> Iterator[Worry]:
    """Something else switches it: that is never interrupted."""
    live = case.live
    if live.busy:
        yield Worry(
            f"the machine is being switched already: {', '.join(live.busy)}",
            "wait until that has ended",
        )
    if live.system_state == "stopping":
        yield Worry("the machine is shutting down", "try again when it is up")


def secret_in_files(case: Case) -> Iterator[Worry]:
    """What Nix reads ends up readable by everyone on the machine."""
    for leak in case.leaks:
        yield Worry(
            f"{leak.file}:{leak.line}: {leak.rule} would be readable by everyone on the machine",
            "put it into a file on the machine and name the file, or use --secrets sops",
        )


def _bare(hostname: str) -> str:
    return hostname.partition(".")[0].lower()


def _is_other_kernel(live: LiveSystem, version: str) -> bool:
    """`uname -r` may say `6.12.0` where the version is `6.12`."""
    return live.running_kernel.removesuffix(".0") != version.removesuffix(".0")
