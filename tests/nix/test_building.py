"""How Nix and its ssh are called to build systems and to bring them, word by word."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from capsule_adapters.nix.building.builder import NixSystemBuilder
from capsule_adapters.nix.building.over_ssh import NixOverSsh
from capsule_adapters.nix.building.ways import SshWays
from capsule_adapters.nix.process import NixProcess
from capsule_adapters.nix.pulse import Pulse, hearing
from capsule_domain.errors import (
    CommandFailed,
    ConfigurationError,
    HostError,
    HostUnreachable,
    NixFailed,
    ToolMissing,
)
from capsule_domain.models.facts import Sudo
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.models.systems import SystemsSource
from capsule_domain.ports.host import Destination, Target
from capsule_domain.ports.system_builder import BuildOrder, StoreTrust
from tests.nix.recording import (
    DERIVATION,
    FEATURES,
    SYSTEM,
    RecordingNix,
    ScriptedHosts,
    store_facts,
)

MACHINE = Target(
    address="2001:db8::7", port=2222, key_alias="x-1", private_key="/keys/a b", name="web"
)
BUILDER = Destination(host="build", user="ann", port=2200)
DAEMON = "remote-program=/run/current-system/sw/bin/nix-daemon"
CLOSURE = [f"path 0 1000 {SYSTEM}", "end -"]
ORDER = BuildOrder(source=SystemsSource(files={"web": "/c/web.nix"}), host="web", nixpkgs="/n")


@dataclass
class Site:
    """A builder over a Nix that notes its calls."""

    folder: Path
    nix: RecordingNix
    hosts: ScriptedHosts
    ways: SshWays
    opened: list[NixSystemBuilder] = field(default_factory=list)

    @property
    def builder(self) -> NixSystemBuilder:
        if not self.opened:
            made = NixSystemBuilder(
                hosts=lambda: self.hosts,
                ways=self.ways,
                folder=self.folder / "home",
                environment=self.nix.environment,
                places=(),
            )
            self.opened.append(made)
        return self.opened[0]

    def calls(self) -> list[list[str]]:
        """Without the names of links and requests, which are new each time."""
        scratch = str(self.folder / "home")
        return [
            ["LINK" if scratch in word and "builds" in word else word for word in call]
            for call in self.nix.calls
        ]

    def copied(self) -> list[list[str]]:
        return [call[3:] for call in self.nix.calls if "copy" in call]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    hosts = ScriptedHosts(
        {
            "store": store_facts(),
            "closure": CLOSURE,
            "realise": [f"store_path {SYSTEM}"],
        }
    )
    # A closure of this machine is asked by the same script, of the same Nix.
    nix = RecordingNix(
        tmp_path / "bin", {"--check-validity": "", "path-info": f"{SYSTEM}\t 1000\n"}
    )
    site = Site(tmp_path, nix, hosts, SshWays(tmp_path / "known hosts"))
    yield site
    for builder in site.opened:
        builder.close()


def silent(_seconds: float, _line: str) -> None:
    """Nobody listens."""


def test_a_system_is_built_here_in_one_start_of_nix(site: Site) -> None:
    assert site.builder.build(ORDER, MACHINE, silent) == SYSTEM
    (call,) = site.calls()
    assert call[:6] == ["nix-build", *FEATURES, "--out-link", "LINK", "-A"]
    assert call[6:8] == ["system", "--argstr"]
    assert call[8] == "request"
    assert call[10].endswith("/systems.nix")
    assert site.hosts.asked == []


@pytest.mark.parametrize("where", ["machine", "build host"])
def test_elsewhere_a_derivation_is_sent_and_realised(site: Site, where: str) -> None:
    there = {"on_machine": True} if where == "machine" else {"where": BUILDER}
    order = ORDER.model_copy(update=there)
    assert site.builder.build(order, MACHINE, silent) == SYSTEM
    evaluated, _ = site.calls()
    assert evaluated[:6] == ["nix-instantiate", *FEATURES, "--add-root", "LINK", "--indirect"]
    to = f"ssh-ng://capsule-builder?{DAEMON}"
    assert site.copied() == [["copy", "--derivation", "--to", to, DERIVATION]]
    place = MACHINE.label if where == "machine" else BUILDER.label
    assert site.hosts.asked == [(place, "store", []), (place, "realise", [DERIVATION, "web"])]


def test_what_was_built_here_goes_to_the_machine_and_is_kept_there(site: Site) -> None:
    site.builder.bring(ORDER, SYSTEM, MACHINE, silent)
    to = f"ssh-ng://capsule-machine?{DAEMON}"
    words = ["copy", "--substitute-on-destination", "--no-check-sigs", "--to", to, SYSTEM]
    assert site.copied() == [words]
    assert site.hosts.asked[-1] == (MACHINE.label, "realise", [SYSTEM, "web"])


def test_from_a_build_host_it_goes_straight_to_the_machine(site: Site) -> None:
    order = ORDER.model_copy(update={"where": BUILDER})
    site.builder.bring(order, SYSTEM, MACHINE, silent)
    ends = [f"ssh-ng://capsule-{name}?{DAEMON}" for name in ("builder", "machine")]
    (words,) = site.copied()
    assert words[2:] == ["--no-check-sigs", "--from", ends[0], "--to", ends[1], SYSTEM]
    assert [call[-4] for call in site.nix.ssh_calls] == ["ann@build", "root@2001:db8::7"]


def test_from_a_build_host_it_comes_to_where_we_are(site: Site) -> None:
    site.nix.answer(**{"--check-validity": f"{SYSTEM}\n"})
    order = ORDER.model_copy(update={"where": BUILDER})
    site.builder.bring(order, SYSTEM, None, silent)
    (words,) = site.copied()
    source = f"ssh-ng://capsule-builder?{DAEMON}"
    assert words[1:] == [
        "--substitute-on-destination",
        "--no-check-sigs",
        "--from",
        source,
        SYSTEM,
    ]
    kept = ["nix-store", "--realise", SYSTEM, "--add-root", "LINK", "--indirect"]
    assert site.calls()[-1] == kept


def test_what_the_machine_has_is_not_sent(site: Site) -> None:
    site.hosts.facts["store"] = store_facts(missing=[])
    site.builder.bring(ORDER, SYSTEM, MACHINE, silent)
    assert site.copied() == []


@pytest.mark.parametrize("order", [ORDER.model_copy(update={"on_machine": True}), ORDER])
def test_what_was_built_where_it_runs_goes_nowhere(site: Site, order: BuildOrder) -> None:
    site.builder.bring(order, SYSTEM, MACHINE if order.on_machine else None, silent)
    assert site.nix.calls == []


def test_a_machine_that_knows_our_key_is_sent_what_is_signed(site: Site) -> None:
    key = site.builder.signing_key()
    site.hosts.facts["store"] = store_facts(key=[key])
    site.builder.bring(ORDER, SYSTEM, MACHINE, silent)
    *_, signed, copied = [call[3:] for call in site.nix.calls if "path-info" not in call]
    secret = str(site.folder / "home" / "signing" / "secret")
    assert signed == ["store", "sign", "--key-file", secret, "--recursive", SYSTEM]
    assert "--no-check-sigs" not in copied


def test_nixs_ssh_enters_our_machine_by_its_pinned_key_alone(site: Site) -> None:
    site.builder.bring(ORDER, SYSTEM, MACHINE, silent)
    (words,) = site.nix.ssh_calls
    options = dict(word.split("=", 1) for word in words if "=" in word)
    assert options["StrictHostKeyChecking"] == "yes"
    assert options["HostKeyAlias"] == "x-1"
    assert options["UserKnownHostsFile"] == f'"{site.folder}/known hosts"'
    assert options["IdentityFile"] == '"/keys/a b"'
    assert options["BatchMode"] == "yes"
    assert words[words.index("-p") + 1] == "2222"
    assert words[-4:] == ["root@2001:db8::7", "-x", "nix-daemon", "--stdio"]


def test_for_a_persons_machine_their_own_files_hold(site: Site) -> None:
    site.builder.bring(ORDER, SYSTEM, BUILDER, silent)
    (words,) = site.nix.ssh_calls
    asked = ["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-p", "2200"]
    assert words == [*asked, "ann@build", "-x", "nix-daemon", "--stdio"]


def test_in_the_rehearsal_ssh_knows_the_rehearsals_machines_alone(site: Site) -> None:
    config = site.folder / "config"
    site.ways = SshWays(site.folder / "known_hosts", config)
    site.builder.bring(ORDER, SYSTEM, Destination(host="web"), silent)
    (words,) = site.nix.ssh_calls
    known = f"UserKnownHostsFile={site.folder}/known_hosts"
    assert words[4:-4] == ["-F", str(config), "-o", known]


REFUSALS: dict[str, tuple[type[HostError], str]] = {
    "cannot open connection to 'ssh-ng://capsule-machine'": (NixFailed, "connection to .*web "),
    "cannot add path 'x' because it lacks a signature by a trusted key": (
        NixFailed,
        r"the Nix of web \(2001:db8::7:2222\) takes nothing from a user that it does not trust",
    ),
    "writing file: No space left on device": (CommandFailed, "No space left"),
    "ssh: connect to host capsule-machine: Network is unreachable": (HostUnreachable, "host web "),
}


@pytest.mark.parametrize("said", REFUSALS)
def test_a_refusal_names_machines_as_people_do(site: Site, said: str) -> None:
    (site.nix.folder / "nix").write_text(
        f"#!/bin/sh\ncase $* in *path-info*) echo '{SYSTEM} 1'; exit ;; esac\n"
        f'echo "error: {said}" >&2; exit 1\n'
    )
    kind, message = REFUSALS[said]
    with pytest.raises(kind, match=message) as refused:
        site.builder.bring(ORDER, SYSTEM, MACHINE, silent)
    assert type(refused.value) is kind
    assert "capsule-machine" not in f"{refused.value} {getattr(refused.value, 'lines', '')}"


def settings(system: str, *others: str) -> str:
    return json.dumps({"system": {"value": system}, "extra-platforms": {"value": others}})


@pytest.mark.parametrize("command", ["show-config", "config show"])
def test_nix_tells_for_what_it_builds(site: Site, command: str) -> None:
    site.nix.answer(**{command: settings("x86_64-linux", "i686-linux", "aarch64-linux")})
    assert site.builder.builds_here("x86_64-linux")
    assert site.builder.builds_here("aarch64-linux")
    assert not site.builder.builds_here("riscv64-linux")


def test_a_mac_builds_nothing_for_linux(site: Site) -> None:
    site.nix.answer(**{"show-config": settings("aarch64-darwin", "x86_64-darwin")})
    assert not site.builder.builds_here("aarch64-linux")


def without_nix(site: Site) -> NixSystemBuilder:
    return NixSystemBuilder(
        hosts=lambda: site.hosts,
        ways=site.ways,
        folder=site.folder / "home",
        environment={"PATH": "", "HOME": str(site.folder)},
        places=(),
    )


def test_without_nix_nothing_is_built_here_or_for_here(site: Site) -> None:
    builder = without_nix(site)
    assert not builder.builds_here("x86_64-linux")
    for order in (ORDER, ORDER.model_copy(update={"where": BUILDER})):
        with pytest.raises(ToolMissing, match="Nix is not installed") as missing:
            builder.build(order, MACHINE, silent)
        assert "--build-on remote" in (missing.value.hint or "")
    assert site.hosts.asked == []


def test_a_machine_without_a_nixpkgs_needs_a_configuration_that_is_locked(site: Site) -> None:
    site.hosts.facts["room"] = ["room /tmp/capsule-x", "nixpkgs "]
    with pytest.raises(ConfigurationError, match=r"no lock, and web .* has no <nixpkgs>") as told:
        without_nix(site).describe(on_disk(site), MACHINE, silent)
    assert told.value.hint == "install Nix here, and name one: --nixpkgs FOLDER"
    assert site.hosts.asked == [(MACHINE.label, "room", [])]
    assert site.hosts.commands == ["rm -rf -- /tmp/capsule-x"]


def test_more_than_a_configuration_is_not_sent(site: Site) -> None:
    order = on_disk(site)
    (site.folder / "configuration" / "disk.img").write_bytes(bytes(5 * 2**20))
    with pytest.raises(ConfigurationError, match="holds more than a configuration"):
        without_nix(site).describe(order, MACHINE, silent)
    assert site.hosts.asked == []


def on_disk(site: Site) -> BuildOrder:
    """An order whose configuration is a file."""
    folder = site.folder / "configuration"
    folder.mkdir()
    (folder / "web.nix").write_text("{ }")
    source = SystemsSource(files={"web": str(folder / "web.nix")})
    return ORDER.model_copy(update={"source": source})


def test_a_store_without_room_is_not_filled(site: Site) -> None:
    size = 3 * 2**20
    site.nix.answer(**{"path-info": f"{SYSTEM}\t {size}\n"})
    site.hosts.facts["store"] = store_facts(free_kib=["2048"])
    with pytest.raises(CommandFailed, match="has 2 MiB left in /nix/store, and 3 MiB would come"):
        site.builder.bring(ORDER, SYSTEM, MACHINE, silent)
    assert site.copied() == []
    site.hosts.facts["store"] = store_facts(free_kib=["3072"])
    site.builder.bring(ORDER, SYSTEM, MACHINE, silent)
    assert site.copied()


def live(user: str = "ann", sudo: Sudo = Sudo.FREE, *, trusted: bool | None = None) -> LiveSystem:
    facts = {"hostname": "web", "system": "x86_64-linux", "running": SYSTEM, "booted": SYSTEM}
    return LiveSystem.model_validate(
        {
            **facts,
            "user": user,
            "sudo": sudo,
            "trusted_by_store": trusted,
        }
    )


@pytest.mark.parametrize(
    ("answers", "looked", "trust"),
    [
        ({"store info": '{"trusted": true}'}, live(), StoreTrust.TRUSTED),
        ({"store info": '{"trusted": 0}'}, live(trusted=True), StoreTrust.NEITHER),
        ({"store ping": '{"trusted": 1}'}, live(), StoreTrust.TRUSTED),
        ({"store ping": '{"trusted": null}'}, live(trusted=True), StoreTrust.TRUSTED),
        ({"store ping": "Store URL: ssh-ng://x"}, live(trusted=True), StoreTrust.TRUSTED),
        ({}, live(trusted=True), StoreTrust.TRUSTED),
        ({}, live(trusted=False), StoreTrust.NEITHER),
        ({}, live(), StoreTrust.NEITHER),
    ],
)
def test_a_daemon_tells_whom_it_trusts_and_else_the_machine_does(
    site: Site, answers: dict[str, str], looked: LiveSystem, trust: StoreTrust
) -> None:
    site.nix.answer(**answers)
    assert site.builder.trust(MACHINE, looked) is trust


def test_root_is_trusted_and_nobody_is_asked(site: Site) -> None:
    assert site.builder.trust(MACHINE, live("root", Sudo.ROOT)) is StoreTrust.TRUSTED
    assert site.builder.trust(None, live()) is StoreTrust.TRUSTED
    assert (site.nix.calls, site.hosts.asked) == ([], [])


def test_whoever_is_not_trusted_may_be_known_by_our_key(site: Site) -> None:
    key = site.builder.signing_key()
    assert site.builder.trust(MACHINE, live()) is StoreTrust.NEITHER
    site.hosts.facts["store"] = store_facts(key=["other-1:x", key])
    assert site.builder.trust(MACHINE, live()) is StoreTrust.SIGNED


@pytest.mark.parametrize("said", [[], ["nix /x"], ["end -"], ["path 0 nonsense", "end -"]])
def test_what_a_machine_says_has_to_make_sense(site: Site, said: Sequence[str]) -> None:
    site.hosts.facts["store"] = site.hosts.facts["closure"] = said
    with pytest.raises(HostError):
        site.builder.bring(ORDER, SYSTEM, MACHINE, silent)
    with pytest.raises(HostError):
        site.builder.compare(SYSTEM, SYSTEM, MACHINE)


def test_a_system_that_nobody_pinned_is_not_built(site: Site) -> None:
    flake = SystemsSource(flake="/c/my web")
    order = ORDER.model_copy(update={"source": flake, "nixpkgs": None})
    for ask in (site.builder.build, site.builder.describe):
        with pytest.raises(ConfigurationError, match="which nixpkgs is meant") as refused:
            ask(order, MACHINE, silent)
        assert refused.value.hint == "nix flake lock 'path:/c/my web'"
    assert site.nix.calls == []


def test_progress_names_machines_as_people_do(site: Site) -> None:
    nix = site.nix.folder / "nix"
    script = nix.read_text().replace("\ncd ", "\necho copying to ssh-ng://capsule-machine >&2\ncd ")
    nix.write_text(script)
    told: list[str] = []
    pulse = Pulse(lambda _seconds, line: told.append(line), every_seconds=0)
    over_ssh = NixOverSsh(NixProcess(site.nix.environment, ()), site.ways)
    over_ssh.run(["nix", "copy"], {"capsule-machine": MACHINE}, "cannot copy", pulse)
    assert f"copying to ssh-ng://{MACHINE.label}" in told


def test_what_a_machine_writes_does_nothing_to_our_terminal() -> None:
    told: list[str] = []
    pulse = Pulse(lambda _seconds, line: told.append(line), every_seconds=0)
    hearing(pulse)("\x1b[31mbuilding\x1b[0m '/nix/store/x'\x07\x1b]0;title\x07")
    assert told == ["building '/nix/store/x'"]
