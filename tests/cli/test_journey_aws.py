"""A journey to the rehearsal AWS through the real program: moto behind it, SSH before it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_journey import Person


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    someone = Person(tmp_path)
    yield someone
    assert someone.capsule("--sandbox", "sandbox", "down").code == 0


def test_a_server_at_aws_is_rented_entered_kept_over_a_restart_and_ended(person: Person) -> None:
    # Nothing of the person's own AWS configuration may matter in a rehearsal.
    person.environment.update(AWS_PROFILE="nobody", AWS_REGION="xx-nowhere-1")
    done = person.capsule(
        *("--sandbox", "--yes", "openmesh", "deploy", "--name", "web-1", "--provider", "aws"),
        *("--region", "eu-west-1", "--tags", "web,a:b"),
    )
    assert done.code == 0, done.stderr
    [rented] = person.json("--sandbox", "openmesh", "xnodes")
    assert (rented["provider"], rented["template"]) == ("aws", "aws-t3-micro")
    assert rented["server_id"].startswith("eu-west-1:i-")
    assert rented["status"] == "running"
    assert rented["tags"] == ["web", "a:b"]
    assert rented["price_per_month"] == {"amount": "8.35", "currency": "USD"}

    assert person.capsule("--sandbox", "sandbox", "down").code == 0
    health = person.json("--sandbox", "openmesh", "monitor", "health", "web-1", "--run-check")
    assert health["status"] == "healthy"
    ended = person.capsule("--sandbox", "--yes", "openmesh", "xnode", "terminate", "web-1")
    assert ended.code == 0, ended.stderr
    assert person.json("--sandbox", "openmesh", "xnodes") == []
    machines = person.state / "sandbox" / "machines"
    assert [path.name for path in machines.iterdir() if path.is_dir()] == []
