"""Options set by hand, looked up in the index."""

import pytest

from capsule_domain.errors import UsageError
from capsule_domain.models.package import NixosOption, Package
from capsule_domain.services.judge_settings import judge_settings
from capsule_domain.services.option_values import option_settings
from tests.fakes.package_index import FakePackageIndex

OPTIONS = (
    NixosOption(name="services.nginx.enable", kind="boolean"),
    NixosOption(name="services.nginx.virtualHosts", kind="attribute set of (submodule)"),
    NixosOption(name="services.nginx.virtualHosts.<name>.root", kind="null or absolute path"),
    NixosOption(name="networking.firewall.allowedTCPPorts", kind="list of signed integer"),
    NixosOption(name="services.old", kind="boolean", hidden=True, instead="services.nginx.enable"),
)


@pytest.mark.parametrize(
    "setting",
    [
        "services.nginx.enable=true",
        'services.nginx.virtualHosts."www.example.org".root=/srv/www',
        'services.nginx={"enable": true, "virtualHosts": {"a": {"root": null}}}',
        "networking.firewall.allowedTCPPorts=[1,2]",
        "capsule.docker.users=[]",
    ],
)
def test_what_is_known_and_fits_is_taken(setting: str) -> None:
    judge_settings(option_settings([setting]), FakePackageIndex([], OPTIONS))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("services.ngnix.enable=true", "did you mean services.nginx.enable"),
        ("services.nginx.enable=yes", "services.nginx.enable takes boolean"),
        ('services.nginx={"enabel": true}', "did you mean services.nginx.enable"),
        ("services.nginx.virtualHosts.a.root=relative", "takes null or absolute path"),
        ('networking.firewall.allowedTCPPorts=["80"]', "takes list of signed integer"),
        ("services.old=true", "renamed to services.nginx.enable"),
    ],
)
def test_what_nixos_does_not_know_or_take_is_refused(setting: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        judge_settings(option_settings([setting]), FakePackageIndex([], OPTIONS))
    assert caught.value.message.startswith("--set: ")


def test_without_an_index_nothing_is_judged() -> None:
    judge_settings(option_settings(["no.such.option=1"]), FakePackageIndex())


def test_an_index_of_packages_alone_says_nothing_of_options() -> None:
    index = FakePackageIndex([Package(attribute="hello")], [])
    judge_settings(option_settings(["services.ngnix.enable=true"]), index)
