"""Real Nix with a store that is a folder: several of them, at a path that each side names alike."""

from pathlib import Path


def nix_environment(folder: Path, store: Path, *settings: str) -> dict[str, str]:
    """The variables that keep Nix inside `folder`, with `store` as the store's name."""
    conf = folder / "nix-conf"
    conf.mkdir(parents=True)
    (conf / "nix.conf").write_text(
        "sandbox = false\nbuild-users-group =\nsubstituters =\nflake-registry =\n"
        "experimental-features = nix-command flakes\nrequire-sigs = false\n"
        + "".join(f"{line}\n" for line in settings)
    )
    return {
        "NIX_CONF_DIR": str(conf),
        "NIX_STORE_DIR": str(store),
        "NIX_STATE_DIR": str(folder / "state"),
        "NIX_LOG_DIR": str(folder / "log"),
        "NIX_REMOTE": "",
    }


def wrapper(path: Path, program: str, environment: dict[str, str], *before: str) -> None:
    """A program that starts the real one with `environment`."""
    exports = "".join(f"export {name}='{value}'\n" for name, value in environment.items())
    words = " ".join(f"'{word}'" for word in (*before, program))
    path.write_text(f'#!/bin/sh\n{exports}exec {words} "$@"\n')
    path.chmod(0o755)


def writable(folder: Path) -> None:
    """The store is read-only, and pytest would like to take it away."""
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
