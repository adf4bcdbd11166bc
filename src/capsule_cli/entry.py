"""Where the `capsule` program starts. Imports nothing that `--version` does not need."""

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
    from capsule_cli.main import run_process

    sys.exit(run_process(sys.argv[1:]))


if __name__ == "__main__":
    main()
