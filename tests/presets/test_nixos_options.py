"""The judge of options itself: it must be able to say no."""

from typing import Any

import pytest

from tests.presets.nixos_options import fits, kind_at


@pytest.mark.parametrize(
    "path",
    [
        "services.nginx.enable",
        "services.nginx.virtualHosts.www.root",
        "users.groups.docker.members",
        "environment.variables.GOTOOLCHAIN",
        "nixpkgs.config.cudaSupport",
        "virtualisation.docker.daemon.settings.ip",
        "systemd.tmpfiles.settings.mine.folder.d.mode",
    ],
)
def test_an_option_that_there_is_is_found(path: str) -> None:
    assert kind_at(tuple(path.split("."))) is not None


@pytest.mark.parametrize(
    "path",
    [
        "services.nginx.recomendedGzipSettings",
        "services.nginx.virtualHosts.www.rot",
        "users.groups.docker.member",
        "environment.variables.PATH.more",
        "no.such.thing",
    ],
)
def test_a_misspelt_option_is_not_found(path: str) -> None:
    assert kind_at(tuple(path.split("."))) is None


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("boolean", True, "true"),
        ("string", "a", 1),
        ('strings concatenated with "\\n"', "a", ["a"]),
        ("null or string", None, False),
        ("absolute path", "/a", "a"),
        ("null or absolute path", None, "./a"),
        ("signed integer", -1, True),
        ("positive integer, meaning >0", 1, 0),
        ("16 bit unsigned integer; between 0 and 65535 (both inclusive)", 80, 65536),
        ('one of "emacs", "vi"', "vi", "ed"),
        ("list of string", ["a"], ["a", 1]),
        ("string or list of string", ["a"], 1),
        ("list of (string or signed integer)", ["a", 1], [None]),
        ("attribute set of (null or string)", {"a": None}, {"a": 1}),
        ("list of (null or (list of string))", [None, ["a"]], [["a"], [1]]),
        ("attribute set of attribute set of boolean", {"a": {"b": True}}, {"a": True}),
    ],
)
def test_a_value_fits_its_type_or_does_not(kind: str, right: Any, wrong: Any) -> None:
    assert fits(kind, right)
    assert not fits(kind, wrong)


def test_what_json_cannot_show_takes_anything() -> None:
    assert fits("package", "gcc")
    assert fits("list of package", ["gcc"])
    assert not fits("list of package", "gcc")
