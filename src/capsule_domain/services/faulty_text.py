"""A fault of what a profile's text names, with the line that names it."""

from collections.abc import Iterator
from contextlib import contextmanager

from capsule_domain.errors import ConfigurationError, NotFound
from capsule_domain.ports.profile_texts import ProfileTexts


@contextmanager
def placed(texts: ProfileTexts, text: str, source: str) -> Iterator[None]:
    """Turn a NotFound of the block into a ConfigurationError of `source`, with its line."""
    try:
        yield
    except NotFound as error:
        raise ConfigurationError(
            error.message,
            hint=error.hint,
            file=source,
            line=texts.line_of(text, error.name),
        ) from error
