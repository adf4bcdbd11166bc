"""From what a person wants of a machine to what NixOS would not refuse."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pydantic import ValidationError

from capsule_domain.errors import NotFound, UsageError
from capsule_domain.models.nixos import NixosPart, NixosRequest
from capsule_domain.models.option import Assignment, OptionSetting, Topic, overlap
from capsule_domain.models.option_path import join_option
from capsule_domain.models.profile import Environment
from capsule_domain.services.assign import DEFAULT, WEBSERVER, access, configuration
from capsule_domain.services.option_values import option_settings
from capsule_domain.services.refuse_absent import refuse_absent

_HELP = "capsule nixos generate --help"
_NOT_FOR_SETTING = frozenset(["_module", "config", "disabledModules", "imports", "options"])
_REMEDIES = {
    Topic.STACKS: "capsule add, or capsule remove",
    Topic.PACKAGES: "capsule pkg add",
    Topic.PYTHON: "capsule pkg add python3Packages.…",
    Topic.LICENCES: "capsule pkg add --unfree",
    Topic.STATE: "it stays what it was: the data on the machine has that form",
}
# Areas that a machine's own list of time zones may leave out, though NixOS has them.
_LEGACY_AREAS = ("Brazil/", "Canada/", "Chile/", "Mexico/", "US/")


@dataclass(frozen=True)
class Wish:
    """What a person wants of a machine, as it was typed. `settings` are `PATH=VALUE`."""

    profile: str | None = None
    hostname: str = "nixos"
    username: str = "admin"
    release: str = "26.05"
    timezone: str = "UTC"
    authorized_keys: Sequence[str] = ()
    domain: str | None = None
    email: str | None = None
    disk: str | None = None
    settings: Sequence[str] = ()
    secrets: str | None = None
    part: NixosPart = NixosPart.ALL


@dataclass(frozen=True)
class GrantWish:
    """Makes requests of wishes. `time_zones` are those there are; none: they are not judged.

    `judge` raises UsageError for an option that NixOS has not, or not with such a value.
    """

    time_zones: Callable[[], Collection[str]] = tuple
    judge: Callable[[Sequence[OptionSetting]], None] = field(default=lambda _: None)

    def request(self, wish: Wish, environment: Environment, **known: Any) -> NixosRequest:
        """`known` are fields of the request that no one typed. Raises UsageError, NotFound."""
        request = _request(
            environment=environment,
            hostname=wish.hostname,
            username=wish.username,
            release=wish.release,
            timezone=wish.timezone,
            authorized_keys=tuple(wish.authorized_keys),
            domain=wish.domain,
            email=wish.email,
            disk=wish.disk,
            settings=tuple(option_settings(wish.settings)),
            secrets=wish.secrets,
            part=wish.part,
            **known,
        )
        _refuse_half_a_site(request)
        self._refuse_unknown_zone(request.timezone)
        _refuse_what_is_ours(request)
        refuse_absent(request)
        if request.settings:
            self.judge(request.settings)
        return request

    def _refuse_unknown_zone(self, name: str) -> None:
        if name == "UTC" or name.startswith(_LEGACY_AREAS):
            return
        known = self.time_zones()
        if known and name not in known:
            raise NotFound("time zone", name, known=known, hint="--timezone Europe/Berlin")


def _request(**values: Any) -> NixosRequest:
    try:
        return NixosRequest(**values)
    except ValidationError as error:
        first = error.errors()[0]
        option = f"--{str(first['loc'][0]).replace('_', '-')}"
        option = {"--authorized-keys": "--authorized-key", "--settings": "--set"}.get(
            option, option
        )
        reason = str(first["msg"]).removeprefix("Value error, ")
        raise UsageError(f"{option}: {reason}", hint=_HELP) from error


def _refuse_half_a_site(request: NixosRequest) -> None:
    """A certificate is issued to someone, for a name, by the web server."""
    if request.domain is None and request.email is None:
        return
    if request.email is None:
        raise UsageError(
            "--domain needs --email: a certificate is issued to someone",
            hint="--email admin@example.org",
        )
    if request.domain is None:
        raise UsageError("--email is for the certificate of a --domain", hint="--domain NAME")
    if WEBSERVER not in (entry.stack.name for entry in request.environment.stacks):
        raise UsageError(
            f"--domain: the profile {request.environment.profile.name} has no web server",
            hint=f"capsule add {WEBSERVER}",
        )


def _refuse_what_is_ours(request: NixosRequest) -> None:
    """One option is set in one place: by its own flag, in access.nix, or by --set."""
    plain = request.model_copy(update={"settings": ()})
    for setting in request.settings:
        if setting.option[0] in _NOT_FOR_SETTING:
            _refuse(setting, "that is no option of NixOS", "name the option itself")
        _refuse_way_in(setting, access(plain))
        for own in configuration(plain):
            if overlap(own.option, setting.option):
                _refuse_own(setting, own)


def _refuse_way_in(setting: OptionSetting, lines: Iterable[Assignment]) -> None:
    for line in lines:
        if overlap(line.option, setting.option):
            reason = "access.nix sets it, and without that nobody may get in"
            _refuse(setting, reason, _flag(line) or "edit access.nix")


def _refuse_own(setting: OptionSetting, own: Assignment) -> None:
    remedy = _REMEDIES.get(own.topic) or _flag(own)
    if remedy is not None:
        _refuse(setting, f"Capsule sets it ({own.origin})", remedy)
    if own.option != setting.option:
        name = join_option(own.option)
        _refuse(setting, f"Capsule sets {name} itself", f"--set {name}=…")


def _flag(line: Assignment) -> str | None:
    return None if line.origin == DEFAULT else line.origin.removeprefix("no ")


def _refuse(setting: OptionSetting, reason: str, remedy: str) -> NoReturn:
    raise UsageError(f"--set {join_option(setting.option)}: {reason}", hint=remedy)
