"""Whether a configuration starts on a machine as it will be, and lets us in there."""

from collections.abc import Collection, Iterator, Sequence

from capsule_domain.models.evaluated_system import Account, EvaluatedSystem
from capsule_domain.models.facts import Sudo
from capsule_domain.models.finding import Finding
from capsule_domain.models.hardware import Firmware
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.models.machine_survey import DiskFacts, MachineSurvey
from capsule_domain.models.nixos_install import ChosenWay, NixosWay
from capsule_domain.models.secret import Leak
from capsule_domain.services.cloud_hardware import LAID_OUT
from capsule_domain.services.install_preflight import is_whole_disk, system_of
from capsule_domain.services.lockout import allowed_rules, finding, lockout, rule_named
from capsule_domain.services.lockout_case import Worry

ROOT = "root"


def judge_install(
    survey: MachineSurvey,
    new: EvaluatedSystem,
    chosen: ChosenWay,
    disk: DiskFacts | None,
    *,
    leaks: Sequence[Leak] = (),
    allowed: Collection[str] = (),
) -> Sequence[Finding]:
    """What speaks against it; an ERROR forbids it.

    The rules are those of `nixos apply`, for a machine on which nothing is as it was: of what
    was there only the way to it counts. Raises UsageError for a rule that there is not.
    """
    if chosen.way is NixosWay.ANYWHERE:  # no home stays, and no key in one
        ssh = new.ssh.model_copy(update={"authorized_keys_in_homedir": False})
        new = new.model_copy(update={"ssh": ssh})
    found = list(lockout(as_live(survey, new), new, allowed=allowed, leaks=leaks))
    if disk is not None and not (new.placeholder_hardware or is_whole_disk(survey)):
        may = allowed_rules(allowed)
        for name, worry in _start(survey, new, disk):
            found.append(finding(rule_named(name), worry, may))
    return found


def as_live(survey: MachineSurvey, new: EvaluatedSystem) -> LiveSystem:
    """The machine as one that runs `new` already, but for the way to it. Interfaces have other
    names in another system, so that of now is not told.
    """
    login = login_of(survey, new)
    return LiveSystem(
        hostname=new.hostname,
        user=login,
        sudo=Sudo.ROOT if login == ROOT else Sudo.FREE,
        system=system_of(survey),
        running="",
        booted="",
        session=survey.session.model_copy(update={"interface": None}),
        gateway=survey.gateway,
    )


def login_of(survey: MachineSurvey, new: EvaluatedSystem | None) -> str:
    """Who comes in afterwards: who does now, root, or who may become root; with a key."""
    if new is None:
        return ROOT
    may_rise = [name for name, account in sorted(new.accounts.items()) if _may_rise(account)]
    for name in (survey.user, ROOT, *may_rise):
        account = new.accounts.get(name)
        if account is not None and (account.keys or account.has_key_files):
            return name
    return ROOT


def _may_rise(account: Account) -> bool:
    return "wheel" in account.groups


def _start(
    survey: MachineSurvey, new: EvaluatedSystem, disk: DiskFacts
) -> Iterator[tuple[str, Worry]]:
    """Whether it mounts and starts from the disk as that is laid out."""
    root = LAID_OUT[0].device
    if new.root_device != root:
        yield (
            "other-root",
            Worry(
                f"the configuration mounts {new.root_device or 'nothing'} as its root, and the"
                f" disk is laid out with {root}",
                "a placeholder in hardware-configuration.nix's stead is filled in by Capsule",
            ),
        )
    if new.boot_loader == "systemd-boot" and survey.firmware is Firmware.BIOS:
        yield (
            "boot-loader",
            Worry(
                "systemd-boot starts by UEFI alone, and this machine starts by BIOS",
                "boot.loader.grub.enable = true;",
            ),
        )
    starts_by_grub = survey.firmware is Firmware.BIOS and new.boot_loader == "grub"
    if starts_by_grub and not disk.devices.intersection(new.grub_devices):
        yield (
            "boot-loader",
            Worry(
                f"GRUB would be put on {', '.join(new.grub_devices) or 'no disk'}, and the"
                f" machine starts from {disk.device}",
                f'boot.loader.grub.devices = [ "{disk.device}" ];',
            ),
        )
