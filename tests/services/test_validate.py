"""A configuration checked, as far as the machine can."""

from datetime import UTC, datetime
from pathlib import PurePath

import pytest

from capsule_domain.errors import (
    ConfigurationError,
    HostError,
    HostUnreachable,
    NixFailed,
    NotFound,
    ToolMissing,
)
from capsule_domain.models.finding import Level, Severity, Validation
from capsule_domain.models.nixos import RenderedFile
from capsule_domain.models.package import NixosOption, Nixpkgs
from capsule_domain.models.setting import Kind, Reading, Setting, Value
from capsule_domain.models.systems import Fault, SystemReport
from capsule_domain.ports.package_index import PackageIndex
from capsule_domain.ports.settings import Settings
from capsule_domain.services.validate import Validate
from tests.fakes.choices import FakeChoices
from tests.fakes.configurations import FakeConfigurations
from tests.fakes.module_reader import FakeModuleReader
from tests.fakes.nix_systems import FakeNixSystems
from tests.fakes.nix_tool import FakeNixTool
from tests.fakes.package_index import FakePackageIndex


def written(*paths: str) -> tuple[FakeConfigurations, PurePath]:
    configurations = FakeConfigurations()
    folder = configurations.folder("web-1")
    files = [RenderedFile(path=path, text="{ }\n") for path in paths]
    configurations.write(folder, files, state_versions={"": "26.05"}, force=False)
    return configurations, folder


OPTIONS = [NixosOption(name="services.nginx.enable", kind="boolean")]
INDEX = FakePackageIndex([], OPTIONS)
TYPO = Setting(
    path=("services", "nginx", "enabel"),
    value=Value(kind=Kind.BOOLEAN, said=True),
    file="/c/configuration.nix",
    line=4,
)


def service(
    nix: FakeNixTool | None = None,
    configurations: FakeConfigurations | None = None,
    choices: FakeChoices | None = None,
    *,
    reader: FakeModuleReader | None = None,
    index: PackageIndex | None = None,
    systems: FakeNixSystems | None = None,
) -> Validate:
    """On a machine with Nix, an index of one option, and a nixpkgs."""
    return Validate(
        nix_tool=nix or FakeNixTool(),
        configurations=configurations or FakeConfigurations(),
        choices=choices or FakeChoices(),
        reader=reader or FakeModuleReader(),
        index=INDEX if index is None else index,
        systems=systems or FakeNixSystems(),
    )


def done(found: Validation) -> list[str]:
    return [str(step.level) for step in found.steps if step.done]


REMEMBERED = FakeChoices(Settings(last_configuration=str(FakeConfigurations().folder("web-1"))))


def test_the_host_generated_last_is_checked_by_default() -> None:
    configurations, folder = written("configuration.nix", "home.nix", "README.md")
    nix = FakeNixTool()
    found = service(nix, configurations, REMEMBERED).run()
    assert found.level is Level.BUILD
    assert done(found) == list(Level)
    assert found.why == "there is no higher level"
    assert found.ok
    assert list(found.files) == nix.parsed
    assert found.files == (f"{folder}/configuration.nix", f"{folder}/home.nix")
    details = {step.level: step.detail for step in found.steps}
    assert details[Level.OPTIONS] == "0 settings against 1 options of nixpkgs a test"
    assert details[Level.EVAL] == "1 of 1 system evaluated"
    assert details[Level.BUILD] == "3 to download, 12.5 MiB, 40.0 MiB on disk, 1 to build here"


def test_a_broken_file_is_a_finding_with_its_place() -> None:
    configurations, folder = written("configuration.nix")
    nix = FakeNixTool(bad={folder / "configuration.nix": 7})
    found = service(nix, configurations, REMEMBERED).run()
    assert not found.ok
    assert [(f.file, f.line) for f in found.findings] == [(f"{folder}/configuration.nix", 7)]


def test_one_file_can_be_checked_alone() -> None:
    configurations, folder = written("configuration.nix", "home.nix")
    nix = FakeNixTool()
    service(nix, configurations).run(f"{folder}/home.nix")
    assert nix.parsed == [f"{folder}/home.nix"]


def test_without_nix_it_says_that_nothing_was_checked() -> None:
    configurations, _ = written("configuration.nix")
    found = service(FakeNixTool(None), configurations, REMEMBERED).run()
    assert found.level is None
    assert "Nix is not installed" in found.why
    assert len(found.files) == 1


def test_nothing_generated_yet_is_told_with_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match="no configuration was generated yet") as caught:
        service().run()
    assert caught.value.hint == "capsule nixos generate"


def test_a_folder_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        service().run("/nowhere")


def test_a_folder_without_nix_in_it_is_told() -> None:
    configurations, folder = written("README.md")
    with pytest.raises(ConfigurationError, match=r"holds no \.nix file"):
        service(None, configurations).run(str(folder))


def test_a_nix_that_hangs_is_an_error_not_a_finding() -> None:
    configurations, _ = written("configuration.nix")
    with pytest.raises(HostError, match="did not answer"):
        service(FakeNixTool(hangs=True), configurations, REMEMBERED).run()


def test_an_error_ends_the_way_up() -> None:
    configurations, folder = written("configuration.nix")
    bad = FakeNixTool(bad={folder / "configuration.nix": 7})
    found = service(bad, configurations, REMEMBERED).run()
    assert (found.level, done(found)) == (Level.SYNTAX, ["syntax"])
    assert found.why == "the errors are to be corrected first"
    typo = FakeModuleReader(Reading(settings=(TYPO,)))
    found = service(None, configurations, REMEMBERED, reader=typo).run()
    assert (found.level, done(found)) == (Level.OPTIONS, ["syntax", "options"])
    [finding] = found.findings
    assert (finding.rule, finding.file, finding.line) == ("unknown-option", TYPO.file, 4)
    assert "did you mean services.nginx.enable?" in finding.message


def test_without_an_index_the_higher_levels_are_still_done_and_the_gap_is_told() -> None:
    configurations, _ = written("configuration.nix")
    found = service(None, configurations, REMEMBERED, index=FakePackageIndex()).run()
    assert done(found) == ["syntax", "eval", "build"]
    assert [step.detail for step in found.steps if not step.done] == [
        "there is no index of NixOS options"
    ]


def test_an_index_without_options_is_none_for_this() -> None:
    configurations, _ = written("configuration.nix")
    found = service(None, configurations, REMEMBERED, index=FakePackageIndex([])).run()
    assert "options" not in done(found)


@pytest.mark.parametrize(
    ("index", "systems", "level", "why", "hint"),
    [
        (FakePackageIndex(), FakeNixSystems(), "options", "no index", "capsule pkg index"),
        (INDEX, FakeNixSystems(None), "eval", "no nixpkgs is here", "--nixpkgs"),
        (INDEX, FakeNixSystems(None), "build", "cannot be evaluated", None),
        (
            INDEX,
            FakeNixSystems(refuses=HostUnreachable("no network", hint="plug it in")),
            "eval",
            "no network",
            "plug it in",
        ),
    ],
)
def test_a_level_that_is_asked_for_and_cannot_be_reached_is_an_error_with_the_remedy(
    index: PackageIndex, systems: FakeNixSystems, level: str, why: str, hint: str | None
) -> None:
    configurations, _ = written("configuration.nix")
    validate = service(None, configurations, REMEMBERED, index=index, systems=systems)
    with pytest.raises(ConfigurationError, match=f"level {level} cannot be reached.*{why}") as got:
        validate.run(level=Level(level))
    assert (hint or "") in (got.value.hint or "")


def test_a_level_that_is_asked_for_without_nix_says_that_nix_is_missing() -> None:
    configurations, _ = written("configuration.nix")
    with pytest.raises(ToolMissing):
        service(FakeNixTool(None), configurations, REMEMBERED).run(level=Level.SYNTAX)


def test_nothing_above_the_level_that_is_asked_for_is_done() -> None:
    configurations, _ = written("configuration.nix")
    systems = FakeNixSystems()
    found = service(None, configurations, REMEMBERED, systems=systems).run(level=Level.OPTIONS)
    assert (found.level, systems.asked) == (Level.OPTIONS, [])
    assert found.why == "no higher one was asked for"


def test_what_nix_cannot_do_here_is_told_and_is_no_finding() -> None:
    configurations, _ = written("configuration.nix")
    systems = FakeNixSystems(refuses=NixFailed("cannot evaluate", hint="start the daemon"))
    found = service(None, configurations, REMEMBERED, systems=systems).run()
    assert (found.level, found.ok) == (Level.OPTIONS, True)
    assert found.why == "cannot evaluate: start the daemon"


def test_the_nixpkgs_is_the_one_given_else_the_one_here_else_that_of_the_index() -> None:
    configurations, _ = written("configuration.nix")
    systems = FakeNixSystems(None, folders=("/mine",))
    service(None, configurations, REMEMBERED, systems=systems).run(nixpkgs="/mine")
    assert {nixpkgs for _, nixpkgs in systems.asked} == {"/mine"}
    with pytest.raises(ConfigurationError, match="is no nixpkgs"):
        service(None, configurations, REMEMBERED, systems=systems).run(nixpkgs="/etc")
    index = FakePackageIndex()
    for source, used in (("/mine", {"/mine"}), ("/gone", set()), ("<nixpkgs>", set())):
        systems.asked.clear()
        index.replace(Nixpkgs(source=source), [], [], built_at=datetime.now(UTC))
        service(None, configurations, REMEMBERED, index=index, systems=systems).run()
        assert {nixpkgs for _, nixpkgs in systems.asked} == used


def test_a_flake_is_evaluated_as_one_and_its_lock_brings_its_own_nixpkgs() -> None:
    configurations, folder = written("configuration.nix", "flake.nix")
    systems = FakeNixSystems()
    service(None, configurations, REMEMBERED, systems=systems).run()
    source, nixpkgs = systems.asked[0]
    assert (source.flake, source.locked, nixpkgs) == (str(folder), False, "/srv/nixpkgs")
    configurations.texts[f"{folder}/flake.lock"] = "{}"
    systems.asked.clear()
    service(None, configurations, REMEMBERED, systems=systems).run()
    source, nixpkgs = systems.asked[0]
    assert (source.locked, nixpkgs) == (True, None)


def test_a_module_alone_is_no_system() -> None:
    configurations, folder = written("configuration.nix", "modules/web.nix")
    reader = FakeModuleReader()
    found = service(None, configurations, reader=reader).run(f"{folder}/modules")
    assert found.level is Level.OPTIONS
    assert reader.roots == [f"{folder}/modules/web.nix"]
    assert "no configuration.nix" in found.why


def test_what_evaluating_finds_has_the_place_where_the_option_is_set() -> None:
    configurations, _ = written("configuration.nix")
    said = "The option `services.nginx.enabel' does not exist. Definition values: - In `/c'"
    fault = Fault(message=said, file=TYPO.file, option="services.nginx.enabel")
    systems = FakeNixSystems(
        reports={"web-1": SystemReport(host="web-1", fault=fault, warnings=("old",))}
    )
    reader = FakeModuleReader(Reading(settings=(TYPO,)))
    found = service(
        None,
        configurations,
        REMEMBERED,
        reader=reader,
        index=FakePackageIndex(),
        systems=systems,
    ).run()
    warning, error = found.findings
    assert (warning.severity, warning.message) == (Severity.WARNING, "old")
    assert (error.rule, error.file, error.line) == ("unknown-option", TYPO.file, 4)
    assert error.message == "The option `services.nginx.enabel' does not exist."
    assert (found.level, found.ok) == (Level.EVAL, False)


def test_what_many_hosts_share_is_one_finding_that_names_them() -> None:
    hosts = [f"web-{number}" for number in range(1, 6)]
    configurations, folder = written(*(f"hosts/{host}/configuration.nix" for host in hosts))
    broken = {host: SystemReport(host=host, assertions=("no root",)) for host in hosts}
    found = service(None, configurations, systems=FakeNixSystems(reports=broken)).run(str(folder))
    assert [finding.message for finding in found.findings] == [
        "web-1, web-2, web-3 and 2 more: no root"
    ]


def test_the_placeholder_of_the_hardware_is_named_with_its_remedy() -> None:
    configurations, folder = written("configuration.nix")
    hardware = f"{folder}/hardware-configuration.nix"
    message = "hardware-configuration.nix is a placeholder. On the machine run: nixos-generate"
    systems = FakeNixSystems(
        reports={"web-1": SystemReport(host="web-1", fault=Fault(message=message))}
    )
    reader = FakeModuleReader(Reading(files=(hardware,)))
    found = service(None, configurations, REMEMBERED, reader=reader, systems=systems).run()
    [finding] = found.findings
    assert (finding.rule, finding.file) == ("placeholder", hardware)
    assert finding.hint == "On the machine run: nixos-generate"
