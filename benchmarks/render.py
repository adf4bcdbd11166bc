"""How long it takes to render the configuration of a large fleet.

    .venv/bin/python benchmarks/render.py [--rounds 5] [--dry-run]

1,000 hosts over all built-in profiles, each with hardware of its own, as one flake: from
the wishes to the texts of all files, on one core. Nothing is written to the disk but
benchmarks/results/render.md.
"""

import argparse
import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from capsule_adapters.nix.renderer import JinjaNixRenderer
from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_domain.models.hardware import Firmware, Hardware, Mount
from capsule_domain.models.nixos import RenderedFile
from capsule_domain.services.compose import Compose
from capsule_domain.services.nixos_wish import GrantWish, Wish
from capsule_domain.services.refuse_secrets import refuse_secrets

RESULTS = Path(__file__).parent / "results" / "render.md"
HOSTS = 1_000
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2NzcJGJsuKrzfuGOu1A9jtbiYRT4pc9PcQJYHE4wTj fleet"


def hardware(number: int) -> Hardware:
    """That of one host: no two are the same."""
    uuid = f"00000000-0000-4000-8000-{number:012d}"
    return Hardware(
        origin=f"as host-{number} told",
        was_told=True,
        firmware=Firmware.BIOS,
        disk="/dev/vda",
        nixpkgs_modules=("profiles/qemu-guest.nix",),
        mounts=(Mount(place="/", device=f"/dev/disk/by-uuid/{uuid}", kind="ext4"),),
        initrd_modules=("ahci", "virtio_blk", "virtio_pci"),
    )


def rendered() -> list[RenderedFile]:
    """Every file of the fleet. Each profile is resolved once."""
    presets = BuiltinPresets()
    compose = Compose(presets)
    environments = [compose.resolve(profile) for profile in presets.profiles().values()]
    grant = GrantWish()
    requests = [
        grant.request(
            Wish(hostname=f"host-{number}", username="alice", authorized_keys=[KEY]),
            environments[number % len(environments)],
            hardware=hardware(number),
        )
        for number in range(HOSTS)
    ]
    return list(JinjaNixRenderer().fleet(requests))


def main() -> None:
    """Measure, print, and keep the result unless this is a dry run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="counted rounds (at least 3)")
    parser.add_argument("--dry-run", action="store_true", help="print only")
    chosen = parser.parse_args()
    if chosen.rounds < 3:
        parser.error("fewer than 3 rounds say nothing")
    rendered()  # not counted: templates are compiled, models are built
    took, searched = [], []
    for _ in range(chosen.rounds):
        started = time.perf_counter()
        files = rendered()
        took.append(time.perf_counter() - started)
        started = time.perf_counter()
        refuse_secrets(files)
        searched.append(time.perf_counter() - started)
    size_mib = sum(len(file.text) for file in files) / 2**20
    python = f"{platform.python_implementation()} {platform.python_version()}"
    text = (
        "# Rendering a fleet\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {python}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} processors, one used.\n"
        "Made by `benchmarks/render.py`.\n\n"
        f"{HOSTS:,} hosts, {len(files):,} files, {size_mib:.1f} MiB of text.\n\n"
        "| what | rounds | median s | min s | max s |\n|---|---:|---:|---:|---:|\n"
        + "".join(
            f"| {what} | {chosen.rounds} | {median(s):.2f} | {min(s):.2f} | {max(s):.2f} |\n"
            for what, s in (("rendering", took), ("the search for secrets in it", searched))
        )
    )
    sys.stdout.write(text)
    if not chosen.dry_run:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
