"""The clouds' last price lists as files of JSON."""

from pathlib import Path
from shlex import quote

from capsule_adapters.store.files import make_private_folder, read_limited, write_atomically
from capsule_domain.errors import StoreError
from capsule_domain.models.price_list import PriceList

LIMIT_BYTES = 256 * 1024**2
"""AWS alone has some ten thousand offers."""


class JsonPriceLists:
    """Implements the `PriceLists` port: `<folder>/<cloud>.json`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def kept(self, provider: str) -> PriceList | None:
        file = self._file(provider)
        content = read_limited(file, LIMIT_BYTES)
        if content is None:
            return None
        try:
            found = PriceList.model_validate_json(content)
        except ValueError as error:  # pydantic's ValidationError is one
            raise _damaged(file) from error
        if found.provider != provider or {o.provider for o in found.offers} - {provider}:
            raise _damaged(file)
        return found

    def keep(self, prices: PriceList) -> None:
        make_private_folder(self._folder)
        write_atomically(self._file(prices.provider), prices.model_dump_json().encode())

    def _file(self, provider: str) -> Path:
        return self._folder / f"{provider}.json"


def _damaged(file: Path) -> StoreError:
    return StoreError(f"{file} is no price list of ours", hint=f"rm {quote(str(file))}")
