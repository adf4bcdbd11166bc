"""Our lines in the start-up files of real shells."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.shell import BEGIN, END, ShellSearchPath
from capsule_domain.errors import ConfigurationError, StoreError
from tests.tools import needs_tool

FOLDER = Path("/home/me/.local/state/nix/profiles/capsule/bin")


def shell(home: Path, name: str = "bash", **more: str) -> ShellSearchPath:
    environment = {"HOME": str(home), "SHELL": f"/usr/bin/{name}", **more}
    return ShellSearchPath(environment, platform="linux")


@pytest.mark.parametrize(
    ("name", "platform", "variables", "file"),
    [
        ("bash", "linux", {}, ".bashrc"),
        ("bash", "darwin", {}, ".bash_profile"),
        ("zsh", "darwin", {}, ".zshrc"),
        ("zsh", "linux", {"ZDOTDIR": "/home/me/zsh"}, "/home/me/zsh/.zshrc"),
        ("fish", "linux", {}, ".config/fish/config.fish"),
        ("fish", "linux", {"XDG_CONFIG_HOME": "/cfg"}, "/cfg/fish/config.fish"),
        ("dash", "linux", {}, ".profile"),
        ("", "linux", {}, ".profile"),
    ],
)
def test_each_shell_has_its_file(
    name: str, platform: str, variables: dict[str, str], file: str
) -> None:
    environment = {"HOME": "/home/me", "SHELL": name and f"/bin/{name}", **variables}
    found = ShellSearchPath(environment, platform=platform).start_up_file()
    assert found == Path("/home/me", file)


def test_what_is_in_the_file_stays_byte_for_byte(tmp_path: Path) -> None:
    file = tmp_path / ".bashrc"
    before = b"alias x='\xff'\nno newline at the end"
    file.write_bytes(before)
    file.chmod(0o640)
    assert shell(tmp_path).add(FOLDER)
    block = f"\n{BEGIN}\n{shell(tmp_path).line(FOLDER)}\n{END}\n".encode()
    assert file.read_bytes() == before + block
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_block_of_another_folder_is_replaced_where_it_stands(tmp_path: Path) -> None:
    file = tmp_path / ".bashrc"
    shell(tmp_path).add(Path("/old/bin"))
    file.write_bytes(b"first\n" + file.read_bytes() + b"last\n")
    assert shell(tmp_path).add(FOLDER)
    text = file.read_text()
    assert text.count(BEGIN) == 1
    assert text.startswith("first\n")
    assert text.endswith(f"{END}\nlast\n")
    assert "/old/bin" not in text


def test_a_block_without_end_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text(f"{BEGIN}\nexport MINE=1\n")
    shell(tmp_path).add(FOLDER)
    assert "export MINE=1\n" in (tmp_path / ".bashrc").read_text()


def test_a_link_to_somebody_s_dotfiles_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").write_text("kept\n")
    (tmp_path / ".bashrc").symlink_to("dotfiles")
    shell(tmp_path).add(FOLDER)
    assert (tmp_path / ".bashrc").is_symlink()
    assert (tmp_path / "dotfiles").read_text().startswith("kept\n")


def test_a_new_file_can_be_read_as_others_are(tmp_path: Path) -> None:
    shell(tmp_path, "fish").add(FOLDER)
    file = tmp_path / ".config" / "fish" / "config.fish"
    assert file.stat().st_mode & 0o777 == 0o644
    assert f"fish_add_path '{FOLDER}'" in file.read_text()


names = st.text(
    st.characters(codec="utf-8", exclude_characters="/:", exclude_categories=["C", "Z"])
    | st.just(" "),
    min_size=1,
    max_size=20,
).filter(str.isprintable)


@given(names)
def test_a_shell_reads_back_any_folder(name: str) -> None:
    folder = Path("/opt", name)
    line = ShellSearchPath({"HOME": "/", "SHELL": "/bin/sh"}).line(folder)
    program = needs_tool("sh")
    done = subprocess.run(
        [program, "-c", f'PATH=/bin\n{line}\nprintf %s "$PATH"'],
        env={"LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode() == f"{folder}:/bin"


@pytest.mark.parametrize("folder", ["/a:b/bin", "/a\nb/bin", "/a\x1b/bin"])
def test_what_a_path_cannot_hold_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot stand on PATH"):
        shell(tmp_path).add(Path(folder))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_file_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").mkdir()
    with pytest.raises(StoreError, match=r"\.bashrc"):
        shell(tmp_path).add(FOLDER)


def test_without_a_home_there_is_no_file() -> None:
    with pytest.raises(ConfigurationError, match="HOME is not set"):
        ShellSearchPath({"SHELL": "/bin/bash"}).start_up_file()
