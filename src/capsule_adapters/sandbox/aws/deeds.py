"""Requests that make something: done by moto, written down, and done again after a restart."""

import re
from collections.abc import Sequence

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.aws.engine import Engine
from capsule_adapters.sandbox.aws.state import Deed, State
from capsule_adapters.sandbox.aws.wire import Call, Refusal

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
_MADE = {
    "RunInstances": re.compile(rb"<instanceId>(i-[0-9a-f]+)</instanceId>"),
    "CreateSecurityGroup": re.compile(rb"<groupId>(sg-[0-9a-f]+)</groupId>"),
}


def do(call: Call, state: State, engine: Engine, now: float) -> tuple[Answer, list[str]]:
    """moto's answer, and the ids of the instances or the group that it made."""
    engine.region(call.region)
    number = state.new_number()
    engine.seed(str(number))
    answer = engine.ask(call)
    ids = _made(call.operation, answer)
    if answer.status == 200 and call.operation in RECORDED:
        kept = {k: str(v) for k, v in call.parameters.items() if k not in _UNKEPT}
        state.deeds.append(Deed(number, now, call.region, call.operation, kept, ids))
    return answer, ids


def redo(state: State, engine: Engine) -> None:
    """Bring moto to where it was. Raises ValueError when it makes other things than it did."""
    for deed in state.deeds:
        engine.region(deed.region)
        engine.seed(str(deed.number))
        answer = engine.ask(Call("ec2", deed.region, deed.operation, deed.parameters))
        if answer.status != 200 or _made(deed.operation, answer) != deed.ids:
            raise ValueError(f"deed {deed.number} ({deed.operation}) cannot be done again")


def forget(state: State, instance_id: str) -> None:
    """The instance need not come back, and nor need its tags."""
    state.deeds = [
        deed
        for deed in state.deeds
        if instance_id not in deed.ids and deed.parameters.get("ResourceId.1") != instance_id
    ]


def refuse_young(call: Call, state: State, *, since: float) -> None:
    """Raises the Refusal of a RunInstances with a key or a group made after `since`."""
    for deed in state.deeds:
        if deed.at <= since or deed.region != call.region:
            continue
        name = deed.parameters.get("KeyName")
        if deed.operation == "ImportKeyPair" and name == call.parameters.get("KeyName"):
            raise Refusal("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")
        groups = set(call.several("SecurityGroupId")).intersection(deed.ids)
        if deed.operation == "CreateSecurityGroup" and groups:
            raise Refusal(
                "InvalidGroup.NotFound", f"The security group '{groups.pop()}' does not exist"
            )


def _made(operation: str, answer: Answer) -> list[str]:
    """The ids of what an answer says was made, in order."""
    pattern = _MADE.get(operation)
    found: Sequence[bytes] = () if pattern is None else pattern.findall(answer.body or b"")
    return list(dict.fromkeys(one.decode() for one in found))
