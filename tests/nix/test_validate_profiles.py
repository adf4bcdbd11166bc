"""What Capsule generates, held to the list of all NixOS options, without evaluating."""

import gzip
import json
from functools import cache
from pathlib import Path

import pytest

from capsule_adapters.nix.reading.modules import NixModules
from capsule_domain.models.finding import Severity
from capsule_domain.models.package import NixosOption
from capsule_domain.services.check_options import check_options
from tests.cli.running import capsule
from tests.fakes.package_index import FakePackageIndex
from tests.tools import shared_file

PROFILES = ("dev", "minimal", "ml", "ml-gpu", "prod", "web")
FEWEST = 10


@cache
def index() -> FakePackageIndex:
    with gzip.open(shared_file("nix/nixos-options.json.gz"), "rt") as stream:
        listed = json.load(stream)
    options = [
        NixosOption(
            name=name,
            kind=option["type"],
            hidden=option.get("visible") is False,
            internal=bool(option.get("internal")),
        )
        for name, option in listed.items()
    ]
    return FakePackageIndex([], options)


@pytest.fixture
def generated(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    options = ["--hostname", "web-1", "--profile", request.param, "--output", str(tmp_path / "c")]
    assert capsule("nixos", "generate", *options, home=tmp_path / "home").code == 0
    return tmp_path / "c"


@pytest.mark.parametrize("generated", PROFILES, indirect=True)
def test_every_setting_of_every_profile_is_an_option_of_its_type(generated: Path) -> None:
    reading = NixModules().read([generated / "configuration.nix", generated / "flake.nix"])
    judged = check_options(reading, index())
    assert judged.findings == []
    assert judged.judged > FEWEST
    assert judged.unjudged * 4 < judged.judged


@pytest.mark.parametrize("generated", ["prod"], indirect=True)
def test_an_edit_that_does_not_hold_is_found_in_its_line(generated: Path) -> None:
    file = generated / "modules" / "webserver.nix"
    text = file.read_text().replace("recommendedGzipSettings", "recomendedGzipSettings")
    file.write_text(text)
    reading = NixModules().read([generated / "configuration.nix"])
    [finding] = check_options(reading, index()).findings
    line = next(n for n, line in enumerate(text.splitlines(), 1) if "recomendedGzip" in line)
    assert (finding.severity, finding.file, finding.line) == (Severity.ERROR, str(file), line)
    assert "did you mean services.nginx.recommendedGzipSettings?" in finding.message
