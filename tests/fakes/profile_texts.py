"""Profiles as text, in memory: `key: value` lines, a value being JSON."""

import json

from pydantic import ValidationError

from capsule_domain.errors import ConfigurationError, Conflict, NotFound, StoreError
from capsule_domain.models.profile import Profile
from tests.fakes.choices import FakeChoices

_KEYS = {*Profile.model_fields, "version"} - {"builtin"}


class FakeProfileTexts:
    """Texts over FakeChoices; `elsewhere` are files outside the home, by path."""

    def __init__(self, choices: FakeChoices | None = None) -> None:
        self.choices = choices or FakeChoices()
        self.elsewhere: dict[str, str] = {}
        self.aside: dict[str, str] = {}
        self._saved: dict[str, str] = {}

    def of_file(self, name: str) -> str | None:
        if name not in self.choices.profile_names():
            return None
        saved = self._saved.get(name)
        if saved is not None and self.read(saved, name=name, source=name, renamed=True) == (
            self.choices.profile(name)
        ):
            return saved
        profile = self.choices.profile(name)
        return None if profile is None else self.written(profile)

    def written(self, profile: Profile) -> str:
        values = profile.model_dump(exclude={"name", "builtin"}, exclude_defaults=True)
        lines = [f"{key}: {json.dumps(value)}" for key, value in values.items()]
        return "\n".join(["version: 1", *lines, ""])

    def read(self, text: str, *, name: str, source: str, renamed: bool = False) -> Profile:
        values: dict[str, object] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            key, colon, value = line.partition(":")
            if line.startswith("#") or not line.strip():
                continue
            if not colon or key not in _KEYS:
                raise ConfigurationError("nonsense", file=source, line=number)
            try:
                values[key] = json.loads(value)
            except ValueError as error:
                raise ConfigurationError("nonsense", file=source, line=number) from error
        if not renamed and values.get("name", name) != name:
            raise ConfigurationError(f"the name is {name}", file=source, line=1)
        values.pop("version", None)
        try:
            return Profile.model_validate(values | {"name": name})
        except ValidationError as error:
            raise ConfigurationError("nonsense", file=source, line=1) from error

    def line_of(self, text: str, word: str) -> int | None:
        lines = enumerate(text.splitlines(), start=1)
        return next((number for number, line in lines if json.dumps(word) in line), None)

    def save(self, name: str, text: str) -> None:
        self.choices.save_profile(self.read(text, name=name, source=name, renamed=True))
        lines = [line for line in text.splitlines(keepends=True) if not line.startswith("name:")]
        self._saved[name] = "".join(lines)

    def keep_aside(self, name: str, text: str) -> str:
        self.aside[name] = text
        return f"configs/{name}.yml.rejected"

    def load(self, path: str) -> str:
        if path not in self.elsewhere:
            raise NotFound("file", path)
        return self.elsewhere[path]

    def store(self, path: str, text: str, *, replace: bool) -> str:
        if path in self.elsewhere and not replace:
            raise Conflict(f"{path} is there already")
        if path.startswith("/nowhere/"):
            raise StoreError(f"cannot write {path}: it does not exist")
        self.elsewhere[path] = text
        return path
