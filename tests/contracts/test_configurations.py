"""What every keeper of generated configurations does: the fake, and folders on disk."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath

import pytest

from capsule_adapters.store.configurations import ConfigurationFolders
from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.nixos import RenderedFile
from capsule_domain.ports.configurations import Configurations
from tests.fakes.configurations import FakeConfigurations


@dataclass(frozen=True)
class Shelf:
    """The configurations, and a person's hands on their files."""

    configurations: Configurations
    read: Callable[[PurePath], str | None]
    edit: Callable[[PurePath, str], None]


def _on_disk(home: Path) -> Shelf:
    def read(path: PurePath) -> str | None:
        return Path(path).read_text() if Path(path).exists() else None

    def edit(path: PurePath, text: str) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)

    return Shelf(ConfigurationFolders(home), read, edit)


def _in_memory(_: Path) -> Shelf:
    fake = FakeConfigurations()

    def edit(path: PurePath, text: str) -> None:
        fake.texts[str(path)] = text

    return Shelf(fake, lambda path: fake.texts.get(str(path)), edit)


MAKERS = {"fake": _in_memory, "folders": _on_disk}


@pytest.fixture(params=MAKERS)
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    return MAKERS[request.param](tmp_path / "home")


def rendered(**texts: str) -> list[RenderedFile]:
    """Files by name; `modules__base` is modules/base.nix."""
    return [
        RenderedFile(path=f"{name.replace('__', '/')}.nix", text=text)
        for name, text in texts.items()
    ]


def write(shelf: Shelf, folder: PurePath, *, force: bool = False, **texts: str) -> None:
    shelf.configurations.write(folder, rendered(**texts), state_versions={"": "26.05"}, force=force)


def test_each_host_has_a_folder_of_its_own(shelf: Shelf) -> None:
    one, two = (shelf.configurations.folder(name) for name in ("web-1", "web-2"))
    assert one.is_absolute()
    assert one.parts[-2:] == ("nixos", "web-1")
    assert one != two


def test_a_folder_that_a_person_names_is_taken(shelf: Shelf, tmp_path: Path) -> None:
    assert shelf.configurations.folder("web", str(tmp_path / "mine")) == tmp_path / "mine"


def test_written_files_are_there_and_listed_in_order(shelf: Shelf) -> None:
    folder = shelf.configurations.folder("web")
    write(shelf, folder, flake="{ }", configuration="{ ... }: { }", modules__base="é ✓\n")
    assert shelf.read(folder / "modules" / "base.nix") == "é ✓\n"
    assert [
        str(PurePath(file).relative_to(folder))
        for file in shelf.configurations.nix_files(str(folder))
    ] == [
        "configuration.nix",
        "flake.nix",
        "modules/base.nix",
    ]


def test_the_first_state_version_is_kept_for_good(shelf: Shelf) -> None:
    folder = shelf.configurations.folder("web")
    assert shelf.configurations.state_versions(folder) == {}
    shelf.configurations.write(folder, rendered(a="1"), state_versions={"": "25.11"}, force=False)
    shelf.configurations.write(folder, rendered(a="2"), state_versions={"": "26.05"}, force=True)
    assert shelf.configurations.state_versions(folder) == {"": "25.11"}


def test_our_own_files_are_replaced_without_a_question(shelf: Shelf) -> None:
    folder = shelf.configurations.folder("web")
    write(shelf, folder, configuration="old", flake="old")
    write(shelf, folder, configuration="new")
    write(shelf, folder, configuration="newest", flake="new")
    assert shelf.read(folder / "configuration.nix") == "newest"
    assert shelf.read(folder / "flake.nix") == "new"


def test_a_file_that_a_person_edited_is_named_and_nothing_is_written(shelf: Shelf) -> None:
    folder = shelf.configurations.folder("web")
    write(shelf, folder, configuration="old", flake="old")
    shelf.edit(folder / "flake.nix", "mine")
    with pytest.raises(Conflict, match=r"flake\.nix") as caught:
        write(shelf, folder, configuration="new", flake="new")
    assert "configuration.nix" not in caught.value.message
    assert "--force" in (caught.value.hint or "")
    assert shelf.read(folder / "flake.nix") == "mine"
    assert shelf.read(folder / "configuration.nix") == "old"


def test_a_file_that_a_person_wrote_is_never_taken_for_ours(shelf: Shelf) -> None:
    folder = shelf.configurations.folder("web")
    shelf.edit(folder / "hardware-configuration.nix", "real hardware")
    files = [RenderedFile(path="hardware-configuration.nix", text="placeholder")]
    with pytest.raises(Conflict, match=r"hardware-configuration\.nix"):
        shelf.configurations.write(folder, files, state_versions={"": "26.05"}, force=False)
    assert shelf.read(folder / "hardware-configuration.nix") == "real hardware"
    assert shelf.configurations.state_versions(folder) == {}


def test_an_edit_that_says_what_we_would_write_is_no_conflict(shelf: Shelf) -> None:
    folder = shelf.configurations.folder("web")
    write(shelf, folder, configuration="old")
    shelf.edit(folder / "configuration.nix", "new")
    write(shelf, folder, configuration="new")
    write(shelf, folder, configuration="newer")
    assert shelf.read(folder / "configuration.nix") == "newer"


def test_force_replaces_what_a_person_edited(shelf: Shelf) -> None:
    folder = shelf.configurations.folder("web")
    shelf.edit(folder / "configuration.nix", "mine")
    write(shelf, folder, configuration="new", force=True)
    assert shelf.read(folder / "configuration.nix") == "new"
    write(shelf, folder, configuration="newer")
    assert shelf.read(folder / "configuration.nix") == "newer"


def test_what_stands_in_a_placeholders_stead_stays_even_when_forced(shelf: Shelf) -> None:
    folder = shelf.configurations.folder("web")
    hardware = RenderedFile(path="hardware.nix", text="throw", placeholder=True)
    other = RenderedFile(path="configuration.nix", text="one")
    write = shelf.configurations.write
    assert list(write(folder, [hardware], state_versions={"": "26.05"}, force=False)) == [
        "hardware.nix"
    ]
    shelf.edit(folder / "hardware.nix", "disks")
    for force in (False, True):
        written = write(folder, [hardware, other], state_versions={"": "26.05"}, force=force)
        assert list(written) == ["configuration.nix"]
        assert shelf.read(folder / "hardware.nix") == "disks"


def test_a_persons_other_files_stay(shelf: Shelf) -> None:
    folder = shelf.configurations.folder("web")
    shelf.edit(folder / "notes.txt", "mine")
    shelf.edit(folder / "modules" / "mine.nix", "mine")
    write(shelf, folder, configuration="a", modules__base="b")
    write(shelf, folder, configuration="c", modules__base="d")
    assert shelf.read(folder / "notes.txt") == "mine"
    assert shelf.read(folder / "modules" / "mine.nix") == "mine"


def test_writing_one_part_leaves_the_others(shelf: Shelf) -> None:
    folder = shelf.configurations.folder("web")
    write(shelf, folder, configuration="a", flake="b", modules__base="c")
    write(shelf, folder, flake="new")
    assert shelf.read(folder / "configuration.nix") == "a"
    assert shelf.read(folder / "modules" / "base.nix") == "c"
    write(shelf, folder, configuration="still ours")


def test_one_file_can_be_named_alone(shelf: Shelf) -> None:
    folder = shelf.configurations.folder("web")
    write(shelf, folder, configuration="a", flake="b")
    one = folder / "flake.nix"
    assert list(shelf.configurations.nix_files(str(one))) == [one]


def test_an_absent_folder_has_no_files_to_check(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        shelf.configurations.nix_files(str(tmp_path / "nowhere"))


def test_a_folder_without_nix_files_gives_none(shelf: Shelf) -> None:
    folder = shelf.configurations.folder("web")
    shelf.edit(folder / "README.md", "nothing here")
    assert list(shelf.configurations.nix_files(str(folder))) == []


def test_the_hosts_of_a_fleet_each_keep_their_first_state_version(shelf: Shelf) -> None:
    fleet = shelf.configurations.fleet_folder()
    keeping = shelf.configurations.write
    keeping(fleet, rendered(a="1"), state_versions={"web": "25.11"}, force=False)
    keeping(fleet, rendered(a="2"), state_versions={"web": "26.05", "db": "26.05"}, force=False)
    keeping(fleet, rendered(a="3"), state_versions={}, force=False)
    assert shelf.configurations.state_versions(fleet) == {"db": "26.05", "web": "25.11"}


def test_the_fleet_has_a_folder_that_no_host_can_have(shelf: Shelf, tmp_path: Path) -> None:
    fleet = shelf.configurations.fleet_folder()
    assert fleet.is_absolute()
    assert fleet.parent == shelf.configurations.folder("web").parent
    assert "_" in fleet.name
    assert shelf.configurations.fleet_folder(str(tmp_path / "mine")) == tmp_path / "mine"


def test_what_is_only_over_some_texts_goes_over_nothing_else(shelf: Shelf) -> None:
    folder = shelf.configurations.folder("web")

    def put(text: str, *, over: tuple[str, ...] | None) -> str | None:
        file = RenderedFile(path="hardware.nix", text=text, placeholder=True, only_over=over)
        shelf.configurations.write(folder, [file], state_versions={}, force=True)
        return shelf.read(folder / "hardware.nix")

    assert put("nothing\n", over=("nothing\n",)) == "nothing\n"
    assert put("known\n", over=("nothing\n",)) == "known\n"
    assert put("nothing\n", over=("nothing\n",)) == "known\n"
    assert put("told\n", over=None) == "told\n"
    assert put("known\n", over=("nothing\n",)) == "told\n"
    shelf.edit(folder / "hardware.nix", "mine\n")
    assert put("told again\n", over=None) == "mine\n"


def test_what_a_person_edited_is_known_and_what_is_gone_is_not_edited(shelf: Shelf) -> None:
    folder = shelf.configurations.folder("web")
    assert shelf.configurations.edited(folder) == []
    write(shelf, folder, flake="1", modules__base="2", home="3")
    shelf.edit(folder / "modules" / "base.nix", "2 # mine")
    shelf.edit(folder / "own.nix", "not Capsule's")
    assert shelf.configurations.edited(folder) == ["modules/base.nix"]


def test_a_text_is_read_and_one_that_is_not_there_is_told(shelf: Shelf) -> None:
    folder = shelf.configurations.folder("web")
    write(shelf, folder, flake="{ }\n")
    assert shelf.configurations.text(str(folder / "flake.nix")) == "{ }\n"
    with pytest.raises(NotFound):
        shelf.configurations.text(str(folder / "nothing.nix"))


def test_the_configurations_under_the_home_are_listed_and_no_others(
    shelf: Shelf, tmp_path: Path
) -> None:
    configurations = shelf.configurations
    assert list(configurations.generated()) == []
    folders = [configurations.folder(host) for host in ("web-2", "web-1")]
    for folder in (*folders, configurations.folder("x", str(tmp_path / "elsewhere"))):
        configurations.write(folder, rendered(a="1"), state_versions={"": "26.05"}, force=False)
    assert list(configurations.generated()) == sorted(folders)


def test_a_flake_is_locked_once_it_has_a_lock(shelf: Shelf) -> None:
    folder = shelf.configurations.folder("web-1")
    shelf.configurations.write(folder, rendered(a="1"), state_versions={"": "26.05"}, force=False)
    assert not shelf.configurations.is_locked(folder)
    shelf.edit(folder / "flake.lock", "{}")
    assert shelf.configurations.is_locked(folder)
