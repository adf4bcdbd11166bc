"""From printed text to figures: the rules, and that nothing printed makes it fail."""

import math
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.probes.file_systems import disks
from capsule_adapters.probes.metrics import metrics
from capsule_adapters.probes.proc import cpu_percents, memory_percent, read_proc
from capsule_adapters.probes.script import loop_script, parts
from capsule_domain.models.metric import Gpu, Metrics
from tests.probe_output import framed, healthy_parts

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MARKER = "0123456789abcdef0123456789abcdef"
BLOCKS = "Filesystem 1024-blocks Used Available Capacity Mounted on\n"
INODES = "Filesystem Inodes IUsed IFree IUse% Mounted on\n"


BOOT = "00000000-1111-2222-3333-444444444444"


def cpu_percent(before: str, after: str) -> float | None:
    return cpu_percents(read_proc(before), read_proc(after))[0]


def sample(
    found: dict[str, str], before: dict[str, str] | None = None, name: str = "web-1"
) -> Metrics:
    """The figures of a look, after another one where `before` is what that showed."""
    known = None if before is None else metrics(name, before, NOW)[1]
    return metrics(name, found, NOW, known)[0]


def look(uptime: float, *lines: str, boot: str = BOOT) -> dict[str, str]:
    """What a machine that runs so long shows of /proc."""
    return {"proc": "\n".join((f"{uptime} 1.0", boot, *lines))}


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
    assert memory_percent(read_proc(text)) == 60


def test_counters_that_no_kernel_has_make_no_rate() -> None:
    count = "9" * 30
    before = look(100, " 8 0 sda 1 0 9 0 1 0 9 0 0 0 0", f"eth0: 0 {'0 ' * 14}0")
    after = look(110, f" 8 0 sda 1 0 {count} 0 1 0 {count} 0 0 0 0", f"eth0: {count} {'0 ' * 14}0")
    read = sample(after, before)
    assert (read.read_bytes_per_second, read.written_bytes_per_second) == (None, None)
    assert (read.received_bytes_per_second, read.sent_bytes_per_second) == (None, None)


def test_what_the_zfs_cache_would_give_back_is_available() -> None:
    text = "MemTotal: 1000 kB\nMemAvailable: 400 kB\n"
    arc = f"name type data\nsize 4 {300 * 1024}\nc_min 4 {100 * 1024}\n"
    assert memory_percent(read_proc(text + arc)) == 40


def test_a_zfs_cache_larger_than_memory_does_not_make_it_negative() -> None:
    arc = f"size 4 {10**15}\nc_min 4 0\n"
    assert memory_percent(read_proc(f"MemTotal: 1000 kB\nMemAvailable: 400 kB\n{arc}")) == 0


@pytest.mark.parametrize(
    "text", ["", "MemTotal: 1000 kB\n", "MemTotal: 0 kB\nMemAvailable: 0 kB\n", "MemTotal: ? kB"]
)
def test_memory_that_cannot_be_read_is_none_never_zero(text: str) -> None:
    assert memory_percent(read_proc(text)) is None


def test_disk_use_is_as_df_shows_it_not_used_by_size() -> None:
    # Of 1000 blocks 50 are kept back for root: 475 / (475 + 475).
    table = f"{BLOCKS}/dev/vda1 1000 475 475 50% /\n"
    assert disks(table, "")[0].used_percent == 50


def test_mounts_and_devices_may_have_spaces() -> None:
    table = f"{BLOCKS}/dev/vda1 100 10 90 10% /\nmy pool/a b 100 30 70 30% /srv/my  data 1 2 3\n"
    found = {disk.mount: disk.used_percent for disk in disks(table, "")}
    assert found == {"/": 10, "/srv/my  data 1 2 3": 30}


def test_a_table_in_another_language_is_read_all_the_same() -> None:
    head = "Dateisystem 1K-Blöcke Benutzt Verfügbar Verw% Eingehängt auf\n"
    assert [disk.mount for disk in disks(f"{head}/dev/vda1 100 10 90 10% /\n", "")] == ["/"]


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
    read = sample(healthy_parts())
    assert read.cpu_percent is not None
    assert 2 <= read.cpu_percent <= 12
    assert read.memory_percent is not None
    assert 20 < read.memory_percent < 35
    assert read.disks is not None
    assert [disk.mount for disk in read.disks] == ["/", "/boot/efi"]
    assert read.disks[1].inodes_percent is None
    assert (read.load_1, read.load_5, read.load_15) != (None, None, None)
    assert read.uptime_seconds == 30.5
    assert (read.cores, read.failed_units) == (2, ())
    assert read.load_per_core == (read.load_1 or 0) / 2


def test_without_proc_there_are_no_figures_and_no_zeros() -> None:
    tables = {name: healthy_parts()[name] for name in ("blocks", "inodes")}
    read = sample(tables, name="mac")
    assert read.disks
    figures = read.model_dump(exclude={"xnode", "collected_at", "disks"})
    assert set(figures.values()) == {None}


def test_what_was_not_asked_for_is_none_and_what_there_is_none_of_is_empty() -> None:
    assert sample({}).disks is None
    assert sample({}).failed_units is None
    read = sample({"blocks": BLOCKS, "inodes": INODES, "units": ""})
    assert (read.disks, read.failed_units) == ((), ())


def test_the_first_look_has_no_figures_that_lie_between_two() -> None:
    first = look(100, "cpu 0 0 0 0 0 0 0 0", "eth0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0")
    read = sample(first)
    assert (read.cpu_percent, read.received_bytes_per_second) == (None, None)


def test_cpu_and_rates_lie_between_this_look_and_the_one_before() -> None:
    read = sample(
        look(
            110,
            "cpu 25 0 20 50 0 0 0 5 0 0",
            "Inter-|   Receive  |  Transmit",
            "  eth0: 3000 1 0 0 0 0 0 0 500 1 0 0 0 0 0 0",
            "    lo: 9999 1 0 0 0 0 0 0 9999 1 0 0 0 0 0 0",
            "docker0: 9999 1 0 0 0 0 0 0 9999 1 0 0 0 0 0 0",
            " 254 0 vda 1 0 40 0 1 0 20 0 0 0 0",
            " 254 1 vda1 1 0 40 0 1 0 20 0 0 0 0",
            "   7 0 loop0 1 0 40 0 1 0 20 0 0 0 0",
        ),
        look(
            100,
            "cpu 0 0 0 0 0 0 0 0 0 0",
            "  eth0:1000 1 0 0 0 0 0 0 0 1 0 0 0 0 0 0",
            "    lo: 0 1 0 0 0 0 0 0 0 1 0 0 0 0 0 0",
            "docker0: 0 1 0 0 0 0 0 0 0 1 0 0 0 0 0 0",
            " 254 0 vda 1 0 0 0 1 0 0 0 0 0 0",
            " 254 1 vda1 1 0 0 0 1 0 0 0 0 0 0",
            "   7 0 loop0 1 0 0 0 1 0 0 0 0 0 0",
        ),
    )
    assert (read.cpu_percent, read.steal_percent) == (50, 5)
    assert (read.received_bytes_per_second, read.sent_bytes_per_second) == (200, 50)
    assert (read.read_bytes_per_second, read.written_bytes_per_second) == (2048, 1024)


@pytest.mark.parametrize(
    "after",
    [
        look(200, "cpu 9 0 0 9", boot=BOOT.replace("0", "a")),
        look(50, "cpu 9 0 0 9"),
        look(100, "cpu 9 0 0 9"),
        look(100.1, "cpu 9 0 0 9"),
        {"proc": "cpu 9 0 0 9"},
    ],
    ids=["another start", "an uptime that fell", "no time", "hardly any time", "no uptime"],
)
def test_across_a_new_start_of_the_machine_nothing_is_taken_from_before(
    after: dict[str, str],
) -> None:
    assert sample(after, look(100, "cpu 1 0 0 1")).cpu_percent is None


def test_a_counter_that_goes_back_or_below_zero_makes_no_negative_rate() -> None:
    before = look(
        100, "eth0: 5000 0 0 0 0 0 0 0 5000 0 0 0 0 0 0 0", " 8 0 sda 1 0 9 0 1 0 9 0 0 0 0"
    )
    after = look(
        110, "eth0: 10 0 0 0 0 0 0 0 6000 0 0 0 0 0 0 0", " 8 0 sda 1 0 -9 0 1 0 -9 0 0 0 0"
    )
    read = sample(after, before)
    assert (read.received_bytes_per_second, read.sent_bytes_per_second) == (0, 100)
    assert (read.read_bytes_per_second, read.written_bytes_per_second) == (None, None)


def test_the_number_of_processors_is_kept_where_it_is_not_read_anew() -> None:
    read = sample({"proc": "3.0 1.0 1.0 1/2 3"}, {"cores": "6"})
    assert (read.cores, read.load_per_core) == (6, 0.5)
    assert sample({"proc": "3.0 1.0 1.0 1/2 3"}).load_per_core is None


def test_failed_units_are_named_and_no_other_line_is_one() -> None:
    text = (
        "nginx.service loaded failed failed A server\n"
        "srv-my\\x2ddata.mount not-found failed failed /srv\n"
        "0 loaded units listed.\n$(reboot) x\n"
    )
    assert sample({"units": text}).failed_units == ("nginx.service", "srv-my\\x2ddata.mount")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("/nix/var/nix/profiles/system system-42-link", 42),
        ("/nix/var/nix/profiles/system-41-link /nix/store/x-nixos-system-9-link", 41),
        ("", None),
        ("/nix/var/nix/profiles/system", None),
    ],
    ids=["the newest", "an older one", "in no profile", "no link"],
)
def test_the_generation_is_the_one_that_runs(text: str, number: int | None) -> None:
    assert sample({"generation": text}).generation == number


def test_graphics_processors_are_read_and_what_they_cannot_tell_is_none() -> None:
    text = "37, 4096, 16384, 61, NVIDIA A100, 80GB\n[N/A], [N/A], 16384, 40, Tesla T4\nNo devices\n"
    assert sample({"gpus": text}).gpus == (
        Gpu(name="NVIDIA A100, 80GB", used_percent=37, memory_percent=25, temperature_celsius=61),
        Gpu(name="Tesla T4", temperature_celsius=40),
    )


@pytest.mark.parametrize(
    "text",
    [
        "1e308 2 3 1/2 3",
        "inf nan 1 1/2 3",
        "-1 -1 -1 1/2 3",
        f"{'9' * 38} 1 1 1/2 3",
        "5000000 1 1 1/2 3",
    ],
)
def test_figures_that_are_none_do_not_get_through(text: str) -> None:
    assert sample({"proc": text}).load_1 is None


@pytest.mark.parametrize(
    "text",
    ["1e308 1", "inf 1", "9" * 400 + " 1", "9" * 38 + " 1", "5000000000 1", "0x1f 1", "-1 1"],
)
def test_an_uptime_that_is_no_number_is_none(text: str) -> None:
    assert sample({"proc": text}).uptime_seconds is None


def test_only_what_stands_between_markers_is_read() -> None:
    text = f"Welcome!\nstat\ncpu 1 2 3 4\n{framed({'stat': 'cpu 5 6 7 8', 'end': ''}, MARKER)}\nbye"
    assert parts(text, MARKER) == {"stat": "cpu 5 6 7 8", "end": "bye"}


def test_output_that_ends_early_has_no_end() -> None:
    whole = framed(healthy_parts(), MARKER)
    assert "end 1" in parts(whole, MARKER)
    assert "end 1" not in parts(whole[: len(whole) // 2], MARKER)


def test_a_marker_is_never_shell() -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        loop_script("$(reboot)")


proc_like = st.text(alphabet=st.sampled_from("cpu 0123456789.-:%/\n\tkBabe٣²"), max_size=200)


anything = st.dictionaries(
    st.sampled_from([*healthy_parts(), "generation", "gpus"]),
    st.one_of(st.text(max_size=200), proc_like),
)


@given(anything, anything)
def test_no_text_makes_reading_fail(found: dict[str, str], before: dict[str, str]) -> None:
    read = sample(found, before)
    for figure in read.model_dump(exclude={"xnode", "collected_at"}).values():
        assert not isinstance(figure, float) or (math.isfinite(figure) and figure >= 0)
    for disk in read.disks or ():
        assert 0 <= disk.used_percent <= 100


@given(st.lists(st.integers(-(10**35), 10**35), min_size=20, max_size=20), st.floats(1, 10**9))
def test_no_counters_make_a_rate_that_is_no_number(counts: list[int], uptime: float) -> None:
    rows = [
        f"cpu {' '.join(map(str, counts[:10]))}\neth0: {' '.join(map(str, counts[:16]))}\n"
        f" 8 0 sda {' '.join(map(str, counts[:17]))}"
        for counts in (counts, counts[::-1])
    ]
    read = sample(look(uptime + 1, rows[1]), look(uptime, rows[0]))
    figures = read.model_dump(exclude={"xnode", "collected_at", "boot_id"}).values()
    assert all(math.isfinite(figure) and figure >= 0 for figure in figures if figure is not None)


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
