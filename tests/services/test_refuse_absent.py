"""Options that a release does not have are refused with what to set instead."""

import pytest

from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_domain.errors import UsageError
from capsule_domain.models.nixos import NixosRequest
from capsule_domain.models.option import OptionSetting
from capsule_domain.models.release import CHANGES, FACTS, RELEASES, OptionChange, absent
from capsule_domain.services.compose import Compose
from capsule_domain.services.refuse_absent import refuse_absent

MINIMAL = Compose(BuiltinPresets()).resolve(BuiltinPresets().profiles()["minimal"])


def asked(option: str, release: str) -> NixosRequest:
    setting = OptionSetting(option=tuple(option.split(".")), value=True)
    return NixosRequest(environment=MINIMAL, release=release, settings=(setting,))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.option)
@pytest.mark.parametrize("release", RELEASES)
def test_each_change_holds_for_each_release(change: OptionChange, release: str) -> None:
    option = change.option
    if change.is_in(release):
        refuse_absent(asked(f"{option}.inside", release))
        return
    with pytest.raises(UsageError, match=f"NixOS {release} does not have it"):
        refuse_absent(asked(option, release))


def test_the_remedy_is_named() -> None:
    with pytest.raises(UsageError, match=r"it is gone since 26\.05") as caught:
        refuse_absent(asked("systemd.coredump.extraConfig", "26.05"))
    assert caught.value.hint == "set systemd.coredump.settings.Coredump"
    with pytest.raises(UsageError, match=r"it came with 26\.11"):
        refuse_absent(asked("boot.loader.systemd-boot.bootCounting.enable", "26.05"))


def test_a_name_that_begins_alike_is_another_option() -> None:
    assert absent("systemd.extraConfigs", "26.11") is None


def test_every_entry_has_a_source_and_matters_to_some_release() -> None:
    assert set(FACTS) == set(RELEASES)
    assert all(facts.source for facts in FACTS.values())
    for change in CHANGES:
        assert change.source.endswith((".md", ".nix"))
        assert not all(change.is_in(release) for release in RELEASES) or change.since == RELEASES[0]
