"""Names for the shell's completion, read from the home that the environment names."""

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capsule_cli.wiring import Wiring

Complete = Callable[[str], list[str]]

_MOST = 200
"""More words than a person looks through."""


def _from(names: "Callable[[Wiring], Iterable[str]]") -> Complete:
    def complete(incomplete: str) -> list[str]:
        from capsule_cli.options import split
        from capsule_cli.wiring import wire
        from capsule_domain.errors import CapsuleError

        options, _ = split([], os.environ)
        wiring = wire(options, os.environ)
        try:
            return sorted({name for name in names(wiring) if name.startswith(incomplete)})
        except CapsuleError:
            return []  # a shell that completes is no place for an error
        finally:
            wiring.close()

    return complete


def _beginning(names: "Callable[[Wiring, str], Iterable[str]]") -> Complete:
    """Of what there are too many to be read all: `names` is told the beginning."""
    return lambda incomplete: _from(lambda wiring: names(wiring, incomplete))(incomplete)


packages = _beginning(lambda wiring, word: wiring.index().beginning(word, limit=_MOST))
"""Attributes from the index, where there is one."""


def words(*fixed: str) -> Complete:
    """Completion from a few words."""
    return lambda incomplete: [word for word in fixed if word.startswith(incomplete)]


def lockout_rules(incomplete: str) -> list[str]:
    """Rules of the lint that a person may allow."""
    from capsule_domain.services.lockout import RULES

    names = [rule.name for rule in RULES if not rule.always]
    return [name for name in names if name.startswith(incomplete)]


stacks = _from(lambda wiring: wiring.presets().stacks())
categories = _from(lambda wiring: (s.category for s in wiring.presets().stacks().values()))
profiles = _from(lambda wiring: (*wiring.presets().profiles(), *wiring.choices().profile_names()))
own_profiles = _from(lambda wiring: wiring.choices().profile_names())
built_in_profiles = _from(lambda wiring: wiring.presets().profiles())
sprouts = _from(lambda wiring: wiring.presets().sprouts())
own_packages = _from(lambda wiring: wiring.manage_profile().active().packages)
providers = _from(lambda wiring: wiring.providers())
regions = _from(
    lambda wiring: (
        word for one in wiring.catalogue().regions() for word in (one.region, *one.aliases)
    )
)
templates = _from(lambda wiring: (one.template for one in wiring.catalogue().templates()))
xnodes = _beginning(lambda wiring, word: wiring.inventory().names(word, limit=_MOST))
tags = _beginning(lambda wiring, word: wiring.inventory().tags(word, limit=_MOST))
alerts = _from(lambda wiring: (one.id for one in wiring.alert_book().list()))
rules = _from(lambda wiring: (one.name for one in wiring.watch_plan().rules))
silences = _from(
    lambda wiring: (one.id for one in wiring.alert_book().silences(wiring.clock().now()))
)
given_up = _from(lambda wiring: (one.notification.id for one in wiring.outbox().dead()))
deployments = _from(lambda wiring: (one.id for one in wiring.journal().list()))
generations = _from(
    lambda wiring: (str(one.generation) for one in wiring.nix_environment().generations())
)
