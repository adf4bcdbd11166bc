"""Words that people type, as SQL can look them up."""

_LAST_CHARACTER = "\U0010ffff"


def storable(word: str) -> bool:
    """Whether a database can hold `word` at all: half a surrogate pair it cannot."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def prefix_range(prefix: str) -> tuple[str, str]:
    """First and last of the texts that begin with `prefix`; an index serves such a range."""
    return prefix, prefix + _LAST_CHARACTER
