"""Where the presets are."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from capsule_domain.errors import StoreError


def presets_root() -> Traversable:
    """The folder with stacks/, profiles/ and catalogue/.

    An installed Capsule carries it as `data` in this package; in a checkout it is
    the repository's presets/. Raises StoreError when neither is there.
    """
    carried = files(__package__) / "data"
    if carried.is_dir():
        return carried
    checkout = Path(__file__).resolve().parents[3] / "presets"
    if checkout.is_dir():
        return checkout
    raise StoreError("the presets of this installation are missing", hint="install Capsule again")
