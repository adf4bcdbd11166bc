"""moto inside this process: its web application, and the objects behind it.

moto takes seconds to import, so nothing of it is until AWS is first asked. Its objects are
reached into where it is kinder than AWS: an instance of moto's runs at once.
"""

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlencode

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.aws.stock import IMAGES
from capsule_adapters.sandbox.aws.wire import Call, Refusal

_LOG = logging.getLogger("capsule.sandbox")
_VARIABLE = "MOTO_EC2_LOAD_DEFAULT_AMIS"
_SCOPE = "Credential=rehearsal/20260101/{region}/{service}/aws4_request"


def is_installed(find: Callable[[str], object] = find_spec) -> bool:
    """Whether moto and what its server needs are there; imports none of it."""
    return all(find(name) is not None for name in ("moto", "flask", "flask_cors"))


class Engine:
    """One account in moto. Not safe for several threads: who uses it holds a lock."""

    def __init__(self, account_id: str) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.test import Client

        self._account_id = account_id
        self._stocked: set[str] = set()
        self._client: Any = Client(DomainDispatcherApplication(create_backend_app))

    def ask(self, call: Call) -> Answer:
        """moto's own answer. Raises Refusal for what moto does not do, or fails at."""
        from botocore.model import OperationNotFoundError

        try:
            return self._asked(call)
        except (NotImplementedError, OperationNotFoundError) as error:
            said = f"The action {call.operation} is not valid for this web service."
            raise Refusal("InvalidAction", said) from error
        except Exception as error:
            _LOG.exception("moto failed at %s", call.right)
            raise Refusal("InternalError", "An internal error has occurred", 500) from error

    def _asked(self, call: Call) -> Answer:
        if call.service == "ec2":
            self.region(call.region)
        scope = _SCOPE.format(region=call.region, service=call.service)
        said = self._client.post(
            "/",
            data=urlencode(call.parameters).encode(),
            content_type="application/x-www-form-urlencoded; charset=utf-8",
            headers={
                "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
                "X-Moto-Account-Id": self._account_id,
            },
        )
        return Answer(said.status_code, said.data, {"Content-Type": "text/xml;charset=UTF-8"})

    def region(self, name: str) -> Any:
        """EC2 in one region, as moto's object. Its network has the same ids each time."""
        from moto.ec2.models import ec2_backends

        regions = ec2_backends[self._account_id]
        if name not in self._stocked:
            self._stocked.add(name)
            self.seed(name)
            with _no_images_of_its_own():
                self._stock(regions[name])
        return regions[name]

    def seed(self, what: str) -> None:
        """Let the next ids that moto makes up be those that it made up for `what` before."""
        from moto.moto_api._internal import mock_random

        mock_random.seed(f"{self._account_id} {what}")

    def instance(self, region: str, instance_id: str) -> Any:
        """An instance as moto's object, or None."""
        found = (i for i in self.region(region).all_instances() if i.id == instance_id)
        return next(found, None)

    def groups_in_use(self, region: str, living: set[str]) -> set[str]:
        """The ids of the security groups that those instances are in."""
        return {
            group.id
            for instance in self.region(region).all_instances()
            if instance.id in living
            for group in instance.security_groups
        }

    @contextmanager
    def hidden(self, region: str, instance_ids: set[str]) -> Iterator[None]:
        """As if these instances were not there."""
        backend = self.region(region)
        everything = backend.reservations
        backend.reservations = {
            key: reservation
            for key, reservation in everything.items()
            if instance_ids.isdisjoint(i.id for i in reservation.instances)
        }
        try:
            yield
        finally:
            backend.reservations = everything

    def forget_instance(self, region: str, instance_id: str) -> None:
        """Let it be as if it had never been."""
        reservations = self.region(region).reservations
        for key in [
            k for k, r in reservations.items() if instance_id in {i.id for i in r.instances}
        ]:
            del reservations[key]

    def close(self) -> None:
        """Drop the account: moto keeps its accounts for as long as the process lives."""
        from moto.ec2.models import ec2_backends

        ec2_backends.pop(self._account_id, None)

    def _stock(self, backend: Any) -> None:
        from moto.ec2.models.amis import Ami

        for image_id, owner, name, architecture in IMAGES:
            image = Ami(
                backend,
                image_id,
                name=name,
                owner_id=owner,
                public=True,
                virtualization_type="hvm",
                architecture=architecture,
                root_device_type="ebs",
                hypervisor="xen",
                image_location=f"{owner}/{name}",
                description=name.rpartition("/")[2],
                creation_date=_day(name),
                region_name=f"{backend.region_name}a",
            )
            backend.amis[image_id] = image


def _day(name: str) -> Any:
    """The day in an image's name, as moto wants it."""
    from datetime import datetime

    day = next(part for part in re.split(r"[-.]", name) if part.isdecimal() and len(part) == 8)
    return datetime.strptime(day, "%Y%m%d")  # noqa: DTZ007  moto's times have no zone


@contextmanager
def _no_images_of_its_own() -> Iterator[None]:
    """moto knows 1,300 images, which takes a moment in each region."""
    before: Mapping[str, str] = {k: v for k, v in os.environ.items() if k == _VARIABLE}
    os.environ[_VARIABLE] = "false"
    try:
        yield
    finally:
        del os.environ[_VARIABLE]
        os.environ.update(before)
