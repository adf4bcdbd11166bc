"""Machines to plant on: a real sshd, an empty home, and a Nix that acts like the real one."""

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from capsule_adapters.installers.plot import ShellPlots
from capsule_adapters.ssh.host import SshHosts
from capsule_domain.models.planting import Installer
from capsule_domain.ports.host import Destination
from tests.sshd import Sshd

# What `nix build --profile` and `nix-env --set` do to a profile: a store path, a link a
# generation, the profile's link last; a lock beside a flake that has none. Every call is noted.
NIX = """\
#!/bin/sh
set -eu
note() { printf '%s\\n' "$*" >>@CALLS@; }
become() { # become LINK STORE_PATH: a generation, unless the last one is the same
  link=$1 store=$2 number=1
  [ "$(readlink -f "$link" 2>/dev/null)" != "$store" ] || return 0
  while [ -L "$link-$number-link" ]; do number=$((number + 1)); done
  ln -s "$store" "$link-$number-link"
  ln -sfn "$(basename "$link")-$number-link" "$link"
}
note "$(basename "$0")" "$@"
if [ "$(basename "$0")" = nix-env ]; then
  [ "$1" = --profile ]
  case $3 in
    --set) [ -d "$4" ]; become "$2" "$4" ;;
    --switch-generation) [ -L "$2-$4-link" ]; ln -sfn "$(basename "$2")-$4-link" "$2" ;;
  esac
  exit 0
fi
[ "$1" != --version ] || { echo 'nix (Nix) 2.28.3'; exit 0; }
[ "$1 $2" = '--extra-experimental-features nix-command flakes' ]
shift 2
if [ -e @BROKEN@ ]; then
  echo "error: $(cat @BROKEN@)" >&2
  exit 1
fi
while [ -e @SLOW@ ]; do sleep 0.1; done
[ "$1 $2 $3" = 'build --no-link --profile' ]
[ "$5" = 'path:.#default' ]
[ -e flake.lock ] || echo '{"version": 7}' >flake.lock
store=@STORE@/$(sha256sum <flake.nix | cut -c 1-32)-capsule
echo "building '$store.drv'..." >&2
mkdir -p "$store/bin"
printf '#!/bin/sh\\necho htop 3\\n' >"$store/bin/htop"
chmod +x "$store/bin/htop"
become "$4" "$store"
"""

INSTALLER = """\
#!/bin/sh
# Stands for the Nix project's: notes how it was called, and puts a nix where a single-user
# installation puts it.
set -eu
printf 'installer %s\\n' "$*" >>@CALLS@
if [ -e @BROKEN@ ]; then echo 'curl: (6) could not resolve host' >&2; exit 1; fi
mkdir -p "$HOME/.nix-profile/bin"
cp @NIX@ "$HOME/.nix-profile/bin/nix"
cp @NIX@ "$HOME/.nix-profile/bin/nix-env"
"""


# Who runs the tests may not be root; the machine lets its user become root all the same.
SUDO = """\
#!/bin/sh
[ "$1" != -n ] || shift
exec "$@"
"""


@dataclass
class Machine:
    """One machine: its home, what Nix was called with, and the ways to it."""

    folder: Path
    sshd: Sshd
    plots: ShellPlots
    destination: Destination

    @property
    def home(self) -> Path:
        return self.sshd.home

    @property
    def calls(self) -> list[str]:
        """What Nix and its installer were called with, line by line."""
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def forget_calls(self) -> None:
        (self.folder / "calls").unlink(missing_ok=True)

    def breaks(
        self, *, yes: bool = True, why: str = "hash mismatch in fixed-output derivation"
    ) -> None:
        """Nix and its installer fail from now on, or no longer."""
        broken = self.folder / "broken"
        broken.write_text(f"{why}\n") if yes else broken.unlink()

    def replaces(self, program: str, script: str) -> None:
        """That program is this script there from now on."""
        file = self.folder / "programs" / program
        file.unlink(missing_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def installer(self) -> Installer:
        """The installer as it would lie here after its download."""
        path = self.folder / "installer"
        content = _filled(INSTALLER, self.folder)
        path.write_text(content)
        digest = sha256(content.encode()).hexdigest()
        return Installer(
            url="https://example.org/install",
            path=str(path),
            sha256=digest,
            size_bytes=len(content),
        )

    def picture(self) -> dict[str, tuple[str, int]]:
        """Every path below its home, with its content or where it leads, and its mode."""
        found = {}
        for path in sorted(self.home.rglob("*")):
            status = path.lstat()
            if path.is_symlink():
                text = str(path.readlink())
            elif path.is_file():
                text = f"{sha256(path.read_bytes()).hexdigest()} {status.st_mtime_ns}"
            else:
                text = "folder"
            found[str(path.relative_to(self.home))] = (text, stat.S_IMODE(status.st_mode))
        return found


@contextmanager
def machine(
    folder: Path,
    *,
    nix: bool = True,
    without: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Machine]:
    """A machine behind a real sshd. It sees the programs of this one but for Nix and `without`.

    `own_home` of the test is where the person's ~/.ssh is written. `nix`: it has the shim.
    """
    programs = _programs(folder / "programs", without)
    if os.getuid() != 0 and "sudo" not in without:
        (programs / "sudo").unlink(missing_ok=True)
        (programs / "sudo").write_text(SUDO)
        (programs / "sudo").chmod(0o755)
    (folder / "nix").write_text(_filled(NIX, folder))
    (folder / "nix").chmod(0o755)
    if nix:
        for name in ("nix", "nix-env"):
            shutil.copy(folder / "nix", programs / name)
    seen = {
        "PATH": str(programs),
        "NIX_CONF_DIR": str(folder / "conf"),
        "SHELL": "/bin/bash",
        **(environment or {}),
    }
    with Sshd(folder / "sshd", environment=seen) as sshd:
        config = _introduce(sshd)
        with closing(SshHosts(folder / "ours", config)) as hosts:
            plots = ShellPlots(lambda: hosts)
            yield Machine(folder, sshd, plots, Destination(host="web"))


def _filled(script: str, folder: Path) -> str:
    names = {"CALLS": "calls", "BROKEN": "broken", "SLOW": "slow", "STORE": "store", "NIX": "nix"}
    for name, file in names.items():
        script = script.replace(f"@{name}@", str(folder / file))
    return script


def _programs(folder: Path, without: tuple[str, ...]) -> Path:
    folder.mkdir(parents=True)
    for place in ("/usr/local/bin", "/usr/bin", "/bin"):
        for program in Path(place).iterdir():
            name = program.name
            if not name.startswith("nix") and name not in without and not (folder / name).exists():
                (folder / name).symlink_to(program)
    return folder


def _introduce(sshd: Sshd) -> Path:
    """The person knows the machine as `web`: its address, port, user, key and host key."""
    dot_ssh = Path(os.environ["HOME"]) / ".ssh"
    dot_ssh.mkdir(mode=0o700, exist_ok=True)
    (dot_ssh / "known_hosts").write_text(f"[127.0.0.1]:{sshd.port} {sshd.host_key}\n")
    config = dot_ssh / "config"
    config.write_text(
        f"Host web\n  HostName 127.0.0.1\n  Port {sshd.port}\n"
        f"  User {sshd.user}\n  IdentityFile {sshd.private_key}\n"
    )
    return config
