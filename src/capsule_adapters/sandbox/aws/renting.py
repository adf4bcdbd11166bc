"""RunInstances: refused as EC2 refuses, done once for each ClientToken."""

import hashlib
import json
import re

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.aws import deeds
from capsule_adapters.sandbox.aws.engine import Engine
from capsule_adapters.sandbox.aws.fleet import Fleet
from capsule_adapters.sandbox.aws.objections import object_to, tags_of, user_data_of
from capsule_adapters.sandbox.aws.state import Promise, Rental, State
from capsule_adapters.sandbox.aws.stock import NIXOS_IMAGES
from capsule_adapters.sandbox.aws.temper import Temper
from capsule_adapters.sandbox.aws.wire import Call, Refusal, xml

_TOKEN_CHARS = 64


class Renting:
    """Starts instances. moto takes a token and makes nothing of it: the promises are ours."""

    def __init__(self, state: State, engine: Engine, fleet: Fleet, temper: Temper) -> None:
        self._state = state
        self._engine = engine
        self._fleet = fleet
        self._temper = temper

    def run(self, call: Call) -> Answer:
        """RunInstances. A ClientToken that came before gets what it got before."""
        token = str(call.parameters.get("ClientToken", ""))
        if len(token) > _TOKEN_CHARS:
            raise Refusal("InvalidParameterValue", "ClientToken has more than 64 characters.")
        key, digest = f"{call.region}/{token}", _digest(call)
        promise = self._state.promises.get(key) if token else None
        if promise is not None and promise.digest != digest:
            said = "The request uses the same client token as a previous, but non-identical request"
            raise Refusal("IdempotentParameterMismatch", said)
        if promise is None:
            backend = self._engine.region(call.region)
            object_to(call, backend, self._temper, self._state.living(call.region))
            young = self._fleet.now - self._temper.unknown_seconds
            deeds.refuse_young(call, self._state, since=young)
            answer, ids = deeds.do(call, self._state, self._engine, self._fleet.now)
            if answer.status != 200:
                return answer
            for instance_id in ids:
                self._move_in(call, instance_id)
            promise = Promise(digest, call.region, ids)
            if token:
                self._state.promises[key] = promise
        return self._reservation(promise)

    def _move_in(self, call: Call, instance_id: str) -> None:
        user_data = user_data_of(call)
        tags = dict(tags_of(call, "TagSpecification.1.Tag"))
        key = self._engine.region(call.region).key_pairs.get(call.parameters.get("KeyName", ""))
        keys = [key.public_key] if key is not None and _lets_root_in(call, user_data) else []
        rental = Rental(
            id=instance_id,
            region=call.region,
            slug=call.parameters["InstanceType"],
            name=tags.get("Name") or instance_id,
            public_keys=keys,
            user_data=user_data,
            created_at=self._fleet.now,
            launched_at=self._fleet.now,
            due_at=self._fleet.now + self._temper.boot_seconds,
        )
        self._fleet.move_in(rental)

    def _reservation(self, promise: Promise) -> Answer:
        """What RunInstances answers: moto's own shows its instances as if they ran."""
        ids = {f"InstanceId.{n}": one for n, one in enumerate(promise.ids, 1)}
        parameters = {"Action": "DescribeInstances", "Version": "2016-11-15", **ids}
        shown = self._engine.ask(Call("ec2", promise.region, "DescribeInstances", parameters))
        text = re.sub(r"^<\?xml[^>]*\?>\s*", "", shown.body.decode())
        text = text.replace("DescribeInstancesResponse", "RunInstancesResponse")
        return xml(
            shown.status,
            text.replace("<reservationSet><item>", "").replace("</item></reservationSet>", ""),
        )


def _digest(call: Call) -> str:
    told = {k: v for k, v in call.parameters.items() if k != "ClientToken"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _lets_root_in(call: Call, user_data: str) -> bool:
    """Ubuntu's images keep root out, key or no key, unless they are told otherwise."""
    import yaml

    if call.parameters["ImageId"] in NIXOS_IMAGES:
        return True
    try:
        content = yaml.safe_load(user_data)
    except (yaml.YAMLError, RecursionError, ValueError):
        return False
    return isinstance(content, dict) and content.get("disable_root") is False
