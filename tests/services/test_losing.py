"""Killed at any moment while alerts fire and channels fail: nothing is lost, nothing doubled.

A few kills here, 200 with --full; `python -m tests.losing` is the same with a table.
"""

from pathlib import Path

import pytest

from tests.losing.proof import run


def test_a_collector_that_is_killed_loses_no_alert(tmp_path: Path) -> None:
    tally = run(tmp_path / "home", 3)
    assert tally.failures == []
    assert tally.kills == 3
    assert tally.fired > 0
    assert tally.deliveries >= 3 * tally.messages > 0


@pytest.mark.full
def test_a_collector_that_is_killed_two_hundred_times_loses_no_alert(tmp_path: Path) -> None:
    tally = run(tmp_path / "home", 200, seed=7)
    assert tally.failures == []
    assert tally.fired > 50
