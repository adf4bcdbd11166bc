"""The guard that every generated configuration has, asked of Nix itself."""

from pathlib import Path

from capsule_adapters.nixos import scripts
from capsule_domain.models.nixos import NixosRequest
from capsule_domain.models.profile import Profile
from tests.nix.nix import evaluate
from tests.nix.test_renderer import environment_of, write
from tests.nixos_root.systems import GUARD_UNIT

STUBS = """{
  config.system.stateVersion = "26.05";
  pkgs.bash = "/run/current-system/sw";
}"""


def test_the_guard_runs_what_a_switch_lays_down_and_nothing_else(tmp_path: Path) -> None:
    write(NixosRequest(environment=environment_of(Profile(name="bare"))), tmp_path)
    found = evaluate(f"import {tmp_path}/guard.nix {STUBS}", tmp_path)
    unit = found["systemd"]["services"]["capsule-guard"]
    condition = unit["unitConfig"]["ConditionPathExists"]
    start = unit["serviceConfig"]["ExecStart"]
    assert "emergency.target" in unit["wantedBy"]
    assert not unit["restartIfChanged"]
    assert start.split() == ["/run/current-system/sw/bin/bash", condition]
    assert f"pending={condition.removesuffix('/switch.sh')}\n" in scripts.watchdog()
    # The fake machine's own unit, by which reboots are tried, says the same.
    assert {f"ConditionPathExists={condition}", f"ExecStart={start}"} <= set(GUARD_UNIT.split("\n"))
    assert found["environment"]["etc"]["capsule/state-version"] == {"text": "26.05"}
