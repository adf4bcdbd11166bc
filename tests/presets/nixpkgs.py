"""The packages that nixpkgs lists."""

import csv
import gzip
from functools import cache

from tests.tools import shared_file


@cache
def _names() -> frozenset[str]:
    with gzip.open(shared_file("nix/packages.tsv.gz"), "rt") as lines:
        return frozenset(row[0] for row in csv.reader(lines, delimiter="\t"))


def is_in_nixpkgs(package: str) -> bool:
    """Whether the list has the package, or the set that it is in: `python3Packages.numpy`."""
    return package.partition(".")[0] in _names()
