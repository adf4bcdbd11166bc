"""Requests that make something: done by moto, written down, and done again after a restart."""

import re
from collections.abc import Sequence

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.aws.engine import Engine
from capsule_adapters.sandbox.aws.state import Deed, State
from capsule_adapters.sandbox.aws.wire import Call

RECORDED = frozenset(
    {
        "RunInstances",
        "ImportKeyPair",
        "DeleteKeyPair",
        "CreateSecurityGroup",
        "AuthorizeSecurityGroupIngress",
        "DeleteSecurityGroup",
        "CreateTags",
        "DeleteTags",
    }
)
_UNKEPT = frozenset({"UserData", "ClientToken"})
_INSTANCE = re.compile(rb"<instanceId>(i-[0-9a-f]+)</instanceId>")


def do(call: Call, state: State, engine: Engine) -> tuple[Answer, list[str]]:
    """moto's answer, and the ids of the instances in it."""
    engine.region(call.region)
    number = state.new_number()
    engine.seed(str(number))
    answer = engine.ask(call)
    ids = instances_in(answer)
    if answer.status == 200 and call.operation in RECORDED:
        kept = {k: str(v) for k, v in call.parameters.items() if k not in _UNKEPT}
        ours = ids if call.operation == "RunInstances" else []
        state.deeds.append(Deed(number, call.region, call.operation, kept, ours))
    return answer, ids


def redo(state: State, engine: Engine) -> None:
    """Bring moto to where it was. Raises ValueError when it makes other things than it did."""
    for deed in state.deeds:
        engine.region(deed.region)
        engine.seed(str(deed.number))
        answer = engine.ask(Call("ec2", deed.region, deed.operation, deed.parameters))
        if answer.status != 200 or (deed.ids and instances_in(answer) != deed.ids):
            raise ValueError(f"deed {deed.number} ({deed.operation}) cannot be done again")


def forget(state: State, instance_id: str) -> None:
    """The instance need not come back."""
    for deed in state.deeds:
        if instance_id in deed.ids:
            deed.ids.remove(instance_id)
    state.deeds = [d for d in state.deeds if d.ids or d.operation != "RunInstances"]


def instances_in(answer: Answer) -> list[str]:
    """The ids of the instances in an answer of EC2's, in order."""
    body: bytes = answer.body or b""
    found: Sequence[bytes] = _INSTANCE.findall(body)
    return list(dict.fromkeys(one.decode() for one in found))
