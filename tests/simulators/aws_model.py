"""Judges requests and answers by AWS's own descriptions: botocore's models, and the trimmed
EC2 description beside the repository where it is there."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import botocore.session
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from capsule_adapters.sandbox.api import Exchange
from tests.tools import SHARED, shared_file

_ENVELOPE = ("Action", "Version")
NOT_IN_THE_TRIMMED_ONE = frozenset({"DeleteSecurityGroup", "DeleteTags", "DescribeVolumes"})


class Undocumented(AssertionError):
    """A request or an answer that AWS does not describe."""


def judge(exchange: Exchange) -> None:
    """Raises Undocumented."""
    _, service, _, operation = exchange.request.path.split("/")
    for model in _models(service, operation):
        asked = _asked(model, operation, exchange)
        report = ParamValidator().validate(asked, model.operation_model(operation).input_shape)
        if report.has_errors():
            raise Undocumented(f"{operation}: {report.generate_report()}")
    if exchange.status == 200 and exchange.fault is None:
        # moto's answers are as new as the installed model.
        _judge_answer(_models(service, operation)[0], operation, exchange.body)


def _models(service: str, operation: str) -> Sequence[Any]:
    models = [_installed(service)]
    if service == "ec2" and SHARED.is_dir() and operation not in NOT_IN_THE_TRIMMED_ONE:
        models.append(_trimmed())
    for model in models:
        if operation not in model.operation_names:
            raise Undocumented(f"{service} has no operation {operation}")
    return models


@cache
def _installed(service: str) -> Any:
    session: Any = botocore.session.get_session()
    return session.get_service_model(service)


@cache
def _trimmed() -> Any:
    return ServiceModel(json.loads(shared_file("specs/aws.ec2.json").read_text()), "ec2")


def _asked(model: Any, operation: str, exchange: Exchange) -> Any:
    """The parameters as boto3 had them, read back from the wire."""
    if model.metadata["protocol"] == "json":
        return json.loads(exchange.request.body)
    form = dict(parse_qsl(exchange.request.body.decode(), keep_blank_values=True))
    if form.get("Version") != model.metadata["apiVersion"]:
        raise Undocumented(f"{operation}: version {form.get('Version')}")
    given = {name: value for name, value in form.items() if name not in _ENVELOPE}
    shape = model.operation_model(operation).input_shape
    if shape is None:
        if given:
            raise Undocumented(f"{operation} takes nothing, and got {sorted(given)}")
        return {}
    return _structure(shape, given, operation)


def _structure(shape: Any, given: Mapping[str, str], where: str) -> dict[str, Any]:
    """Members from `A`, `B.C`, `D.1.E` … Raises Undocumented for a name that is none's."""
    names = {_wire_name(name, member): (name, member) for name, member in shape.members.items()}
    groups: dict[str, dict[str, str]] = {}
    for path, value in given.items():
        head, _, rest = path.partition(".")
        if head not in names:
            raise Undocumented(f"{where} has no parameter {head}")
        groups.setdefault(head, {})[rest] = value
    return {
        names[head][0]: _value(names[head][1], parts, f"{where}.{head}")
        for head, parts in groups.items()
    }


def _value(shape: Any, parts: Mapping[str, str], where: str) -> Any:
    if shape.type_name == "structure":
        return _structure(shape, parts, where)
    if shape.type_name == "list":
        numbered: dict[int, dict[str, str]] = {}
        for path, value in parts.items():
            number, _, rest = path.partition(".")
            if not number.isdecimal():
                raise Undocumented(f"{where} is a list, and got {path}")
            numbered.setdefault(int(number), {})[rest] = value
        return [_value(shape.member, numbered[n], f"{where}.{n}") for n in sorted(numbered)]
    if list(parts) != [""]:
        raise Undocumented(f"{where} is one value, and got {sorted(parts)}")
    return _scalar(shape, parts[""], where)


def _scalar(shape: Any, text: str, where: str) -> Any:
    if shape.type_name in ("integer", "long"):
        return int(text)
    if shape.type_name == "boolean":
        if text not in ("true", "false"):
            raise Undocumented(f"{where} is neither true nor false: {text}")
        return text == "true"
    # Of types there are more each month than any description has.
    known = shape.enum if shape.type_name == "string" and shape.name != "InstanceType" else ()
    if known and text not in known:
        raise Undocumented(f"{where} cannot be {text}")
    return text


def _wire_name(name: str, member: Any) -> str:
    """As botocore writes it for EC2: the query name, or the location's with a capital."""
    told = member.serialization
    if "queryName" in told:
        return str(told["queryName"])
    wire = str(told.get("name", name))
    return wire[:1].upper() + wire[1:]


def _judge_answer(model: Any, operation: str, body: bytes) -> None:
    shape = model.operation_model(operation).output_shape
    if shape is None:
        return
    if model.metadata["protocol"] == "json":
        _judge_json(shape, json.loads(body), operation)
        return
    root = ET.fromstring(body.decode())  # noqa: S314
    wrapper = shape.serialization.get("resultWrapper")
    nodes = [child for child in root if wrapper is None or _local(child) == wrapper]
    _judge_nodes(shape, list(nodes[0]) if wrapper else nodes, operation)


def _judge_json(shape: Any, content: Any, where: str) -> None:
    unknown = content.keys() - shape.members.keys()
    if unknown:
        raise Undocumented(f"the answer to {where} has {sorted(unknown)}")


def _judge_nodes(shape: Any, nodes: Sequence[ET.Element], where: str) -> None:
    """Every element of a structure is one of its members."""
    members = {str(m.serialization.get("name", n)): m for n, m in shape.members.items()}
    for node in nodes:
        name = _local(node)
        if name in ("requestId", "ResponseMetadata"):
            continue
        if name not in members:
            raise Undocumented(f"the answer to {where} has {name}")
        _judge_node(members[name], node, f"{where}.{name}")


def _judge_node(shape: Any, node: ET.Element, where: str) -> None:
    if shape.type_name == "structure":
        _judge_nodes(shape, list(node), where)
    elif shape.type_name == "list":
        for item in node:
            if _local(item) != "item":
                raise Undocumented(f"the list {where} has {_local(item)}")
            _judge_node(shape.member, item, where)
    elif len(node):
        raise Undocumented(f"{where} is one value, and has elements")


def _local(node: ET.Element) -> str:
    return re.sub(r"^\{.*\}", "", node.tag)
