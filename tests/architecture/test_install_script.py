"""install.sh, with a stand-in for uv: what it makes, keeps, refuses and takes away again.

The stand-in makes an environment whose `capsule` tells its version and nothing else, so that
no test downloads anything; everything but the packages is real.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tools import ROOT, needs_tool

FAKE_UV = """#!/bin/sh
echo "$*" >>"$FAKE_UV_LOG"
case "$1" in
  python) exit 1 ;;
  venv) for last; do :; done; mkdir -p "$last/bin" ;;
  pip)
    [ -z "$FAKE_UV_FAILS" ] || { echo "error: the wheel is $FAKE_UV_FAILS"; exit 1; }
    [ -z "$FAKE_UV_SLEEPS" ] || exec sleep 60
    while [ "$1" != --python ]; do shift; done
    cat >"$(dirname "$2")/capsule" <<'SCRIPT'
#!/bin/sh
[ "$1" = --version ] && echo "capsule 9.9" || echo "asked for $*"
SCRIPT
    chmod +x "$(dirname "$2")/capsule" ;;
esac
"""


@dataclass(frozen=True)
class Person:
    """Someone with a checkout, a home with a space in its name, and the stand-in on PATH."""

    checkout: Path
    home: Path
    programs: Path
    uv_log: Path

    @property
    def link(self) -> Path:
        return self.home / ".local" / "bin" / "capsule"

    @property
    def venvs(self) -> Path:
        return self.home / ".local" / "share" / "capsule" / "venvs"

    def environment(self, **extra: str) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "PYTHON": sys.executable,
            "SHELL": "/bin/bash",
            "FAKE_UV_LOG": str(self.uv_log),
            **extra,
        }

    def install(self, *options: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", str(self.checkout / "install.sh"), *options],
            env=self.environment(**extra),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def uv_calls(self) -> list[str]:
        calls = self.uv_log.read_text(encoding="utf-8").splitlines() if self.uv_log.exists() else []
        return [call for call in calls if not call.startswith("python find")]

    def tree(self) -> dict[str, bytes]:
        files = (path for path in sorted(self.home.rglob("*")) if path.is_file())
        return {str(path.relative_to(self.home)): path.read_bytes() for path in files}


@pytest.fixture
def person(tmp_path: Path) -> Person:
    checkout = tmp_path / "check out"
    for folder in ("src", "presets", "requirements"):
        (checkout / folder).mkdir(parents=True)
    (checkout / "src" / "capsule.py").write_text("VERSION = 1\n")
    shutil.copy(ROOT / "install.sh", checkout)
    shutil.copy(ROOT / "pyproject.toml", checkout)
    shutil.copy(ROOT / "requirements" / "runtime.lock", checkout / "requirements")
    someone = Person(checkout, tmp_path / "ho me", tmp_path / "programs", tmp_path / "uv.log")
    someone.home.mkdir()
    someone.programs.mkdir()
    uv = someone.programs / "uv"
    uv.write_text(FAKE_UV)
    uv.chmod(0o755)
    return someone


def test_an_installation_starts_from_the_link(person: Person) -> None:
    ended = person.install()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"installed capsule 9.9: {person.link}" in ended.stdout
    told = subprocess.run([person.link, "--version"], capture_output=True, text=True, check=True)
    assert told.stdout == "capsule 9.9\n"


def test_everything_comes_from_the_lock_with_its_hashes_and_the_project_without_any(
    person: Person,
) -> None:
    person.install()
    _, packages, project = person.uv_calls()
    assert "--require-hashes" in packages
    assert packages.endswith(f"-r {person.checkout}/requirements/runtime.lock")
    assert "--no-deps --no-build-isolation" in project
    assert project.endswith(str(person.checkout))
    assert "--editable" not in project


def test_editable_installs_the_checkout_itself(person: Person) -> None:
    person.install("--editable")
    assert f"--editable {person.checkout}" in person.uv_calls()[-1]


def test_a_second_run_changes_nothing(person: Person) -> None:
    person.install()
    calls, before = person.uv_calls(), person.tree()
    ended = person.install()
    assert ended.returncode == 0
    assert "capsule 9.9 is installed, and as this checkout is" in ended.stdout
    assert person.uv_calls() == calls
    assert person.tree() == before


def test_a_changed_checkout_is_installed_beside_and_the_oldest_is_swept(person: Person) -> None:
    seen = []
    for version in (1, 2, 3):
        (person.checkout / "src" / "capsule.py").write_text(f"VERSION = {version}\n")
        assert person.install().returncode == 0
        seen.append(person.link.resolve().parents[1])
    assert len(set(seen)) == 3
    assert set(person.venvs.iterdir()) == set(seen[1:])


def test_a_failed_installation_leaves_the_former_one_and_says_why(person: Person) -> None:
    person.install()
    former = person.link.resolve()
    (person.checkout / "src" / "capsule.py").write_text("VERSION = 2\n")
    ended = person.install(FAKE_UV_FAILS="corrupt")
    assert ended.returncode == 1
    assert "error: the wheel is corrupt" in ended.stderr
    assert "what was installed before still is" in ended.stderr
    assert person.link.resolve() == former
    assert list(person.venvs.iterdir()) == [former.parents[1]]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_an_interrupted_installation_leaves_the_former_one(
    person: Person, number: signal.Signals, code: int
) -> None:
    person.install()
    former, calls = person.link.resolve(), len(person.uv_calls())
    (person.checkout / "src" / "capsule.py").write_text("VERSION = 2\n")
    with subprocess.Popen(
        ["/bin/sh", str(person.checkout / "install.sh")],
        env=person.environment(FAKE_UV_SLEEPS="yes"),
        stdout=subprocess.DEVNULL,
    ) as running:
        deadline = time.monotonic() + 20
        while len(person.uv_calls()) < calls + 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        running.send_signal(number)
        assert running.wait(timeout=20) == code
    assert person.link.resolve() == former
    assert list(person.venvs.iterdir()) == [former.parents[1]]


def test_uninstalling_leaves_the_home_as_it_was(person: Person) -> None:
    (person.home / ".bashrc").write_text("alias ll='ls -l'\n")
    (person.home / ".capsule").mkdir()
    (person.home / ".capsule" / "config.yml").write_text("version: 1\n")
    before = person.tree()
    assert person.install("--path").returncode == 0
    assert person.tree() != before
    ended = person.install("--uninstall")
    assert ended.returncode == 0
    assert f"what is yours stays: {person.home}/.capsule" in ended.stdout
    assert person.tree() == before
    assert not person.venvs.exists()
    assert not person.link.is_symlink()


def test_uninstalling_takes_the_completion_away_too(person: Person) -> None:
    script = person.home / ".bash_completions" / "capsule.sh"
    script.parent.mkdir()
    script.write_text("complete -F _capsule capsule\n")
    (person.home / ".bashrc").write_text(f"one\n\n\nsource '{script}'\n\ntwo\n\n")
    assert person.install("--uninstall").returncode == 0
    assert (person.home / ".bashrc").read_text() == "one\n\n\ntwo\n\n"
    assert not script.exists()


def test_uninstalling_nothing_is_a_success(person: Person) -> None:
    ended = person.install("--uninstall")
    assert (ended.returncode, ended.stdout) == (0, "✓ Capsule is not installed\n")


def test_a_program_of_the_same_name_is_neither_replaced_nor_removed(person: Person) -> None:
    person.link.parent.mkdir(parents=True)
    person.link.write_text("#!/bin/sh\n")
    ended = person.install()
    assert ended.returncode == 5
    assert "is there already, and is not ours" in ended.stderr
    assert "it stays" in person.install("--uninstall").stdout
    assert person.link.read_text() == "#!/bin/sh\n"


def test_path_is_only_told_unless_asked_for(person: Person) -> None:
    ended = person.install()
    assert 'export PATH="$HOME/.local/bin:$PATH"' in ended.stdout
    assert "./install.sh --path" in ended.stdout
    assert not (person.home / ".bashrc").exists()


def test_path_is_added_once_and_works(person: Person) -> None:
    (person.home / ".bashrc").write_text("true")  # no newline at the end
    person.install("--path")
    assert "already" in person.install("--path").stdout
    assert (person.home / ".bashrc").read_text().count("export PATH") == 1
    found = subprocess.run(
        [needs_tool("bash"), "-c", ". ~/.bashrc; command -v capsule"],
        env={"HOME": str(person.home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == str(person.link)


@pytest.mark.parametrize(
    ("shell", "file", "line"),
    [
        ("/bin/zsh", ".zshrc", 'export PATH="$HOME/.local/bin:$PATH"'),
        ("/usr/bin/fish", ".config/fish/config.fish", 'fish_add_path "$HOME/.local/bin"'),
        ("/bin/ksh", ".profile", 'export PATH="$HOME/.local/bin:$PATH"'),
    ],
)
def test_each_shell_has_its_own_file_and_line(
    person: Person, shell: str, file: str, line: str
) -> None:
    person.install("--path", SHELL=shell)
    assert line in (person.home / file).read_text().splitlines()
    person.install("--uninstall", SHELL=shell)
    assert not (person.home / file).exists()


def test_completion_is_asked_of_capsule_only_when_wanted(person: Person) -> None:
    assert "shell completion: capsule --install-completion" in person.install().stdout
    assert "asked for --install-completion" in person.install("--completion").stdout


def test_the_demo_is_run_by_what_was_installed(person: Person) -> None:
    assert person.install("--demo").stdout.endswith("asked for demo\n")


def test_help_and_mistakes_are_told_apart(person: Person) -> None:
    helped = person.install("--help")
    assert (helped.returncode, helped.stderr) == (0, "")
    wrong = person.install("--dmeo")
    assert wrong.returncode == 2
    assert "unknown option '--dmeo'" in wrong.stderr
    assert person.install("--uninstall", "--demo").returncode == 2
    assert list(person.home.iterdir()) == []


def test_without_a_new_enough_python_it_says_so(person: Person, tmp_path: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    (few / "dirname").symlink_to(needs_tool("dirname"))
    ended = person.install(PATH=str(few), PYTHON="")
    assert ended.returncode == 3
    assert "no Python of 3.11 or newer was found" in ended.stderr
