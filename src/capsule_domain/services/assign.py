"""What a machine's configuration sets, line by line, and because of what."""

from collections.abc import Iterator, Sequence
from typing import Any

from capsule_domain.models.nixos import NixosRequest
from capsule_domain.models.option import (
    Assignment,
    Content,
    OptionSetting,
    Priority,
    Topic,
)
from capsule_domain.models.stack import ResolvedStack
from capsule_domain.services.compose import ALWAYS, CHOSEN
from capsule_domain.services.listed import listed
from capsule_domain.services.secret_refs import secret_assignments

ROOT = "root"
WEBSERVER = "webserver"
LOCALE = "en_US.UTF-8"
DEFAULT = "Capsule's own choice"

_NO_KEY_WARNING = (
    "access.nix holds no SSH key and the users have no password: nobody can log in."
    " Add a key with: capsule nixos generate --authorized-key"
)

_CONTENTS = {
    Content.PACKAGES: ("environment.systemPackages", Topic.PACKAGES),
    Content.PYTHON: ("capsule.python.pythonPackages", Topic.PYTHON),
    Content.UNFREE: ("nixpkgs.config.allowUnfreePredicate", Topic.LICENCES),
}


def configuration(request: NixosRequest) -> Sequence[Assignment]:
    """What configuration.nix sets. What a person set by hand stands in its place."""
    own = [
        *_stacks(request),
        *secret_assignments(request),
        *_packages(request),
        *_machine(request),
        *_system(request),
    ]
    chosen = {setting.option for setting in request.settings}
    kept = [one for one in own if one.option not in chosen]
    return [*kept, *map(_setting, request.settings)]


def access(request: NixosRequest) -> Sequence[Assignment]:
    """What access.nix sets: the way into the machine."""
    lines = [
        line(Topic.SSH, option, value=value, origin=DEFAULT)
        for option, value in (
            ("services.openssh.enable", True),
            ("services.openssh.ports", [22]),
            ("services.openssh.openFirewall", True),
            ("services.openssh.settings.PasswordAuthentication", False),
            ("services.openssh.settings.KbdInteractiveAuthentication", False),
            ("services.openssh.settings.PermitRootLogin", "prohibit-password"),
            ("networking.firewall.enable", True),
        )
    ]
    keys = sorted(set(request.authorized_keys))
    for user in dict.fromkeys((request.username, ROOT)):
        option = ("users", "users", user, "openssh", "authorizedKeys", "keys")
        lines.append(
            Assignment(option=option, value=keys, topic=Topic.USERS, origin="--authorized-key")
        )
    lines.append(line(Topic.SUDO, "security.sudo.wheelNeedsPassword", value=False, origin=DEFAULT))
    if not keys:
        lines.append(
            line(Topic.WARNING, "warnings", value=[_NO_KEY_WARNING], origin="no --authorized-key")
        )
    return lines


def _stacks(request: NixosRequest) -> Iterator[Assignment]:
    for entry in request.environment.stacks:
        name = entry.stack.name
        if entry.stack.module is None:
            continue
        origin = f"stack {name}: {_because(entry, request.environment.profile.name)}"
        yield Assignment(
            option=("capsule", name, "enable"), value=True, topic=Topic.STACKS, origin=origin
        )
        if name == WEBSERVER and request.domain and request.email:
            yield line(
                Topic.STACKS, "capsule.webserver.domain", value=request.domain, origin="--domain"
            )
            yield line(
                Topic.STACKS, "capsule.webserver.email", value=request.email, origin="--email"
            )


def _because(entry: ResolvedStack, profile: str) -> str:
    words = {ALWAYS: "in every profile", CHOSEN: f"profile {profile}"}
    return ", ".join(words.get(because, f"needed by {because}") for because in entry.because)


def _packages(request: NixosRequest) -> Iterator[Assignment]:
    """What the profile itself brings; a stack's module installs what the stack has."""
    own, joined = listed(request.environment)
    contents = {
        Content.PACKAGES: own.packages or own.python_packages,
        Content.PYTHON: joined,
        Content.UNFREE: request.environment.unfree,
    }
    for content, (option, topic) in _CONTENTS.items():
        if contents[content]:
            yield Assignment(
                option=tuple(option.split(".")),
                content=content,
                topic=topic,
                origin=f"profile {request.environment.profile.name}",
            )


def _machine(request: NixosRequest) -> Iterator[Assignment]:
    yield line(Topic.MACHINE, "networking.hostName", value=request.hostname, origin="--hostname")
    yield line(Topic.MACHINE, "time.timeZone", value=request.timezone, origin="--timezone")
    yield line(Topic.MACHINE, "i18n.defaultLocale", value=LOCALE, origin=DEFAULT)
    yield line(Topic.USERS, "users.mutableUsers", value=True, origin=DEFAULT)
    if request.username != ROOT:
        for name, value in (("isNormalUser", True), ("extraGroups", ["wheel"])):
            yield Assignment(
                option=("users", "users", request.username, name),
                value=value,
                topic=Topic.USERS,
                origin="--username",
            )


def _system(request: NixosRequest) -> Iterator[Assignment]:
    yield from _loader(request)
    for option, value in (
        ("nix.settings.experimental-features", ["nix-command", "flakes"]),
        ("nix.settings.auto-optimise-store", True),
        ("nix.gc.automatic", True),
        ("nix.gc.dates", "weekly"),
        ("nix.gc.options", "--delete-older-than 30d"),
    ):
        yield line(Topic.NIX, option, value=value, origin=DEFAULT)
    first = request.state_version or request.release
    origin = f"the first generation, for {first}"
    yield line(Topic.STATE, "system.stateVersion", value=first, origin=origin)


def _loader(request: NixosRequest) -> Iterator[Assignment]:
    """What yields to the hardware's file, which says it where the hardware is known."""
    if request.disk is not None and request.hardware is None:
        yield line(Topic.BOOT, "boot.loader.grub.enable", value=True, origin="--disk")
        yield line(Topic.BOOT, "boot.loader.grub.device", value=request.disk, origin="--disk")
        return
    for option, value in (
        ("boot.loader.systemd-boot.enable", True),
        ("boot.loader.systemd-boot.configurationLimit", 20),
        ("boot.loader.efi.canTouchEfiVariables", True),
    ):
        yielding = line(Topic.BOOT, option, value=value, origin=DEFAULT)
        yield yielding.model_copy(update={"priority": Priority.DEFAULT})


def _setting(setting: OptionSetting) -> Assignment:
    """One value wins over what a stack says; lists and sets are added to what is there."""
    adds = isinstance(setting.value, list | dict)
    return Assignment(
        option=setting.option,
        value=setting.value,
        priority=Priority.NORMAL if adds else Priority.FORCE,
        topic=Topic.CHOSEN,
        origin="--set",
    )


def line(topic: Topic, option: str, *, value: Any, origin: str) -> Assignment:
    """For options whose names are plain."""
    return Assignment(option=tuple(option.split(".")), value=value, topic=topic, origin=origin)
