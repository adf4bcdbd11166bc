"""From printed text to figures: the rules, and that nothing printed makes it fail."""

import math
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.probes.metrics import cpu_percent, disks, memory_percent, metrics
from capsule_adapters.probes.script import parts, script
from tests.probe_output import framed, healthy_parts

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MARKER = "0123456789abcdef0123456789abcdef"
BLOCKS = "Filesystem 1024-blocks Used Available Capacity Mounted on\n"
INODES = "Filesystem Inodes IUsed IFree IUse% Mounted on\n"


@pytest.mark.parametrize(
    ("before", "after", "percent"),
    [
        # user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice
        ("cpu 0 0 0 0 0 0 0 0 0 0", "cpu 25 0 25 50 0 0 0 0 0 0", 50),
        ("cpu 0 0 0 0 0 0 0 0 0 0", "cpu 10 0 0 40 50 0 0 0 0 0", 10),
        ("cpu 0 0 0 0 0 0 0 0 0 0", "cpu 50 0 0 50 0 0 0 0 50 0", 50),
        ("cpu 0 0 0 0 0 0 0 0 0 0", "cpu 0 0 0 50 0 10 15 25 0 0", 50),
        ("cpu 10 0 0 50 80 0 0 0 0 0", "cpu 20 0 0 140 70 0 0 0 0 0", 10),
        ("cpu 100 0 0 100", "cpu 200 0 0 200", 50),
        ("cpu 5 0 5 90 0 0 0 0 0 0", "cpu 5 0 5 90 0 0 0 0 0 0", None),
        ("cpu 900 0 0 900 0 0 0 0 0 0", "cpu 1 0 0 1 0 0 0 0 0 0", None),
        ("", "cpu 25 0 25 50 0 0 0 0 0 0", None),
        ("cpu0 0 0 0 0", "cpu0 25 0 25 50", None),
        ("cpu a b c d", "cpu 25 0 25 50", None),
        ("cpu 1 2 3", "cpu 4 5 6", None),
        ("cpu -1 0 0 0", "cpu 25 0 25 50", None),
    ],
    ids=[
        "half",
        "waiting is idle",
        "guest is user already",
        "interrupts and steal are busy",
        "a counter that went back stands still",
        "an old kernel with four columns",
        "no time passed",
        "rebooted between the two",
        "nothing read",
        "one processor's line",
        "words",
        "too few",
        "negative",
    ],
)
def test_cpu_is_busy_time_between_two_readings(
    before: str, after: str, percent: float | None
) -> None:
    assert cpu_percent(before, after) == percent


def test_memory_is_what_is_not_available() -> None:
    text = "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 400 kB\nCached: 300 kB\n"
    assert memory_percent(text) == 60


def test_what_the_zfs_cache_would_give_back_is_available() -> None:
    text = "MemTotal: 1000 kB\nMemAvailable: 400 kB\n"
    arc = f"name type data\nsize 4 {300 * 1024}\nc_min 4 {100 * 1024}\n"
    assert memory_percent(text, arc) == 40


def test_a_zfs_cache_larger_than_memory_does_not_make_it_negative() -> None:
    arc = f"size 4 {10**15}\nc_min 4 0\n"
    assert memory_percent("MemTotal: 1000 kB\nMemAvailable: 400 kB\n", arc) == 0


@pytest.mark.parametrize(
    "text", ["", "MemTotal: 1000 kB\n", "MemTotal: 0 kB\nMemAvailable: 0 kB\n", "MemTotal: ? kB"]
)
def test_memory_that_cannot_be_read_is_none_never_zero(text: str) -> None:
    assert memory_percent(text) is None


def test_disk_use_is_as_df_shows_it_not_used_by_size() -> None:
    # Of 1000 blocks 50 are kept back for root: 475 / (475 + 475).
    table = f"{BLOCKS}/dev/vda1 1000 475 475 50% /\n"
    assert disks(table, "")[0].used_percent == 50


def test_mounts_and_devices_may_have_spaces() -> None:
    table = f"{BLOCKS}/dev/vda1 100 10 90 10% /\nmy pool/a b 100 30 70 30% /srv/my  data 1 2 3\n"
    found = {disk.mount: disk.used_percent for disk in disks(table, "")}
    assert found == {"/": 10, "/srv/my  data 1 2 3": 30}


def test_pseudo_file_systems_and_images_are_no_disks() -> None:
    rows = (
        "tmpfs 100 10 90 10% /tmp\nudev 100 0 100 0% /dev\noverlay 100 10 90 10% /merged\n"
        "/dev/loop0 100 100 0 100% /mnt/image\n/dev/sr0 100 100 0 100% /media/cd\n"
        "/dev/vdb 100 10 90 10% /var/lib/docker/overlay2\n/dev/vdc 100 10 90 10% /run/media/x\n"
        "/dev/loop1 100 10 90 10% /snap/core/1\n/dev/vdd 100 10 90 10% /device\n"
    )
    assert [disk.mount for disk in disks(BLOCKS + rows, "")] == ["/device"]


def test_a_device_that_is_mounted_twice_counts_once() -> None:
    table = f"{BLOCKS}/dev/vda1 100 10 90 10% /nix/store\n/dev/vda1 100 10 90 10% /\n"
    assert [disk.mount for disk in disks(table, "")] == ["/"]


def test_a_disk_of_no_size_is_left_out() -> None:
    assert disks(f"{BLOCKS}/dev/vda1 0 0 0 - /\n", "") == ()


@pytest.mark.parametrize(
    ("row", "percent"),
    [
        ("/dev/vda1 1000 250 750 25% /", 25),
        ("/dev/vda1 0 0 0 - /", None),
        ("/dev/vda1 - - - - /", None),
        ("/dev/vda2 1000 250 750 25% /other", None),
    ],
    ids=["counted", "btrfs", "unknown", "another mount"],
)
def test_inodes_are_none_where_their_number_is_not_fixed(row: str, percent: float | None) -> None:
    table = f"{BLOCKS}/dev/vda1 100 10 90 10% /\n"
    assert disks(table, f"{INODES}{row}\n")[0].inodes_percent == percent


def test_all_of_a_machine_that_is_well_is_read() -> None:
    sample = metrics("web-1", healthy_parts(), NOW)
    assert sample.cpu_percent is not None
    assert 2 <= sample.cpu_percent <= 12
    assert sample.memory_percent is not None
    assert 20 < sample.memory_percent < 35
    assert [disk.mount for disk in sample.disks] == ["/", "/boot/efi"]
    assert sample.disks[1].inodes_percent is None
    assert (sample.load_1, sample.load_5, sample.load_15) != (None, None, None)
    assert sample.uptime_seconds == 30.0


def test_without_proc_there_are_no_figures_and_no_zeros() -> None:
    tables = {name: healthy_parts()[name] for name in ("blocks", "inodes")}
    sample = metrics("mac", tables, NOW)
    assert sample.disks
    figures = sample.model_dump(exclude={"xnode", "collected_at", "disks"})
    assert set(figures.values()) == {None}


@pytest.mark.parametrize("text", ["1e308 2 3", "inf nan 1", "9" * 400, "0x1f 1 1", "-1 -1 -1"])
def test_figures_that_are_none_do_not_get_through(text: str) -> None:
    sample = metrics("web-1", {"loadavg": text, "uptime": text}, NOW)
    assert sample.load_1 is None
    assert sample.uptime_seconds is None


def test_only_what_stands_between_markers_is_read() -> None:
    text = f"Welcome!\nstat\ncpu 1 2 3 4\n{framed({'stat': 'cpu 5 6 7 8', 'end': ''}, MARKER)}\nbye"
    assert parts(text, MARKER) == {"stat": "cpu 5 6 7 8", "end": "bye"}


def test_output_that_ends_early_has_no_end() -> None:
    whole = framed(healthy_parts(), MARKER)
    assert "end" in parts(whole, MARKER)
    assert "end" not in parts(whole[: len(whole) // 2], MARKER)


def test_a_marker_is_never_shell() -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        script("$(reboot)")


proc_like = st.text(alphabet=st.sampled_from("cpu 0123456789.-:%/\n\tkBabe٣²"), max_size=200)


@given(
    st.dictionaries(
        st.sampled_from([*healthy_parts(), "other"]), st.one_of(st.text(max_size=200), proc_like)
    )
)
def test_no_text_makes_reading_fail(found: dict[str, str]) -> None:
    sample = metrics("web-1", found, NOW)
    for figure in (sample.load_1, sample.load_5, sample.load_15, sample.uptime_seconds):
        assert figure is None or math.isfinite(figure)
    for disk in sample.disks:
        assert 0 <= disk.used_percent <= 100


@given(st.text(max_size=400))
def test_no_output_makes_taking_it_apart_fail(text: str) -> None:
    parts(text, MARKER)
    parts(framed({"stat": text}, MARKER), MARKER)


counter = st.integers(min_value=0, max_value=2**63)


@given(st.lists(counter, min_size=10, max_size=10), st.lists(counter, min_size=10, max_size=10))
def test_cpu_is_a_percentage_whatever_the_counters_are(first: list[int], second: list[int]) -> None:
    before, after = (f"cpu {' '.join(map(str, ticks))}" for ticks in (first, second))
    percent = cpu_percent(before, after)
    assert percent is None or 0 <= percent <= 100


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_disk_use_is_a_percentage_whatever_df_says(used: int, free: int) -> None:
    for disk in disks(f"{BLOCKS}/dev/vda1 1 {used} {free} 1% /\n", ""):
        assert 0 <= disk.used_percent <= 100


def test_a_malicious_table_does_not_hold_the_reader_up() -> None:
    line = " ".join(["1"] * 5000)
    begun = time.monotonic()
    assert disks("\n".join([line] * 3000), "") == ()
    assert time.monotonic() - begun < 3
