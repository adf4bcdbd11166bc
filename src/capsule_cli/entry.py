"""Where the `capsule` program starts. Imports nothing that `--version` does not need."""

import gc
import os
import sys

from capsule_cli import __version__


def main() -> None:
    """Run the command line and end the process with its exit code."""
    arguments = sys.argv[1:]
    if "--" in arguments:
        arguments = arguments[: arguments.index("--")]
    if "--version" in arguments:
        sys.stdout.write(f"capsule {__version__}\n")
        return
    _hasten()
    from capsule_cli.main import run_process

    sys.exit(run_process(sys.argv[1:]))


def _hasten() -> None:
    """What makes a short run shorter (benchmarks/startup.py).

    Imports leave little garbage: looking for it again and again while they run is in
    vain. No plugin of pydantic is ours, and looking for one reads every package's metadata.
    """
    gc.set_threshold(50_000)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


if __name__ == "__main__":
    main()
