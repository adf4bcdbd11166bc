"""What a person wants of a machine: what NixOS would refuse is refused with the rule."""

from collections.abc import Collection, Sequence
from typing import Any

import pytest

from capsule_domain.errors import NotFound, UsageError
from capsule_domain.models.nixos import NixosRequest
from capsule_domain.models.option import OptionSetting
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.services.assign import configuration
from capsule_domain.services.compose import Compose
from capsule_domain.services.nixos_wish import GrantWish, Wish
from tests.fakes.presets import FakePresets, stack

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2NzcJGJsuKrzfuGOu1A9jtbiYRT4pc9PcQJYHE4wTj me"
ZONES = ("Europe/Berlin", "Europe/Paris", "UTC")


def environment(*stacks: str) -> Environment:
    presets = FakePresets([stack(name, module="{ }\n") for name in ("web", "webserver")])
    return Compose(presets).resolve(Profile(name="p", stacks=stacks, packages=("hello",)))


def granted(*stacks: str, zones: Collection[str] = ZONES, **wish: Any) -> NixosRequest:
    return GrantWish(time_zones=lambda: zones).request(Wish(**wish), environment(*stacks))


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"hostname": ""}, "--hostname: a host name is"),
        ({"hostname": "Web"}, "--hostname: a host name is"),
        ({"hostname": "web_1"}, "--hostname: a host name is"),
        ({"hostname": "-web"}, "--hostname: a host name is"),
        ({"hostname": "a" * 64}, "--hostname: a host name is"),
        ({"hostname": "web.example.org"}, "--hostname: a host name is"),
        ({"hostname": "${web}"}, "--hostname: a host name is"),
        ({"hostname": "web\n"}, "--hostname: a host name is"),
        ({"username": "a" * 32}, "--username: a user name is"),
        ({"username": "1alice"}, "--username: a user name is"),
        ({"username": "alice\0"}, "--username: a user name is"),
        ({"username": "postgres"}, "--username: NixOS has an account of that name"),
        ({"username": "nixbld7"}, "--username: NixOS has an account of that name"),
        ({"username": "systemd-network"}, "--username: NixOS has an account of that name"),
        ({"timezone": "Berlin Time"}, "--timezone: a time zone is"),
        ({"timezone": "''"}, "--timezone: a time zone is"),
        ({"authorized_keys": ["ssh-ed25519"]}, "--authorized-key: a public key is"),
        ({"authorized_keys": [f"{KEY}\n{KEY}"]}, "--authorized-key: a public key is"),
        ({"domain": "localhost", "email": "a@b.org"}, "--domain: a domain is"),
        ({"domain": "203.0.113.1", "email": "a@b.org"}, "--domain: a domain is"),
        ({"domain": "*.example.org", "email": "a@b.org"}, "--domain: a domain is"),
        ({"domain": "münchen.example", "email": "a@b.org"}, "--domain: a domain is"),
        ({"domain": f"{'a.' * 127}org", "email": "a@b.org"}, "--domain: a domain is"),
        ({"domain": "x.org", "email": "a"}, "--email: an address is"),
        ({"domain": "x.org", "email": "a@b"}, "--email: an address is"),
        ({"domain": "x.org", "email": 'a"@b.org'}, "--email: an address is"),
        ({"domain": "x.org", "email": "a@b.org\n"}, "--email: an address is"),
        ({"disk": "sda"}, "--disk: a disk is"),
        ({"disk": "/dev/../etc/passwd"}, "--disk: a disk is"),
        ({"disk": "/dev/disk/by-id/x y"}, "--disk: a disk is"),
        ({"disk": "/dev/sda1"}, "--disk: that is a partition"),
        ({"disk": "/dev/nvme0n1p2"}, "--disk: that is a partition"),
        ({"disk": "/dev/disk/by-id/virtio-a-part1"}, "--disk: that is a partition"),
        ({"release": "24.11"}, "--release: a release is"),
        ({"secrets": "vault"}, "--secrets: "),
        ({"settings": ["nothing"]}, "--set: 'nothing'"),
        ({"email": "a@b.org"}, "--email is for the certificate of a --domain"),
        ({"domain": "x.org"}, "--domain needs --email"),
        ({"domain": "x.org", "email": "a@b.org"}, "the profile p has no web server"),
    ],
)
def test_what_nixos_would_refuse_is_refused_with_the_rule(wish: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        granted("web", **wish)
    assert said in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "wish",
    [
        {"hostname": "a"},
        {"hostname": "9" * 63},
        {"username": "_a-b"},
        {"username": "root"},
        {"timezone": "Europe/Berlin"},
        {"timezone": "US/Pacific"},
        {"disk": "/dev/nvme0n1"},
        {"disk": "/dev/disk/by-id/nvme-Samsung_SSD_990_PRO_2TB_S7KHNJ0W123456+1"},
        {"domain": "xn--mnchen-3ya.example", "email": "first.last+web@sub.b.org"},
        {"domain": "1.example.org", "email": "a@b.org"},
    ],
)
def test_what_nixos_takes_is_taken(wish: dict[str, Any]) -> None:
    granted("webserver", **wish)


def test_a_time_zone_that_the_machine_does_not_know_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="did you mean Europe/Berlin"):
        granted(timezone="Europe/Berlni")
    granted(timezone="Europe/Berlni", zones=())  # it has no list to judge by


def test_domain_and_address_reach_the_web_server() -> None:
    request = granted("webserver", domain="www.example.org", email="a@b.org")
    lines = {line.option: (line.value, line.origin) for line in configuration(request)}
    assert lines["capsule", "webserver", "domain"] == ("www.example.org", "--domain")
    assert lines["capsule", "webserver", "email"] == ("a@b.org", "--email")


@pytest.mark.parametrize(
    ("setting", "remedy"),
    [
        (
            "system.stateVersion=24.05",
            "it stays what it was: the data on the machine has that form",
        ),
        ("imports=[]", "name the option itself"),
        ("config.networking.domain=x", "name the option itself"),
        ("networking.hostName=x", "--hostname"),
        ("time.timeZone=UTC", "--timezone"),
        ("users.users.admin.isNormalUser=false", "--username"),
        ("users.users={}", "--authorized-key"),
        ("users.users.root.openssh.authorizedKeys.keys=[]", "--authorized-key"),
        ("services.openssh.enable=false", "edit access.nix"),
        ("services.openssh={}", "edit access.nix"),
        ("networking.firewall.enable=false", "edit access.nix"),
        ("capsule.web.enable=false", "capsule add, or capsule remove"),
        ("environment.systemPackages=[]", "capsule pkg add"),
        ("boot.loader={}", "--set boot.loader.systemd-boot.enable=…"),
        ("system.rebuild.enableNg=true", "capsule nixos generate --help"),
    ],
)
def test_what_is_capsules_to_set_is_not_set_twice(setting: str, remedy: str) -> None:
    with pytest.raises(UsageError) as caught:
        granted("web", settings=[setting], authorized_keys=[KEY])
    assert caught.value.hint == remedy


def test_a_choice_of_capsules_own_gives_way_to_the_persons() -> None:
    request = granted(settings=["i18n.defaultLocale=de_DE.UTF-8", "services.x.list=[1]"])
    found = [line for line in configuration(request) if line.option[0] in ("i18n", "services")]
    assert [(line.value, line.priority.value, line.origin) for line in found] == [
        ("de_DE.UTF-8", "force", "--set"),
        ([1], "normal", "--set"),
    ]


def test_options_are_judged_once_and_only_where_there_are_any() -> None:
    judged: list[Sequence[OptionSetting]] = []
    grant = GrantWish(judge=judged.append)
    grant.request(Wish(), environment())
    grant.request(Wish(settings=["services.x=1"]), environment())
    assert [[one.option for one in each] for each in judged] == [[("services", "x")]]
