"""From the places where a machine will be to the ways in."""

from collections.abc import Sequence

from capsule_domain.models.endpoint import Endpoint
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.ports.host import Destination, Target
from capsule_domain.ports.nixos_hosts import Machine


def endpoint_machines(
    endpoints: Sequence[Endpoint], machine: Machine, live: LiveSystem
) -> Sequence[Machine]:
    """Where the new system has to be reached: at each place that it declares, else where the
    machine is now, which is the last of `endpoints`.
    """
    declared = [one for one in endpoints if one.declared]
    if machine is None or not declared:
        return [machine]
    now = endpoints[-1]
    return [machine if one == now else _at(machine, one, now, live) for one in declared]


def moved_to(endpoints: Sequence[Endpoint]) -> Endpoint | None:
    """Where a machine is from now on, when the place where it was is none of its places."""
    declared = [one for one in endpoints if one.declared]
    if not declared or endpoints[-1].declared:
        return None
    return declared[0]


def _at(machine: Target | Destination, place: Endpoint, now: Endpoint, live: LiveSystem) -> Machine:
    """The same machine at another place, known by the same key."""
    if isinstance(machine, Target):
        return machine.model_copy(update={"address": place.address, "port": place.port})
    if place.address == now.address:
        return machine.moved(host=machine.host, port=place.port)
    # What ~/.ssh/config says of its name does not hold for an address.
    there = machine.moved(host=place.address, port=place.port)
    return there.model_copy(update={"user": machine.user or live.user})
