"""monitoring.yml and channels.yml on the disk: faults with their place, and never a secret."""

import stat
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest
from pydantic import SecretStr

from capsule_adapters.store.monitoring import YamlMonitoringChoices
from capsule_domain.errors import ConfigurationError
from capsule_domain.models.channels import ChannelName, ChannelSecrets
from capsule_domain.models.monitoring import MonitoringSettings, Thresholds

URL = "https://hooks.example.org/services/T0/B0/s3cr3t"
ORIGINAL = f"""\
# my thresholds
enabled: true
check_interval_seconds: 30
ssh_timeout: 7
cpu_warning_threshold: 70.0
console_alerts: true
slack_alerts: true
slack_webhook_url: {URL}
email_alerts: true
email_recipients: [ops@example.org]
auto_restart_on_failure: true
auto_scale_on_high_load: false
"""


def choices(home: Path, environment: Mapping[str, str] | None = None) -> YamlMonitoringChoices:
    return YamlMonitoringChoices(home, environment or {}, nullcontext)


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("cpu: {warning: 95, critical: 90}", "cpu", "warning, 95 %, lies above critical, 90 %"),
        ("cpu: {warning: 75, critical: 120}", "cpu.critical", "100"),
        ("chek_interval_seconds: 9", None, "did you mean check_interval_seconds?"),
        ("email: {enabled: true}", "email", "no host, no sender, no recipients"),
        ('email: {sender: "a@b.org\\nBcc: c@d.org"}', "email.sender", "line breaks"),
        (
            "email: {security: none, username: me}",
            "email",
            "a password never goes over a connection without TLS",
        ),
        ("rules:\n- {name: a, quantity: cpu}", "rules.0", "a rule needs a bound"),
        ("grouping: {repeat_seconds: .inf}", "grouping.repeat_seconds", "less than or equal"),
        ("grouping: {wait_seconds: 1.0e+300}", "grouping.wait_seconds", "less than or equal"),
        (
            "rules:\n- {name: a, quantity: cpu, timing: {for_seconds: .inf}}",
            "rules.0.timing.for_seconds",
            "less than or equal",
        ),
        ("version: 2", "version", "newer"),
        ("email: {hots: mail.example.org}", None, "did you mean host?"),
        ("checks_of: {web-1: {pong: true}}", None, "did you mean ping?"),
    ],
)
def test_a_fault_has_its_file_its_line_and_its_field(
    tmp_path: Path, text: str, field: str | None, words: str
) -> None:
    file = tmp_path / "monitoring.yml"
    file.write_text(f"# first\n{text}\n")
    with pytest.raises(ConfigurationError) as refused:
        choices(tmp_path).settings()
    assert refused.value.message.startswith(f"{file}:{3 if 'rules' in text else 2}: ")
    assert refused.value.field == field
    assert words in refused.value.message


@pytest.mark.parametrize(
    "text",
    [
        f"version: 1\nslack_webhook_url: {URL}",
        f"version: 1\nslack: {URL}",
        f"version: 1\n{URL}: 1",
        f"version: 1\ncpu: [{URL}",
    ],
)
def test_no_fault_quotes_what_may_be_a_secret(tmp_path: Path, text: str) -> None:
    (tmp_path / "monitoring.yml").write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        choices(tmp_path).settings()
    assert "s3cr3t" not in f"{refused.value.message} {refused.value.hint} {refused.value.field}"


def test_the_originals_file_becomes_ours_and_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "monitoring.yml"
    file.write_text(ORIGINAL)
    taken = choices(tmp_path).take_over()
    assert taken is not None
    assert taken.left_out == ("auto_restart_on_failure", "email_alerts")
    assert Path(taken.kept_as).read_text() == ORIGINAL
    settings = choices(tmp_path).settings()
    assert settings.check_interval_seconds == 30
    assert settings.ssh_timeout_seconds == 7
    assert settings.cpu == Thresholds(warning=70, critical=90)
    assert settings.channels == (ChannelName.CONSOLE, ChannelName.SLACK)
    assert settings.email.recipients == ("ops@example.org",)
    assert choices(tmp_path).secrets().slack_webhook == SecretStr(URL)
    assert URL not in file.read_text()
    assert {mode(path) for path in tmp_path.iterdir()} == {0o600}
    assert choices(tmp_path).take_over() is None


def test_reading_alone_takes_the_originals_file_over(tmp_path: Path) -> None:
    (tmp_path / "monitoring.yml").write_text(ORIGINAL)
    (tmp_path / "monitoring.yml.orig").write_text("an older one")
    assert choices(tmp_path).settings().slack
    assert (tmp_path / "monitoring.yml.orig").read_text() == "an older one"
    assert (tmp_path / "monitoring.yml.orig.1").read_text() == ORIGINAL


def test_an_originals_file_that_does_not_hold_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "monitoring.yml"
    file.write_text("enabled: true\ncpu_warning_threshold: 99\n")
    with pytest.raises(ConfigurationError) as refused:
        choices(tmp_path).take_over()
    assert f"{file}:2: cpu: warning, 99 %" in refused.value.message
    assert list(tmp_path.iterdir()) == [file]


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    choices(tmp_path).keep(ChannelSecrets(slack_webhook=SecretStr(URL)))
    mine = choices(tmp_path, {"CAPSULE_SLACK_WEBHOOK": "https://other.example.org/x"})
    assert mine.secrets().slack_webhook == SecretStr("https://other.example.org/x")


def test_a_secret_of_the_wrong_form_is_refused_by_its_variable(tmp_path: Path) -> None:
    mine = choices(tmp_path, {"CAPSULE_SLACK_WEBHOOK": "http://hooks.example.org/s3cr3t"})
    with pytest.raises(ConfigurationError) as refused:
        mine.secrets()
    assert refused.value.message == (
        "the environment's CAPSULE_SLACK_WEBHOOK: it must be https (plain http only to this "
        "machine)"
    )


def test_secrets_are_for_their_owner_alone_whatever_was_there(tmp_path: Path) -> None:
    file = tmp_path / "channels.yml"
    file.write_text("smtp_password: old\n")
    file.chmod(0o644)
    choices(tmp_path).keep(ChannelSecrets(slack_webhook=SecretStr(URL)))
    assert mode(file) == 0o600
    assert file.read_text() == f"smtp_password: old\nslack_webhook: {URL}\n"


def test_comments_stay_and_defaults_are_not_written(tmp_path: Path) -> None:
    file = tmp_path / "monitoring.yml"
    file.write_text("version: 1\n# quiet at night\nconsole: false  # really\n")
    mine = choices(tmp_path)
    mine.save(mine.settings().model_copy(update={"check_interval_seconds": 90.0}))
    assert file.read_text() == (
        "version: 1\n# quiet at night\nconsole: false  # really\ncheck_interval_seconds: 90.0\n"
    )
    mine.save(MonitoringSettings())
    assert "console: true" in file.read_text()
