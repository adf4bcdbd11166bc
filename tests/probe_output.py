"""What a machine answers to the probe's script, for tests that have no machine."""

from collections.abc import Mapping

from capsule_adapters.sandbox.figures import disk_tables, proc_files


def proc(files: Mapping[str, str]) -> str:
    """The files of /proc one after another, as the script shows them."""
    first, _, _ = files["stat"].partition("\n")
    rest = "".join(text for name, text in files.items() if name != "stat")
    return f"{first}\n{rest}"


def healthy_parts() -> dict[str, str]:
    """The parts of a machine that is well, by name."""
    before, after = proc_files("1", 10.0), proc_files("1", 10.5)
    tables = disk_tables("1")
    return {
        "begin 1": "",
        "proc": proc(before),
        "blocks": tables["blocks"],
        "inodes": tables["inodes"],
        "cores": "2",
        "units": "",
        "proc-later": proc(after),
        "end 1": "",
    }


def framed(parts: Mapping[str, str], marker: str) -> str:
    """The parts as the script prints them."""
    return "".join(f"\n{marker} {name}\n{text}" for name, text in parts.items())
