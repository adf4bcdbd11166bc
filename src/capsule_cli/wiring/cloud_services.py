"""The services that look at clouds."""

from functools import partial
from typing import TYPE_CHECKING

from capsule_cli.wiring.fields import Ports
from capsule_domain.errors import ConfigurationError

if TYPE_CHECKING:
    from capsule_domain.services.clouds import Clouds
    from capsule_domain.services.configure_provider import ConfigureProvider
    from capsule_domain.services.market import Market


class CloudServices(Ports):
    """The clouds, their keys and what they sell."""

    def known_provider(self, name: str) -> str:
        """The cloud that `name` is, or begins. Raises NotFound with the nearest, and Conflict."""
        from capsule_domain.services.one_of import one_of

        return one_of("provider", name, self.providers(), hint="capsule openmesh providers")

    def market(self, *clouds: str) -> "Market":
        """These clouds, or all that are configured and go on.

        Raises ConfigurationError when none is configured.
        """
        from capsule_domain.services.ended import still_going
        from capsule_domain.services.market import Market

        names = clouds or still_going(self.configured(), self.ended)
        if not names:
            raise ConfigurationError(
                "no cloud is configured",
                hint=f"export one of {', '.join(self._variables())}; or: capsule openmesh "
                "provider configure NAME; or rehearse: capsule --sandbox …",
            )
        return Market(
            {name: partial(self.provider, name) for name in names},
            self.catalogue().templates(),
            self.clock(),
        )

    def _variables(self) -> list[str]:
        """The first variable of each cloud's key, for the clouds that go on."""
        from capsule_domain.services.ended import still_going

        keys = self.cloud_keys()
        parts = (keys.parts(name)[0] for name in still_going(self.providers(), self.ended))
        return [part.variables[0] for part in parts]

    def clouds(self) -> "Clouds":
        from capsule_domain.services.clouds import Clouds

        return Clouds(self.facts, self.cloud_keys(), self.catalogue())

    def configure_provider(self) -> "ConfigureProvider":
        from capsule_domain.services.configure_provider import ConfigureProvider

        return ConfigureProvider(self.cloud_keys(), self.provider_with)
