"""Modules read without Nix: what they set, with the line, and nothing that is not there."""

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from capsule_adapters.nix.literal import attribute_name, nix_literal
from capsule_adapters.nix.reading.modules import NixModules
from capsule_adapters.nix.reading.parser import parse
from capsule_adapters.nix.reading.scanner import Unreadable
from capsule_domain.models.setting import Kind, Reading, Setting

UNKNOWN = Kind.COMPUTED


def read(folder: Path, text: str | bytes, name: str = "configuration.nix") -> Reading:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return NixModules().read([file])


def told(setting: Setting) -> tuple[str, object, int]:
    """The path with dots, the content or kind, the line."""
    path = ".".join("?" if part is None else part for part in setting.path)
    said = setting.value.kind if setting.value.said is None else setting.value.said
    return path, said, setting.line


SAMPLES = [
    ("{ a.b = 1; }", [("a.b", 1, 1)]),
    (
        "{ config, lib, pkgs, ... }:\n{\n  a = true;\n  b.c = null;\n}",
        [("a", True, 3), ("b.c", Kind.NULL, 4)],
    ),
    ('args@{ lib, x ? [ 1 { } ], ... }: { a = "x\\ny"; }', [("a", "x\ny", 1)]),
    ("{ lib, ... }@args: { a = -1.5; }", [("a", -1.5, 1)]),
    ("{ a = lib.mkIf (c && !d) { b = lib.mkForce 1; }; }", [("a.b", 1, 1)]),
    (
        "{ config = lib.mkMerge [ { a = 1; } (lib.mkIf x { b = 2; }) ]; }",
        [("a", 1, 1), ("b", 2, 1)],
    ),
    ("{ config = mkMerge (map f xs); }", []),
    ("{ a = if x then { b = 1; } else { c = 2; }; }", [("a.b", 1, 1), ("a.c", 2, 1)]),
    ("{ a = { b = 1; } // lib.optionalAttrs x { c = 2; }; }", [("a.b", 1, 1), ("a.c", 2, 1)]),
    ("let on = true; in with lib; assert on; { a = on; }", [("a", True, 1)]),
    ("let s = { b = 1; }; in { a = s; c = s.b; }", [("a.b", 1, 1), ("c", UNKNOWN, 1)]),
    (
        '{ a.${x}.b = 1; a."p q".c = 2; a.${"r"} = 3; }',
        [("a.?.b", 1, 1), ("a.p q.c", 2, 1), ("a.r", 3, 1)],
    ),
    ('{ a = "x${toString { y = "${z}"; }.y}"; }', [("a", Kind.TEXT, 1)]),
    ("{ a = ''\n  x ''${no} ''' ''\\n ${yes}\n''; b = 1; }", [("a", Kind.TEXT, 1), ("b", 1, 3)]),
    ("{ inherit a; inherit (x) b c; }", [("a", UNKNOWN, 1), ("b", UNKNOWN, 1), ("c", UNKNOWN, 1)]),
    ('{ a = [ 1 "b" pkgs.c (f x) ] ++ lib.optional y 2; }', [("a", Kind.LIST, 1)]),
    (
        "{ a = x: x; b = ./c; d = 1 + 2; e = !f; g = h ? i.j; }",
        [
            ("a", Kind.FUNCTION, 1),
            ("b", "./c", 1),
            ("d", UNKNOWN, 1),
            ("e", UNKNOWN, 1),
            ("g", UNKNOWN, 1),
        ],
    ),
    (
        "{ a = rec { b = 1; c = b; }; d = { }; }",
        [("a.b", 1, 1), ("a.c", UNKNOWN, 1), ("d", Kind.SET, 1)],
    ),
    (
        "{ a = x.y or 1; b = http://x/y; c = ~/z; d = <nixpkgs>; }",
        [("a", UNKNOWN, 1), ("b", "http://x/y", 1), ("c", "~/z", 1), ("d", UNKNOWN, 1)],
    ),
    ("# a { \n/* b = } */ { c = 1; # d\n}", [("c", 1, 2)]),
    ("{ options.a = mkOption { type = x; }; b = 1; }", []),
]


@pytest.mark.parametrize(("text", "expected"), SAMPLES)
def test_what_a_module_sets_is_read_with_its_line(
    tmp_path: Path, text: str, expected: list[tuple[str, object, int]]
) -> None:
    found = {told(setting) for setting in read(tmp_path, text).settings}
    assert found == set(expected)


def test_options_that_a_module_declares_are_read(tmp_path: Path) -> None:
    text = """{ lib, ... }: {
      options.mine = {
        enable = lib.mkEnableOption "it";
        deep.${x}.name = lib.mkOption { };
        other = import ./x.nix;
      };
      config = { };
    }"""
    assert set(read(tmp_path, text).declared) == {
        ("mine", "enable"),
        ("mine", "deep"),
        ("mine", "other"),
    }


def test_imports_are_followed_once_and_what_is_from_elsewhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "default.nix").write_text("{ imports = [ ../b.nix ]; c = 1; }")
    (tmp_path / "b.nix").write_text("{ imports = [ ./configuration.nix ]; b = 1; }")
    found = read(
        tmp_path,
        """{ inputs, modulesPath, lib, ... }: {
          imports = [
            ./b.nix ./dir (import ./b.nix { }) { d = 1; }
            (modulesPath + "/profiles/x.nix") "${modulesPath}/y.nix" <nixpkgs/nixos/z.nix>
            inputs.sops-nix.nixosModules.sops
          ] ++ lib.optional true ./gone.nix;
        }""",
    )
    assert sorted(told(setting)[0] for setting in found.settings) == ["b", "c", "d"]
    assert len(found.files) == 4
    assert [(f.text, f.line) for f in found.foreign] == [("inputs.sops-nix.nixosModules.sops", 5)]
    [missing] = found.findings
    assert (missing.rule, missing.line) == ("import", 6)
    assert missing.message == "imports ./gone.nix, which is not there"


def test_a_flake_gives_the_modules_of_its_systems(tmp_path: Path) -> None:
    (tmp_path / "web.nix").write_text("{ a = 1; }")
    text = """{
      outputs = { self, nixpkgs, home-manager, ... }: let system = given: nixpkgs.lib.nixosSystem {
          modules = [ given ./web.nix home-manager.nixosModules.home-manager { b = 2; } ];
        };
      in { nixosConfigurations.web = system { }; };
    }"""
    found = read(tmp_path, text, "flake.nix")
    assert {told(setting) for setting in found.settings} == {("b", 2, 3), ("a", 1, 1)}
    assert [foreign.text for foreign in found.foreign] == ["home-manager.nixosModules.home-manager"]


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"{ a = 1 }", b"\xff\xfe{}", b"(" * 5000, b"[" * 200 + b"]" * 200, b'"${', b"''"],
)
def test_text_that_cannot_be_followed_is_counted_and_no_finding(
    tmp_path: Path, text: bytes
) -> None:
    found = read(tmp_path, text)
    assert (found.settings, found.findings, found.computed) == ((), (), 1)


@pytest.mark.parametrize(
    "text", ["\ufeff{ a = 1; }", "{\r\n\ta = 1;\r\n}\r\n", "{ # \xe9\n a = 1; }"]
)
def test_marks_tabs_and_foreign_line_ends_are_no_hindrance(tmp_path: Path, text: str) -> None:
    [setting] = read(tmp_path, text).settings
    assert told(setting)[:2] == ("a", 1)


def test_names_that_double_with_each_other_do_not_take_for_ever(tmp_path: Path) -> None:
    bindings = " ".join(f"a{n} = a{n + 1} // a{n + 1};" for n in range(60))
    assert read(tmp_path, f"let {bindings} in {{ x = a0; }}").computed == 1
    circle = "let a = if x then b else b; b = if x then a else a; in { c = a; }"
    assert read(tmp_path, circle).computed == 1


def test_a_megabyte_is_read_in_seconds(tmp_path: Path) -> None:
    lines = "\n".join(f'  services.x{n}.enable = "{n}";' for n in range(30_000))
    assert len(read(tmp_path, f"{{\n{lines}\n}}").settings) == 30_000


def test_what_is_no_readable_file_is_a_finding(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.nix")
    (tmp_path / "loop.nix").symlink_to("loop.nix")
    (tmp_path / "large.nix").write_bytes(b" " * (8 * 2**20 + 1))
    found = read(tmp_path, "{ imports = [ ./pipe.nix ./loop.nix ./large.nix ]; }")
    assert sorted(finding.rule for finding in found.findings) == ["file", "file", "file"]
    assert all(finding.hint for finding in found.findings)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pairs=st.dictionaries(
        st.text(min_size=1, max_size=8).filter(lambda name: "\0" not in name),
        VALUES,
        min_size=1,
        max_size=5,
    )
)
@example(pairs={"${x}": "${y}", '"': "''", "a b": "\\"})
def test_what_capsule_writes_is_read_back_as_it_was(
    tmp_path: Path, pairs: dict[str, object]
) -> None:
    wanted = {name: value for name, value in pairs.items() if "\0" not in repr(value)}
    wanted = {name: value for name, value in wanted.items() if "\\x00" not in repr(value)}
    text = "".join(f"  w.{attribute_name(n)} = {nix_literal(v)};\n" for n, v in wanted.items())
    found = {s.path[1]: s.value for s in read(tmp_path, f"{{\n{text}}}").settings}
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        if isinstance(value, list):
            assert len(found[name].items) == len(value)
        else:
            assert found[name].said == value


@given(text=st.text(alphabet=" \n{}[]()=;:,.?@$\"'/*#ab-+1", max_size=60))
def test_no_text_whatever_breaks_the_reader(text: str) -> None:
    with suppress(Unreadable):
        parse(text)
