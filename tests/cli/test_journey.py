"""Whole journeys through the real program, in the rehearsal cloud, from an empty HOME."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Ran, capsule

DEPLOY_X = ("openmesh", "deploy", "--name", "x", "-y")


class Person:
    """Someone with an empty home who runs `capsule`."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.state = folder / "state"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "CAPSULE_HOME": str(self.state),
            "LANG": "C.UTF-8",
        }

    def capsule(self, *arguments: str, **environment: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "capsule_cli", *arguments],
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def json(self, *arguments: str) -> Any:
        done = self.capsule(*arguments, "--json")
        assert done.code == 0, done.stderr
        return done.data


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    someone = Person(tmp_path)
    yield someone
    assert someone.capsule("sandbox", "down").code == 0


def picture_of(folder: Path) -> dict[str, str]:
    """Every path below `folder`, with what it holds."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        )
        for path in sorted(folder.rglob("*"))
    }


def test_the_demo_walks_the_whole_road_and_leaves_nothing(person: Person) -> None:
    before = picture_of(person.home)
    done = person.capsule("demo", "--json", TMPDIR=str(person.home.parent))
    assert done.code == 0, done.stdout + done.stderr
    steps = done.data["steps"]
    assert [step["name"] for step in steps] == [
        "resolve a profile",
        "generate NixOS",
        "parse it with Nix",
        "rank templates",
        "start the sandbox",
        "rent a server",
        "look it up",
        "enter over SSH",
        "check its health",
        "read its metrics",
        "report the cost",
        "terminate it",
        "see the account empty",
        "stop the sandbox",
    ]
    assert all(step["ok"] and step["detail"] for step in steps)
    assert sum(step["seconds"] for step in steps) < 60
    assert picture_of(person.home) == before
    assert [path.name for path in person.home.parent.glob("capsule-demo-*")] == []


def test_a_rehearsed_xnode_is_rented_watched_priced_and_ended(person: Person) -> None:
    before = picture_of(person.home)
    deploy = ("--sandbox", "openmesh", "deploy", "--provider", "digitalocean")
    rented = person.json(*deploy, "--name", "web-1", "--yes", "--tags", "a")
    assert (rented["name"], rented["status"], rented["tags"]) == ("web-1", "running", ["a"])
    assert rented["price_per_hour"] == {"amount": "0.00893", "currency": "USD"}
    [row] = person.json("--sandbox", "openmesh", "xnodes", "--tags", "a")
    assert row == rented
    assert person.json("--sandbox", "openmesh", "xnodes", "--tags", "b") == []
    planted = person.json("--sandbox", "plant", "--xnode", "web-1")
    assert (planted["profile"], planted["changes"]) == ("minimal", [])
    health = person.json("--sandbox", "openmesh", "monitor", "health", "web-1", "--run-check")
    assert health["status"] == "healthy"
    metrics = person.json("--sandbox", "openmesh", "monitor", "metrics", "web-1")
    assert 0 < metrics["memory_percent"] < 100
    [costs] = person.json("--sandbox", "openmesh", "cost-report")["currencies"]
    assert costs["monthly"] == {"amount": "6", "currency": "USD"}
    [deployment] = person.json("--sandbox", "openmesh", "deployments")
    assert (deployment["state"], deployment["server_id"]) == ("ready", rented["server_id"])
    gone = person.json("--sandbox", "openmesh", "xnode", "terminate", "web-1", "--yes")
    assert gone["status"] == "gone"
    assert person.json("--sandbox", "openmesh", "inventory") == []
    assert person.json("sandbox", "status")["servers"] == 0
    assert picture_of(person.home) == before


@pytest.mark.parametrize(
    ("cloud", "cheapest", "also", "price"),
    [
        ("vultr", "vultr-vc2-1", "vultr-bare-4", "0.007"),
        ("linode", "linode-nanode-1gb", "linode-gpu-rtx6000", "0.0075"),
        ("hivelocity", "2311", "hive-small", "0.012"),
    ],
)
def test_other_clouds_are_rehearsed_too(
    person: Person, cloud: str, cheapest: str, also: str, price: str
) -> None:
    offers = person.json("--sandbox", "openmesh", "templates", "--provider", cloud, "--live")
    assert {cheapest, also} <= {offer["template"] for offer in offers}
    deploy = ("--sandbox", "openmesh", "deploy", "--provider", cloud)
    rented = person.json(*deploy, "--name", "web-1", "--yes")
    assert (rented["status"], rented["template"]) == ("running", cheapest)
    assert rented["price_per_hour"] == {"amount": price, "currency": "USD"}
    health = person.json("--sandbox", "openmesh", "monitor", "health", "web-1", "--run-check")
    assert health["status"] == "healthy"
    gone = person.json("--sandbox", "openmesh", "xnode", "terminate", "web-1", "--yes")
    assert gone["status"] == "gone"
    assert person.json("sandbox", "status")["servers"] == 0


def test_a_profile_becomes_a_configuration_that_holds(person: Person) -> None:
    assert person.json("stacks", "--category", "infrastructure")[0]["active"] is False
    assert person.json("add", "docker")["copied_from"] == "minimal"
    assert "docker" in [s["stack"]["name"] for s in person.json("show")["stacks"]]
    written = person.json("nixos", "generate", "--hostname", "web-1")
    assert Path(written["folder"]) == person.state / "nixos" / "web-1"
    checked = person.capsule("nixos", "validate", "--json")
    assert checked.code == 0, checked.stdout
    assert person.json("remove", "docker")["removed"] == ["docker"]


def test_a_dry_run_changes_nothing(person: Person) -> None:
    assert person.json("--sandbox", "openmesh", "templates", "--live")
    for arguments in (
        ("add", "docker"),
        ("profile", "use", "prod"),
        ("nixos", "generate"),
        ("--sandbox", "openmesh", "deploy", "--name", "x"),
    ):
        assert person.capsule(*arguments, "--dry-run").code == 0, arguments
    assert person.json("show")["profile"]["name"] == "minimal"
    assert not (person.state / "nixos").exists()
    assert person.json("--sandbox", "openmesh", "deployments") == []


def test_two_deploys_of_one_name_rent_one_server(person: Person) -> None:
    assert person.capsule("sandbox", "up").code == 0
    running = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "capsule_cli",
                "--sandbox",
                "openmesh",
                "deploy",
                "--name",
                "x",
                "-y",
            ],
            env=person.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    assert sorted(process.wait(timeout=120) for process in running) == [0, 5]
    assert person.json("sandbox", "status")["servers"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("add", "dokcer"), 4, "docker"),
        (("profile", "use", "prd"), 4, "prod"),
        (("show", "nothing"), 4, "nothing"),
        (("openmesh", "templates", "--region", "nyc9"), 4, "nyc"),
        (("openmesh", "templates", "--provider", "digitlocean"), 4, "digitalocean"),
        (("openmesh", "templates", "--max-price", "cheap"), 2, "price"),
        (("openmesh", "templates", "--min-cpu", "0"), 2, "min-cpu"),
        (("openmesh", "templates", "--min-memory", "lots"), 2, "memory"),
        (("openmesh", "templates", "--sort", "age"), 2, "sort"),
        (("openmesh", "deploy", "--name", "x"), 3, "openmesh provider configure NAME"),
        (("openmesh", "deploy", "--name", "x", "--provider", "digitalocean"), 3, "digitalocean"),
        (("openmesh", "deploy", "--name", "X Y"), 2, "name"),
        (("openmesh", "deploy"), 2, "name"),
        (("openmesh", "xnode", "terminate", "x"), 4, "x"),
        (("openmesh", "monitor", "health", "x"), 4, "x"),
        (("openmesh", "cost-report", "--by", "colour"), 2, "colour"),
        (("openmesh", "xnodes", "--status", "happy"), 2, "status"),
        (("nixos", "validate"), 3, "generate"),
        (("nixos", "validate", "-c", "/nowhere"), 4, "/nowhere"),
        (("nixos", "generate", "--hostname", "-x"), 2, "hostname"),
        (("nixos", "generate", "--release", "19.03"), 2, "release"),
        (("nixos", "generate", "--flake", "--hardware"), 2, "exclude"),
        (("nixos", "generate", "--authorized-key", "/nowhere"), 4, "key"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else str(part),
)
def test_a_mistake_is_one_line_a_remedy_and_its_code(
    tmp_path: Path, arguments: tuple[str, ...], code: int, word: str
) -> None:
    done = capsule(*arguments, home=tmp_path)
    assert done.code == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert word in done.stderr
    error = capsule(*arguments, "--json", home=tmp_path).error
    assert error["exit"] == code
    assert "\n" not in error["message"]


def test_mistakes_at_the_cloud_rent_nothing(person: Person) -> None:
    for more, code, word in (
        ((), 2, "--yes"),
        (("--min-cpu", "999", "-y"), 4, "fits"),
        (("--ssh-key", "/nowhere", "-y"), 4, "key"),
        (("--profile", "nothing", "-y"), 4, "profile"),
        (("--region", "nyc9", "-y"), 4, "nyc"),
        (("--tags", "a=b", "-y"), 2, "tag"),
    ):
        done = person.capsule("--sandbox", "openmesh", "deploy", "--name", "x", *more)
        assert (done.code, "Traceback" in done.stderr) == (code, False), done.stderr
        assert word in done.stderr
    assert person.json("sandbox", "status")["servers"] == 0
    assert person.json("--sandbox", "openmesh", "deployments", "--unfinished") == []


@pytest.mark.parametrize(
    "text",
    ["active_profile: [", "active_profil: prod", "version: two", "- a", "a: 1\na: 2", "\x00"],
)
def test_broken_yaml_is_told_with_its_file_and_kept(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yml").write_text(text)
    done = capsule("show", "--json", home=tmp_path)
    assert done.code == 3
    assert "config.yml" in done.error["message"]
    assert (tmp_path / "config.yml").read_text() == text


def deploy_until_recorded(person: Person, number: signal.Signals) -> subprocess.Popen[str]:
    """A deploy of `x` that got a signal once its server is in the inventory."""
    deploying = subprocess.Popen(
        [*(sys.executable, "-m", "capsule_cli", "--sandbox"), *DEPLOY_X],
        env=person.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert deploying.stderr is not None
    for line in deploying.stderr:
        if "recorded" in line:
            deploying.send_signal(number)
            break
    return deploying


def test_a_deploy_killed_while_waiting_is_shown_and_can_be_ended(person: Person) -> None:
    assert person.capsule("sandbox", "up").code == 0
    deploying = deploy_until_recorded(person, signal.SIGKILL)
    assert deploying.wait(timeout=60) == -signal.SIGKILL
    assert deploying.stderr is not None
    deploying.stderr.close()
    [left] = person.json("--sandbox", "openmesh", "deployments", "--unfinished")
    assert left["state"] == "rented"
    told = person.capsule("--sandbox", "openmesh", "deployments")
    assert "1 unfinished" in told.stdout
    assert person.capsule("--sandbox", "openmesh", "xnode", "terminate", "x", "--yes").code == 0
    assert person.json("--sandbox", "openmesh", "deployments", "--unfinished") == []
    assert person.json("sandbox", "status")["servers"] == 0


def test_an_interrupted_deploy_says_what_may_be_billed(person: Person) -> None:
    assert person.capsule("sandbox", "up").code == 0
    deploying = deploy_until_recorded(person, signal.SIGINT)
    _, told = deploying.communicate(timeout=60)
    assert deploying.returncode == 130
    assert "something may be billed" in told
    assert "Traceback" not in told
