"""What every keeper of the choices for watching does: the fake, and YAML files."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from pydantic import SecretStr

from capsule_adapters.store.monitoring import YamlMonitoringChoices
from capsule_domain.models.channels import ChannelSecrets, EmailChannel
from capsule_domain.models.look import CheckChoice, HttpCheck
from capsule_domain.models.monitoring import MonitoringSettings, Thresholds
from capsule_domain.models.rule import AlertRule, Bound, Quantity
from capsule_domain.ports.monitoring import MonitoringChoices
from tests.fakes.monitoring_choices import FakeMonitoringChoices

MAKERS: dict[str, Callable[[Path], MonitoringChoices]] = {
    "fake": lambda _: FakeMonitoringChoices(),
    "yaml": lambda home: YamlMonitoringChoices(home, {}, nullcontext),
}
WHOLE = MonitoringSettings(
    check_interval_seconds=30,
    cpu=Thresholds(warning=60, critical=70),
    rules=(AlertRule(name="swap", quantity=Quantity.MEMORY, info=Bound(enter=50, leave=40)),),
    checks_of={"web-1": CheckChoice(http=(HttpCheck(url="https://{address}/"),))},
    console=False,
    email=EmailChannel(
        enabled=True, host="mail.example.org", sender="c@example.org", recipients=("o@example.org",)
    ),
    slack=True,
)


@pytest.fixture(params=MAKERS)
def choices(request: pytest.FixtureRequest, tmp_path: Path) -> MonitoringChoices:
    return MAKERS[request.param](tmp_path / "home")


def test_a_new_home_has_the_defaults_and_no_secret(choices: MonitoringChoices) -> None:
    assert choices.settings() == MonitoringSettings()
    assert choices.secrets() == ChannelSecrets()
    assert choices.take_over() is None


def test_saved_settings_come_back_and_can_be_taken_back(choices: MonitoringChoices) -> None:
    with choices.changing():
        choices.save(WHOLE)
    assert choices.settings() == WHOLE
    choices.save(MonitoringSettings())
    assert choices.settings() == MonitoringSettings()


def test_secrets_are_kept_one_beside_the_other(choices: MonitoringChoices) -> None:
    slack = SecretStr("https://hooks.example.org/T/B/x")
    choices.keep(ChannelSecrets(slack_webhook=slack))
    choices.keep(ChannelSecrets(smtp_password=SecretStr("correct horse")))
    held = choices.secrets()
    assert held.slack_webhook == slack
    assert held.smtp_password == SecretStr("correct horse")
    assert "horse" not in repr(held)
    assert "hooks" not in repr(held)
