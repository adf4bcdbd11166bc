"""What must be known of a product before it is rented."""

from typing import TYPE_CHECKING

from pydantic import Field, TypeAdapter

from capsule_adapters.providers.hivelocity.devices import HOURLY
from capsule_adapters.rest.answer import Answer
from capsule_adapters.rest.refusals import Subject
from capsule_adapters.rest.wire import Wire, understood
from capsule_domain.errors import NotFound, ProviderError

if TYPE_CHECKING:  # it brings the HTTP library along, which listing clouds does not need
    from capsule_adapters.rest.transport import JsonApi

_LONGEST_ID = 18
_SYSTEMS_NAMED = 6


class _Sold(Wire):
    is_vps: bool | None = None
    not_for: tuple[str, ...] | None = Field(
        None, validation_alias="product_disabled_billing_periods"
    )


class _Features(Wire):
    cloud_init: bool | None = Field(None, validation_alias="cloudInit")


class _System(Wire):
    name: str
    features: _Features | None = Field(None, validation_alias="operatingSystemFeatures")

    @property
    def takes_user_data(self) -> bool:
        return self.features is None or self.features.cloud_init is not False


_SYSTEMS = TypeAdapter(list[_System])


class Store:
    """Asks for products by their ids."""

    def __init__(self, api: "JsonApi") -> None:
        self._api = api

    def is_vps(self, product: str) -> bool:
        """Of which kind it is. Raises NotFound, and ProviderError when it has a longer term."""
        answer = self._ask("/inventory/product/{}", product)
        with understood(self._api.provider, "product", answer.request_id):
            sold = _Sold.model_validate(answer.body)
        if HOURLY in (sold.not_for or ()):
            raise ProviderError(
                self._api.provider,
                f"product {product} is not rented by the hour",
                hint="choose another: capsule openmesh templates --live",
            )
        return bool(sold.is_vps)

    def system(self, product: str, wanted: str, *, exactly: bool) -> str:
        """The operating system as the product calls it. Raises ProviderError without one.

        Unless it must be `exactly` the wanted one, a name that begins alike will do: the
        same system is called differently from product to product.
        """
        answer = self._ask("/product/{}/operating-systems", product)
        with understood(self._api.provider, "", answer.request_id):
            systems = _SYSTEMS.validate_python(answer.body)
        names = [system.name for system in systems if system.takes_user_data]
        if wanted in names:
            return wanted
        alike = [name for name in names if name.startswith(wanted.partition(" (")[0])]
        if alike and not exactly:
            return alike[0]
        there = ", ".join(names[:_SYSTEMS_NAMED]) or "none that takes user data"
        raise ProviderError(
            self._api.provider,
            f"product {product} has no system '{wanted}'; there is {there}",
        )

    def _ask(self, path: str, product: str) -> Answer:
        if not (product.isascii() and product.isdecimal() and len(product) <= _LONGEST_ID):
            raise NotFound(f"{self._api.provider} product", product)
        return self._api.get(path.format(product), subject=Subject("product", product))
