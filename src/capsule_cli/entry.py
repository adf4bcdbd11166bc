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
    hasten()
    from capsule_cli.main import run_process

    sys.exit(run_process(sys.argv[1:]))


def hasten() -> None:
    """What makes a short run shorter (benchmarks/startup.py), and a long one cheaper.

    Imports leave little garbage, and so do looks at a thousand machines (benchmarks/sweep.py):
    to search for it again and again is in vain. No plugin of pydantic is ours, and looking for
    one reads every package's metadata.
    """
    gc.set_threshold(50_000)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


if __name__ == "__main__":
    main()
