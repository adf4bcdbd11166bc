"""What every other adapter stands on: the home, the clock, what was chosen, the clouds."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from capsule_cli.options import GlobalOptions

if TYPE_CHECKING:
    from capsule_adapters.store.choices import YamlChoices
    from capsule_cli.wiring.clouds import CloudPorts
    from capsule_domain.models.money import Rates
    from capsule_domain.ports.catalogue import Catalogue
    from capsule_domain.ports.clock import Clock
    from capsule_domain.ports.presets import Presets


class Ground:
    """Adapters, each imported and made when it is first used, and used again after."""

    def __init__(self, options: GlobalOptions, environment: Mapping[str, str]) -> None:
        self._sandboxed = options.sandbox
        self._sandbox_home = options.home / "sandbox"
        self._home = self._sandbox_home if options.sandbox else options.home
        self._environment = environment
        self.closers: list[Callable[[], None]] = []

    @cached_property
    def clock(self) -> "Clock":
        from capsule_adapters.clock import SystemClock

        return SystemClock()

    @cached_property
    def presets(self) -> "Presets":
        from capsule_adapters.presets.builtin import BuiltinPresets

        return BuiltinPresets(self._home)

    @cached_property
    def choices(self) -> "YamlChoices":
        from capsule_adapters.store.choices import YamlChoices

        return YamlChoices(self._home)

    @cached_property
    def catalogue(self) -> "Catalogue":
        from capsule_adapters.presets.catalogue import TomlCatalogue

        return TomlCatalogue()

    def rates(self) -> "Rates":
        from capsule_adapters.presets.catalogue import rates

        return rates()

    @cached_property
    def clouds(self) -> "CloudPorts":
        from capsule_cli.wiring.clouds import CloudPorts

        return CloudPorts(
            home=self._home,
            sandboxed=self._sandboxed,
            sandbox_home=self._sandbox_home,
            environment=self._environment,
            clock=self.clock,
        )
