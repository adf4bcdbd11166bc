"""Whatever happens to a machine that is switched: a few cases here, all of them with --full.

`python -m tests.nixos_root` is the same, with a table.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.nixos_root.faults import Case, cases

CASES = [*cases()]
SHORT = [case for case in CASES if case.short and not case.root.get("network")]
AT_ONCE = 5


def results(chosen: list[Case], folder: Path) -> dict[str, list[str]]:
    """What did not agree, by case. They wait for most of their time: a few at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        folders = [folder / str(number) for number in range(len(chosen))]
        wrong = pool.map(Case.run, chosen, folders)
        return {case.name: words for case, words in zip(chosen, wrong, strict=True) if words}


def test_a_machine_ends_as_its_word_says_whatever_happens(tmp_path: Path) -> None:
    assert len(SHORT) > 4
    assert results(SHORT, tmp_path) == {}


def test_a_firewall_that_keeps_the_old_connection_and_refuses_new_ones_is_opened_again(
    tmp_path: Path,
) -> None:
    [closed] = [case for case in CASES if case.short and case.root.get("network")]
    assert closed.run(tmp_path) == []


@pytest.mark.full
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_case_of_the_matrix(case: Case, tmp_path: Path) -> None:
    assert case.run(tmp_path) == []
