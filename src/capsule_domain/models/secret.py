"""Secrets of a machine: that they are needed and where they will lie, never what they are."""

import re
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator

from capsule_domain.models.base import Model

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}", re.ASCII)
_ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]{0,30}", re.ASCII)
_OPTION = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*", re.ASCII)


def _secret_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("a secret's name is lower-case letters, digits and dashes, 63 at most")
    return text


def _account(text: str) -> str:
    if not _ACCOUNT.fullmatch(text):
        raise ValueError("an account's name is lower-case letters, digits, _ and -, 31 at most")
    return text


def _option(text: str) -> str:
    if not _OPTION.fullmatch(text):
        raise ValueError("not the name of one option, such as passwordFile")
    return text


SecretName = Annotated[str, AfterValidator(_secret_name)]


class SecretsTool(StrEnum):
    """What keeps the secrets of a machine encrypted beside its configuration."""

    SOPS = "sops"
    AGENIX = "agenix"


_FOLDERS = {
    SecretsTool.SOPS: PurePosixPath("/run/secrets"),
    SecretsTool.AGENIX: PurePosixPath("/run/agenix"),
}


class SecretNeed(Model):
    """A secret that a stack's service reads from a file.

    `option` is the one of `capsule.<stack>` that takes the file's path; `owner` is the
    account that reads it; `about` ends the sentence "with it, …"; `make` is a command
    that prints one, None where it comes from elsewhere.
    """

    name: SecretName
    option: Annotated[str, AfterValidator(_option)]
    owner: Annotated[str, AfterValidator(_account)] = "root"
    about: str
    make: str | None = None


class SecretRef(Model):
    """A secret by its name. There is no field for what it is, so it can become a path only."""

    name: SecretName
    tool: SecretsTool

    @property
    def path(self) -> PurePosixPath:
        """Where the running machine has it, in memory and for its owner alone."""
        return _FOLDERS[self.tool] / self.name


class Leak(Model):
    """Where a file that is to be written holds a secret: the line, from 1, and why."""

    file: str
    line: int
    rule: str
