"""What outlives servers: found by the names that only Capsule gives, and nothing else touched."""

import pytest

from capsule_adapters.rest.keys import key_name
from capsule_adapters.rest.public_key import PublicKey
from capsule_adapters.sandbox import faults
from capsule_domain.errors import ProviderError
from capsule_domain.models.leftover import LeftoverKind
from tests.simulators import aws, digitalocean, scaleway
from tests.simulators.scaleway_calls import BLOCK, KEY, on_block, rental

TAG = "capsule-00000000aa"
LOCAL = "/instance/v1/zones/fr-par-1/volumes"


@pytest.mark.parametrize(
    ("wanted", "where"), [(rental(), LOCAL), (on_block(), BLOCK)], ids=["local", "block"]
)
def test_a_volume_that_outlived_its_server_is_known_by_its_deployment(
    wanted: object, where: str
) -> None:
    with scaleway.rehearsal() as here:
        request = wanted.model_copy(update={"tags": (TAG, "web")})  # type: ignore[attr-defined]
        server_id = here.provider.create(request).server_id
        here.clock.advance(5)
        assert [each.kind for each in here.provider.leftovers()] == [LeftoverKind.KEY]
        here.provider.stop(server_id)
        here.simulator.faults.add(faults.status(403), method="DELETE", path=f"{where}/.*")
        with pytest.raises(ProviderError, match="left and billed"):
            here.provider.destroy(server_id)
        here.clock.advance(60)
        volume, _key = here.provider.leftovers()
        assert (volume.kind, volume.name, volume.deployment) == ("volume", TAG, TAG[8:])
        for leftover in here.provider.leftovers():
            here.provider.remove_leftover(leftover)
        state = here.simulator.state
        assert (state.volumes, state.keys) == ({}, {})


def test_a_volume_that_somebody_else_named_is_not_ours() -> None:
    with scaleway.rehearsal() as here:
        server_id = here.provider.create(on_block(tags=("web",))).server_id
        here.clock.advance(5)
        here.provider.stop(server_id)
        here.simulator.faults.add(faults.status(403), method="DELETE", path=f"{BLOCK}/.*")
        with pytest.raises(ProviderError):
            here.provider.destroy(server_id)
        assert {each.kind for each in here.provider.leftovers()} == {LeftoverKind.KEY}
        assert len(here.simulator.state.volumes) == 1


def test_the_group_at_aws_is_left_only_when_no_server_uses_it() -> None:
    with aws.rehearsal() as here:
        request = rental(region="eu-west-1", slug="t3.micro", tags=(TAG,))
        server_id = here.provider.create(request).server_id
        here.clock.advance(60)
        assert {each.kind for each in here.provider.leftovers()} == {LeftoverKind.KEY}
        here.simulator.faults.add(
            faults.status(503), method=".*", path=".*DeleteSecurityGroup", times=99
        )
        here.provider.destroy(server_id)
        here.simulator.faults.clear()
        found = {each.kind: each for each in here.provider.leftovers()}
        assert found.keys() == {LeftoverKind.KEY, LeftoverKind.GROUP}
        assert found[LeftoverKind.GROUP].name == "capsule-ssh in eu-west-1"
        for leftover in found.values():
            here.provider.remove_leftover(leftover)
        assert here.provider.leftovers() == []


def test_only_a_key_that_bears_the_name_that_we_compute_is_ours() -> None:
    with digitalocean.rehearsal() as here:
        here.provider.create(rental(region="fra1", slug="s-1vcpu-1gb", tags=(TAG,)))
        [ours] = here.provider.leftovers()
        assert ours.name == key_name(PublicKey.parse(KEY))
        [kept] = here.simulator.state.keys.values()
        kept.name = "capsule-laptop"
        assert here.provider.leftovers() == []
