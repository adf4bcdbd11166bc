"""Two Capsules as processes of their own rent one name at once: one has it, the other nothing."""

from pathlib import Path

import pytest

from capsule_domain.models.deployment import DeploymentState
from capsule_domain.models.server import ServerStatus
from tests.killing.matrix import CLOUDS, Ground, Home
from tests.killing.rivals import two_at_once

_NAMES_ARE_UNIQUE = ("linode",)
"""Clouds that refuse the second one by themselves."""
_APART_SECONDS = {"vultr": 1.1}
"""Where an account may rent once a second."""


def test_of_two_that_deploy_one_name_at_once_one_gives_way(tmp_path: Path) -> None:
    _one_gives_way("digitalocean", tmp_path)


@pytest.mark.full
@pytest.mark.parametrize("cloud", CLOUDS)
def test_of_two_that_deploy_one_name_at_once_one_gives_way_at_every_cloud(
    cloud: str, tmp_path: Path
) -> None:
    _one_gives_way(cloud, tmp_path)


def _one_gives_way(cloud: str, folder: Path) -> None:
    ground = Ground(cloud, folder)
    try:
        rivals = two_at_once(ground, apart_seconds=_APART_SECONDS.get(cloud, 0.0))
        said = "\n".join(line for rival in rivals for line in rival.lines)
        assert [rival.code for rival in rivals].count(0) == 1, said
        winner, loser = sorted(rivals, key=lambda rival: rival.code)
        server_id, deployment = _has_one(winner.home)
        if cloud in _NAMES_ARE_UNIQUE:
            assert (loser.code, _state(loser.home)) == (6, DeploymentState.FAILED), said
        else:
            assert (loser.code, _state(loser.home)) == (5, DeploymentState.ABANDONED), said
            assert f"(server {server_id}, deployment {deployment})" in said
        winner.home.end()
        ground.must_be_empty()
    finally:
        ground.close()


def _has_one(home: Home) -> tuple[str, str]:
    """The one server of the account is its own."""
    wiring = home.wired()
    try:
        [deployment] = wiring.journal().list()
        assert deployment.state is DeploymentState.READY
        [xnode] = wiring.inventory().list()
        there = wiring.provider(home.cloud).servers()
        living = [each.server_id for each in there if each.status is not ServerStatus.GONE]
        assert living == [xnode.server_id]
        return xnode.server_id, deployment.id
    finally:
        wiring.close()


def _state(home: Home) -> DeploymentState:
    """How its deployment ended; nothing is in its inventory."""
    wiring = home.wired()
    try:
        [deployment] = wiring.journal().list()
        assert wiring.inventory().list() == []
        return deployment.state
    finally:
        wiring.close()
