"""Making moto's instances look as they should, in whatever state they are."""

from datetime import UTC, datetime

from capsule_adapters.sandbox.aws.engine import Engine
from capsule_adapters.sandbox.aws.state import CODES, Rental

_ADDRESSED = ("running", "stopping")


def show(engine: Engine, rental: Rental) -> None:
    """Let moto show the instance as it is: its state, its address, its times."""
    instance = engine.instance(rental.region, rental.id)
    if instance is None:
        return
    state = instance.instance_state
    state.name, state.code = rental.state, CODES[rental.state]
    instance.launch_time = _moment(rental.launched_at)
    for card in instance.nics.values():
        card.public_ip = rental.address if rental.state in _ADDRESSED else None
        card.attach_time = _moment(rental.created_at)
    for disk in instance.block_device_mapping.values():
        disk.attach_time = _moment(rental.created_at)


def _moment(seconds: float) -> datetime:
    """As moto keeps times: UTC, and without saying so."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
