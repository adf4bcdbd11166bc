"""monitoring.yml, and the secrets of channels in channels.yml or the environment."""

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import PRIVATE_FILE, make_private_folder, write_atomically
from capsule_adapters.store.monitoring_original import is_original, translated
from capsule_adapters.store.yaml_document import Document, Place, read_document
from capsule_adapters.store.yaml_edit import edited, fresh
from capsule_adapters.store.yaml_model import as_model
from capsule_domain.errors import ConfigurationError
from capsule_domain.models.channels import ChannelSecrets
from capsule_domain.models.monitoring import MonitoringSettings, TakenOver

VARIABLES = {
    "smtp_password": "CAPSULE_SMTP_PASSWORD",
    "webhook_url": "CAPSULE_WEBHOOK_URL",
    "webhook_secret": "CAPSULE_WEBHOOK_SECRET",
    "slack_webhook": "CAPSULE_SLACK_WEBHOOK",
    "apprise_url": "CAPSULE_APPRISE_URL",
    "heartbeat_url": "CAPSULE_HEARTBEAT_URL",
}
"""Where the environment has each secret."""

_log = logging.getLogger("capsule.store")


class YamlMonitoringChoices:
    """`MonitoringChoices` over the files of a home. `changing` holds the home's lock.

    monitoring.yml is read as a file that may hold a secret by mistake: no fault quotes it.
    """

    def __init__(
        self,
        home: Path,
        environment: Mapping[str, str],
        changing: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._file = home / "monitoring.yml"
        self._secrets_file = home / "channels.yml"
        self._environment = environment
        self.changing = changing

    def settings(self) -> MonitoringSettings:
        """monitoring.yml, or its defaults."""
        document = read_document(self._file, sensitive=True)
        if document is not None and is_original(document):
            self.take_over()
            document = read_document(self._file, sensitive=True)
        if document is None:
            return MonitoringSettings()
        return as_model(document, MonitoringSettings)

    def save(self, settings: MonitoringSettings) -> None:
        """Write monitoring.yml: what the file says already, and what is not the default."""
        with self.changing():
            document = read_document(self._file, sensitive=True)
            said = {"version"} if document is None else {"version", *document.values}
            default = MonitoringSettings().model_dump(mode="json")
            values = {
                name: value
                for name, value in settings.model_dump(mode="json", exclude_none=True).items()
                if name in said or settings.model_dump(mode="json")[name] != default[name]
            }
            self._write(self._file, document, values)

    def secrets(self) -> ChannelSecrets:
        """The environment first, then channels.yml."""
        kept = self._kept()
        found = {name: self._environment.get(variable, "") for name, variable in VARIABLES.items()}
        given = {name: value.strip() for name, value in found.items() if value.strip()}
        for name, value in given.items():
            _refuse_unfit(name, value)
        return kept.model_copy(update={name: SecretStr(value) for name, value in given.items()})

    def keep(self, secrets: ChannelSecrets) -> None:
        """Write those that are set to channels.yml; the others there stay as they are."""
        with self.changing():
            self._kept()  # refuses a file that does not hold
            document = read_document(self._secrets_file, sensitive=True)
            before: dict[str, Any] = {"version": 1} if document is None else document.values
            self._write(self._secrets_file, document, {**before, **_revealed(secrets)})

    def take_over(self) -> TakenOver | None:
        """Make a monitoring.yml of the original's form ours."""
        document = read_document(self._file, sensitive=True)
        if document is None or not is_original(document):
            return None
        with self.changing():
            document = read_document(self._file, sensitive=True)
            if document is None or not is_original(document):
                return None  # another Capsule was first
            return self._taken_over(document)

    def _taken_over(self, document: Document) -> TakenOver:
        """Nothing is written before everything in it was judged; the old file goes last."""
        old = translated(document)
        lines: dict[Place, int] = {}
        for place, key in old.places.items():
            lines[place] = document.line((key,)) or 1
            lines.setdefault(place[:1], lines[place])
        ours = Document(document.file, "", dict(old.settings), lines, sensitive=True)
        settings = as_model(ours, MonitoringSettings)
        secrets = Document(document.file, "", dict(old.secrets), {}, sensitive=True)
        self.keep(as_model(secrets, ChannelSecrets))
        aside = _free_name(self._file)
        write_atomically(aside, document.text.encode(), mode=PRIVATE_FILE)
        unset = settings.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        write_atomically(self._file, fresh({"version": 1, **unset}).encode(), mode=PRIVATE_FILE)
        _log.warning("%s was of the original's form; kept as %s", self._file, aside)
        return TakenOver(kept_as=str(aside), left_out=old.left_out)

    def _kept(self) -> ChannelSecrets:
        document = read_document(self._secrets_file, sensitive=True)
        if document is None:
            return ChannelSecrets()
        values = {name: value for name, value in document.values.items() if name != "version"}
        ours = Document(document.file, document.text, values, document.lines, sensitive=True)
        return as_model(ours, ChannelSecrets)

    def _write(self, file: Path, document: Document | None, values: dict[str, Any]) -> None:
        make_private_folder(file.parent)
        text = fresh(values) if document is None else edited(document, values)
        write_atomically(file, text.encode(), mode=PRIVATE_FILE)


def _revealed(secrets: ChannelSecrets) -> dict[str, str]:
    held = {name: getattr(secrets, name) for name in ChannelSecrets.model_fields}
    return {name: value.get_secret_value() for name, value in held.items() if value is not None}


def _refuse_unfit(name: str, value: str) -> None:
    try:
        ChannelSecrets.model_validate({name: value})
    except ValidationError as error:
        rule = error.errors(include_input=False)[0]["msg"].removeprefix("Value error, ")
        # Not chained: nobody shall find the value by way of the error.
        raise ConfigurationError(
            f"the environment's {VARIABLES[name]}: {rule}", field=name
        ) from None


def _free_name(file: Path) -> Path:
    """`<file>.orig`, `<file>.orig.1`, …"""
    number, aside = 0, Path(f"{file}.orig")
    with reporting("look at", aside):
        while os.path.lexists(aside):
            number += 1
            aside = Path(f"{file}.orig.{number}")
    return aside
