"""User data, figures, and who a process is: the sandbox's parts without a machine."""

import json
import os
import stat
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import asyncssh
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from capsule_adapters.probes.file_systems import disks
from capsule_adapters.probes.proc import cpu_percents, memory_percent, read_proc
from capsule_adapters.processes import process_started
from capsule_adapters.sandbox.announcement import (
    Announcement,
    announce,
    announced,
)
from capsule_adapters.sandbox.cloud_init import FirstBoot, read_user_data
from capsule_adapters.sandbox.figures import disk_tables, proc_files
from capsule_domain.services.user_data import user_data
from tests.fakes.keys import FakeKeys


def test_the_host_key_of_a_deploy_is_taken() -> None:
    key = FakeKeys().new_host_key()
    first = read_user_data(user_data(key).get_secret_value())
    assert first.host_key == key.private_openssh.get_secret_value()
    assert first.notes == ()


def test_keys_in_user_data_are_let_in() -> None:
    text = "#cloud-config\n" + yaml.safe_dump({"ssh_authorized_keys": ["ssh-ed25519 A", "b"]})
    assert read_user_data(text).authorized_keys == ("ssh-ed25519 A", "b")


def test_what_is_not_rehearsed_is_told() -> None:
    assert read_user_data("#cloud-config\nruncmd: [reboot]\n").notes == ("runcmd: not rehearsed",)


@pytest.mark.parametrize(
    "text",
    [
        "#!/bin/sh\nreboot\n",
        "#cloud-config\n[1, 2",
        "#cloud-config\n- a\n- b\n",
        "#cloud-config\n1: 2\n",
        "#cloud-config\n" + "x" * 70_000,
        "#cloud-config\n\x00",
        "#cloud-config\n!!python/object/apply:os.system ['true']\n",
        "#cloud-config\nssh_keys: {ed25519_private: junk}\n",
        "#cloud-config\nssh_keys: [1]\n",
        "#cloud-config\nssh_authorized_keys: one\n",
    ],
)
def test_what_cannot_be_read_is_ignored_and_told(text: str) -> None:
    first = read_user_data(text)
    assert (first.host_key, first.authorized_keys) == (None, ())
    assert first.notes


@given(st.text(max_size=300))
def test_no_user_data_makes_a_boot_fail(text: str) -> None:
    read_user_data(text)
    read_user_data(f"#cloud-config\n{text}")


def test_neither_notes_nor_repr_show_a_private_key() -> None:
    private = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    secret = private.splitlines()[1]
    whole = {"ssh_keys": {"ed25519_private": private}}
    broken = "#cloud-config\nssh_keys: {ed25519_private: " + private.replace("\n", "") + ": [\n"
    taken = read_user_data("#cloud-config\n" + yaml.safe_dump(whole))
    assert taken.host_key == private
    assert secret not in repr(taken)
    assert secret not in repr(read_user_data(broken))
    assert secret not in repr(FirstBoot(host_key=private))


@given(st.text(max_size=20), st.floats(0, 1e7), st.floats(0.5, 1e5))
def test_processor_time_only_grows_and_is_never_all_or_nothing(
    server_id: str, running: float, later: float
) -> None:
    before = proc_files(server_id, running)["stat"]
    after = proc_files(server_id, running + later)["stat"]
    ticks = zip(before.split()[1:9], after.split()[1:9], strict=True)
    assert all(int(second) >= int(first) for first, second in ticks)
    percent, _ = cpu_percents(read_proc(before), read_proc(after))
    assert percent is not None
    assert 0 < percent < 15


@given(st.text(max_size=20), st.floats(0, 1e7))
def test_the_figures_are_such_that_the_probe_reads_them(server_id: str, running: float) -> None:
    files, tables = proc_files(server_id, running), disk_tables(server_id)
    used = memory_percent(read_proc(files["meminfo"]))
    assert used is not None
    assert 20 < used < 40
    root = disks(tables["blocks"], tables["inodes"])[0]
    assert 5 < root.used_percent < 60


def test_the_figures_move_between_two_looks() -> None:
    looks = [proc_files("1", seconds / 2)["stat"] for seconds in range(20)]
    assert all(first != second for first, second in pairwise(looks))


def described(pid: int, started: str) -> Announcement:
    return Announcement(
        pid=pid,
        started=started,
        endpoints={"digitalocean": "http://127.0.0.1:1"},
        token=SecretStr("token sentinel"),
        ssh_config="/nowhere",
        isolation="folders",
    )


def test_an_announcement_is_read_back_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    ours = described(os.getpid(), process_started(os.getpid()) or "")
    announce(tmp_path, ours)
    assert announced(tmp_path) == ours
    assert stat.S_IMODE((tmp_path / "sandbox.json").stat().st_mode) == 0o600
    assert "token sentinel" not in f"{ours!r}{ours}"


def test_a_pid_that_came_again_announces_nothing(tmp_path: Path) -> None:
    announce(tmp_path, described(os.getpid(), "another time"))
    assert announced(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', "\x00\xff"])
def test_a_file_that_is_not_an_announcement_announces_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "sandbox.json").write_text(text)
    assert announced(tmp_path) is None


def test_an_announcement_with_more_in_it_is_not_ours(tmp_path: Path) -> None:
    announce(tmp_path, described(os.getpid(), process_started(os.getpid()) or ""))
    file = tmp_path / "sandbox.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "more": 1}))
    assert announced(tmp_path) is None


def test_a_process_that_ended_is_told_from_one_that_runs() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        started = process_started(process.pid)
        assert started is not None
        assert process_started(process.pid) == started
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert process_started(process.pid) is None  # a zombie
    assert process_started(process.pid) is None
