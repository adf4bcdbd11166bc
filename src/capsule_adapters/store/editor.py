"""The person's own editor, over a private draft."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from capsule_adapters.processes import interrupts_left_to_a_child
from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import PRIVATE_FILE, read_limited
from capsule_domain.errors import ConfigurationError, Declined, ToolMissing, UsageError

_VARIABLES = ("VISUAL", "EDITOR")
_FALLBACKS = ("vi", "nano")
_HINT = "export EDITOR=nano"
_LIMIT_BYTES = 10_000_000


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


class TerminalEditor:
    """`Editor` by $VISUAL, $EDITOR, vi or nano; the last two only at a terminal."""

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        at_terminal: Callable[[], bool] = _at_terminal,
    ) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self._at_terminal = at_terminal

    def edit(self, text: str, *, file_name: str) -> str:
        """What the person saved. Bytes that are no UTF-8 are half surrogate pairs."""
        command = self._command()
        with tempfile.TemporaryDirectory(prefix="capsule-edit-") as folder:
            draft = Path(folder, file_name)
            with reporting("write", draft):
                draft.touch(mode=PRIVATE_FILE)
                draft.write_bytes(text.encode("utf-8", "surrogateescape"))
            self._run([*command, str(draft)])
            content = read_limited(draft, _LIMIT_BYTES)
        if content is None:
            raise Declined(f"{file_name} was deleted in the editor; nothing was changed")
        if len(content) > _LIMIT_BYTES:
            raise ConfigurationError("larger than 10 MB", file=file_name)
        return content.decode("utf-8", "surrogateescape")

    def _command(self) -> list[str]:
        for variable in _VARIABLES:
            if self._environment.get(variable, "").strip():
                return self._given(variable, self._environment[variable])
        if not self._at_terminal():
            raise UsageError("an editor needs a terminal, and this is none", hint=_HINT)
        path = self._environment.get("PATH")
        found = next((name for name in _FALLBACKS if shutil.which(name, path=path)), None)
        if found is None:
            raise ToolMissing("an editor", hint=_HINT)
        return [found]

    def _given(self, variable: str, command: str) -> list[str]:
        """The words of `command`, which may have options, such as `code --wait`."""
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise ConfigurationError(
                f"${variable} is no command: {str(error).lower()}", hint=_HINT
            ) from error
        program = Path(words[0]).expanduser() if words[0].startswith("~") else words[0]
        return [str(program), *words[1:]]

    def _run(self, command: Sequence[str]) -> None:
        with interrupts_left_to_a_child():
            try:
                ended = subprocess.run(command, env=self._environment, check=False)
            except FileNotFoundError as error:
                raise ToolMissing(f"the editor {command[0]}", hint=_HINT) from error
            except OSError as error:
                reason = (error.strerror or "it does not start").lower()
                raise ConfigurationError(
                    f"the editor {command[0]} does not start: {reason}", hint=_HINT
                ) from error
        if ended.returncode != 0:
            how = (
                f"exit code {ended.returncode}"
                if ended.returncode > 0
                else f"signal {-ended.returncode}"
            )
            raise Declined(f"the editor ended with {how}; nothing was changed")
