"""Hand-edited YAML: every fault has its file, line and field, and comments survive."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from capsule_adapters.store.choices import YamlChoices
from capsule_adapters.store.yaml_document import parse_document
from capsule_adapters.store.yaml_edit import edited
from capsule_domain.errors import ConfigurationError, StoreError
from capsule_domain.models.profile import Profile
from capsule_domain.ports.settings import OpenmeshSettings, Settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "configs").mkdir()
    return tmp_path


def fault(home: Path, content: str | bytes) -> ConfigurationError:
    """What is told of a config.yml with that content."""
    file = home / "config.yml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ConfigurationError) as caught:
        YamlChoices(home).settings()
    assert caught.value.file == str(file)
    assert caught.value.message.startswith(str(file))
    assert "\n" not in caught.value.message
    return caught.value


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "\ufeffversion: 1\n"])
def test_a_file_that_says_nothing_means_the_defaults(home: Path, text: str) -> None:
    (home / "config.yml").write_text(text, encoding="utf-8")
    assert YamlChoices(home).settings() == Settings()


@pytest.mark.parametrize(
    ("content", "line", "told"),
    [
        ("version: 1\nowner: '0x12'\n", 2, "owner: a wallet is 0x and 40 hexadecimal digits"),
        (
            "owner: 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\n",
            1,
            "owner: it needs quotes around it: YAML takes it for a number",
        ),
        ("domain: localhost\n", 1, "domain: a domain is lower-case labels"),
        ("email: me\n", 1, "email: an address is such as"),
        ("# os\ndefault_os: windows\n", 2, "default_os: input should be 'xnodeos', 'nixos' or"),
        ("ssh_key: ''\n", 1, "ssh_key: string should have at least 1 character"),
        ("wallet: x\n", 1, "unknown key 'wallet'"),
    ],
)
def test_a_fault_in_openmesh_yml_has_its_line_and_its_field(
    home: Path, content: str, line: int, told: str
) -> None:
    (home / "openmesh.yml").write_text(content)
    with pytest.raises(ConfigurationError, match=told) as caught:
        YamlChoices(home).openmesh()
    assert caught.value.line == line
    assert caught.value.file == str(home / "openmesh.yml")
    assert caught.value.field == content.splitlines()[line - 1].partition(":")[0]


def test_all_that_openmesh_yml_may_say_is_read(home: Path) -> None:
    (home / "openmesh.yml").write_text(
        "version: 1\nssh_key: ~/.ssh/id\nssh_user: admin\nready_timeout_seconds: 90\n"
    )
    assert YamlChoices(home).openmesh() == OpenmeshSettings(
        ssh_key="~/.ssh/id", ssh_user="admin", ready_timeout_seconds=90
    )


@pytest.mark.parametrize(
    ("content", "line", "told"),
    [
        ("version: 1\nactiv_profile: x\n", 2, "'activ_profile'; did you mean active_profile"),
        ("zzz: 1\n", 1, r"unknown key 'zzz'; known are active_profile, "),
        ("version: 1\n\nactive_profile: 5\n", 3, "active_profile: input should be a valid string"),
        ("active_profile: [a]\n", 1, "active_profile: input should be a valid string"),
        ("active_profile: no\n", 1, "active_profile: input should be a valid string"),
        ("version: one\n", 1, "version: input should be a valid integer"),
        ("version: 0\n", 1, "version: input should be greater than or equal to 1"),
        ("# new\nversion: 2\n", 2, "version 2 is newer than this Capsule"),
        ("active_profile: a\nactive_profile: b\n", 2, "'active_profile' stands here a second time"),
        ("- a\n- b\n", 1, "not a mapping"),
        ("just words\n", 1, "not a mapping"),
        ("a: b: c\n", 1, "not valid YAML: mapping values are not allowed"),
        ("version: 1\nactive_profile: 'open\n", 3, "not valid YAML"),
        ("version: 1\n\tactive_profile: x\n", 2, "not valid YAML"),
        ("[a, b]: c\n", 1, "a key must be a word"),
        ("active_profile: &a x\nlast_configuration: *a\n", 1, "anchors and aliases"),
        ("active_profile: !!python/object:os.system x\n", 1, "a tag .* is not allowed"),
        ("active_profile: !secret x\n", 1, "a tag .* is not allowed"),
        ("version: 1\n---\nversion: 1\n", 2, "a second document"),
        (b"version: 1\nactive_profile: \xff\xfe\n", 2, "not UTF-8 text"),
        (b"\x00\x01\x02", None, "not valid YAML"),
        ("version: 1" + "0" * 5000, 1, "not a value that YAML knows"),
        ("a: " + "[" * 5000, 1, "nested more than 32 deep"),
        (b"a: " + b"x" * 1_000_000, None, "larger than 1 MB"),
    ],
)  # fmt: skip
def test_a_fault_has_its_line_and_its_cause(
    home: Path, content: str | bytes, line: int | None, told: str
) -> None:
    found = fault(home, content)
    assert re.search(told, found.message), found.message
    assert found.line == line


def test_a_fault_names_its_field(home: Path) -> None:
    assert fault(home, "active_profile: 5\n").field == "active_profile"


def test_of_several_faults_the_first_in_the_file_is_told(home: Path) -> None:
    assert fault(home, "last_configuration: 5\nversion: one\n").line == 1


def test_a_bomb_of_aliases_is_refused_before_it_grows(home: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert "anchors and aliases" in fault(home, "\n".join(rows)).message


def test_a_date_is_the_text_that_it_is(home: Path) -> None:
    (home / "config.yml").write_text("last_configuration: 2026-11-23\n")
    assert YamlChoices(home).settings().last_configuration == "2026-11-23"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60) | st.text("ab:-[]{}&*!|>'\"#%@`,? \n\t\\0", max_size=60))
def test_no_content_whatever_raises_anything_else(tmp_path: Path, content: bytes | str) -> None:
    file = tmp_path / "config.yml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        YamlChoices(tmp_path).settings()
    except ConfigurationError as error:
        assert error.file == str(file)  # noqa: PT017 (most contents are no fault or this one)


def test_a_profile_is_named_by_its_file(home: Path) -> None:
    (home / "configs" / "mine.yml").write_text("version: 1\nstacks: [python]\n")
    (home / "configs" / "too.yml").write_text("name: too\n")
    (home / "configs" / "empty.yml").write_text("")
    assert dict(YamlChoices(home).profiles()) == {
        "empty": Profile(name="empty"),
        "mine": Profile(name="mine", stacks=("python",)),
        "too": Profile(name="too"),
    }


def test_other_files_beside_profiles_are_left_alone(home: Path) -> None:
    for name in ("notes.txt", "mine.yml.orig", ".mine.yml.swp", ".#mine.yml", "mine.yml~"):
        (home / "configs" / name).write_text("{{{ not yaml")
    assert dict(YamlChoices(home).profiles()) == {}


@pytest.mark.parametrize(
    ("file", "text", "line", "told"),
    [
        ("mine.yml", "version: 1\nname: other\n", 2, "the file is called mine.yml"),
        ("My Own.yml", "version: 1\n", 1, "the file's name is the profile's: a name is"),
        ("mine.yml", "stacks: [python, 'No Name']\n", 1, r"stacks\.1: a name is lower-case"),
        ("mine.yml", "stacks:\n- python\n- Docker\n", 3, r"stacks\.1: a name is lower-case"),
        ("mine.yml", "packages: [ripgrep]\nstack: [python]\n", 2, r"did you mean stacks\?"),
        ("mine.yml", "builtin: true\n", 1, "unknown key 'builtin'"),
        ("mine.yml", "stacks: python\n", 1, "stacks: input should be a valid"),
        ("mine.yml", 'packages: ["${evil}"]\n', 1, r"packages\.0: not a nixpkgs attribute"),
    ],
)
def test_a_faulty_profile_is_told_with_its_file_and_line(
    home: Path, file: str, text: str, line: int, told: str
) -> None:
    (home / "configs" / file).write_text(text)
    with pytest.raises(ConfigurationError, match=told) as caught:
        YamlChoices(home).profiles()
    assert caught.value.file == str(home / "configs" / file)
    assert caught.value.line == line


COMMENTED = """\
# My machine. Do not touch!
version: 1  # the form

active_profile: minimal  # for now
# the next line is Anna's
last_configuration: web-1
# the end
"""


def test_saving_changes_the_value_and_keeps_every_comment(home: Path) -> None:
    (home / "config.yml").write_text(COMMENTED)
    YamlChoices(home).save_settings(Settings(active_profile="prod", last_configuration="web-1"))
    assert (home / "config.yml").read_text() == COMMENTED.replace("minimal", "prod")


def test_a_value_that_is_taken_back_goes_with_its_line_alone(home: Path) -> None:
    (home / "config.yml").write_text(COMMENTED)
    YamlChoices(home).save_settings(Settings())
    assert (home / "config.yml").read_text() == COMMENTED.replace("last_configuration: web-1\n", "")


def test_a_new_value_is_added_at_the_end(home: Path) -> None:
    (home / "config.yml").write_text("# mine\nactive_profile: prod")
    YamlChoices(home).save_settings(Settings(active_profile="prod", last_configuration="web-1"))
    assert (home / "config.yml").read_text() == (
        "# mine\nactive_profile: prod\nversion: 1\nlast_configuration: web-1\n"
    )


def test_saving_a_profile_keeps_the_comments_outside_the_list_that_changes(home: Path) -> None:
    file = home / "configs" / "mine.yml"
    file.write_text(
        "# mine\nstacks:  # what I use\n- python\n# until here\npackages:\n- fd  # find\n"
    )
    YamlChoices(home).save_profile(
        Profile(name="mine", stacks=("python", "docker"), packages=("fd",))
    )
    assert file.read_text() == (
        "# mine\nstacks:\n- python\n- docker\n# until here\npackages:\n- fd  # find\nversion: 1\n"
    )


def test_a_form_that_cannot_be_changed_in_place_is_written_anew(home: Path) -> None:
    (home / "config.yml").write_text("{active_profile: minimal, version: 1}\n")
    YamlChoices(home).save_settings(Settings(active_profile="prod"))
    assert YamlChoices(home).settings() == Settings(active_profile="prod")


def test_a_faulty_file_is_not_overwritten(home: Path) -> None:
    (home / "config.yml").write_text("a: b: c\n")
    with pytest.raises(ConfigurationError):
        YamlChoices(home).save_settings(Settings())
    assert (home / "config.yml").read_text() == "a: b: c\n"


KEYS = st.sampled_from(["a", "b", "c", "d"])
VALUES = (
    st.booleans()
    | st.integers(-5, 5)
    | st.text(st.characters(max_codepoint=0xD7FF), max_size=8)
    | st.lists(st.text("ab #:-", max_size=4), max_size=3)
)
STYLES = st.sampled_from(
    ["{key}: {json}", "{key}: {json}  # x", "# y\n{key}:\n  {json}", "\n{key}: {json}"]
)


@given(
    old=st.dictionaries(KEYS, VALUES),
    new=st.dictionaries(KEYS, VALUES),
    style=STYLES,
    tail=st.sampled_from(["", "\n", "\n# end\n", "\n\n...\n"]),
)
def test_an_edit_always_says_exactly_what_it_should(
    old: dict[str, object], new: dict[str, object], style: str, tail: str
) -> None:
    assume(old or "..." not in tail)
    lines = (style.format(key=key, json=json.dumps(value)) for key, value in old.items())
    before = parse_document(Path("f.yml"), "\n".join(lines) + tail)
    assert before.values == old
    assert parse_document(Path("f.yml"), edited(before, new)).values == new


def test_saved_files_are_the_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        choices = YamlChoices(tmp_path / "home")
        choices.save_settings(Settings())
        choices.save_profile(Profile(name="mine"))
    finally:
        os.umask(before)
    modes = {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "home").rglob("*")}
    assert modes == {"config.yml": 0o600, ".lock": 0o600, "configs": 0o700, "mine.yml": 0o600}


def test_a_folder_in_place_of_a_file_is_a_store_error(home: Path) -> None:
    (home / "config.yml").mkdir()
    with pytest.raises(StoreError, match="a folder is where a file should be"):
        YamlChoices(home).settings()
    (home / "configs").rmdir()
    (home / "configs").write_text("in the way")
    with pytest.raises(StoreError, match="a file is where a folder should be"):
        YamlChoices(home).profiles()


LAZY = """
import sys
from pathlib import Path
from capsule_adapters.store.choices import YamlChoices
from capsule_adapters.store.credentials import Credentials
home = Path(sys.argv[1])
YamlChoices(home).settings(), YamlChoices(home).profiles()
Credentials(home, {}).token("digitalocean", ["X"])
assert "yaml" not in sys.modules and "sqlite3" not in sys.modules
"""


def test_yaml_and_sqlite_are_not_imported_before_there_is_something_to_read(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LAZY, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
