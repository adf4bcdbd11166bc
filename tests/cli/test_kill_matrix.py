"""Whatever is killed, whenever: a few cases here, all of them with --full.

`python -m tests.killing` is the same, a cloud beside the other, with a table of figures.
"""

from pathlib import Path

import pytest

from tests.killing.matrix import CLOUDS, Ground, Point, Tally, one_case, run_cloud
from tests.killing.proxy import Asked, Blow

RENTING = Asked("POST /v4/linode/instances", 0)


@pytest.mark.parametrize(
    ("point", "resume"),
    [
        (Point(blow=Blow.BEFORE, asked=RENTING), True),
        (Point(blow=Blow.SENT, asked=RENTING), False),
    ],
    ids=str,
)
def test_a_deploy_killed_at_the_request_that_rents(
    tmp_path: Path,
    point: Point,
    resume: bool,  # noqa: FBT001
) -> None:
    ground, tally = Ground("linode", tmp_path), Tally("linode")
    try:
        one_case(ground, point, tally, resume=resume)
    finally:
        ground.close()
    assert (tally.unfinished, tally.orphans) == (1, 0)
    assert (tally.resumed, tally.abandoned) == (int(resume), int(not resume))


@pytest.mark.full
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_deploy_killed_at_every_step_and_request(
    cloud: str,
    tmp_path: Path,
    turned: bool,  # noqa: FBT001
) -> None:
    tally = run_cloud(cloud, tmp_path, turned=turned)
    assert tally.failures == []
    assert tally.cases > 20
    assert tally.orphans == 0
