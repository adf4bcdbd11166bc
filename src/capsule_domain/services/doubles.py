"""Words that come twice among a million, found in eight bytes each."""

from array import array
from collections.abc import Iterator
from itertools import pairwise

_BUCKETS = 256


class Doubles:
    """Remembers of each word its hash alone. Two words of one hash there are not in practice."""

    def __init__(self) -> None:
        self._buckets = [array("q") for _ in range(_BUCKETS)]

    def add(self, word: str) -> None:
        """It is there once more."""
        number = hash(word)
        self._buckets[number % _BUCKETS].append(number)

    def again(self) -> Iterator[int]:
        """The hash of each word that was there before, as often as it came again."""
        for bucket in self._buckets:
            yield from (number for number, after in pairwise(sorted(bucket)) if number == after)
