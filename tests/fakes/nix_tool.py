"""A Nix that is told what it finds."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from capsule_domain.errors import HostError, ToolMissing
from capsule_domain.models.finding import Finding, Severity


class FakeNixTool:
    """`version` None is a machine without Nix; `bad` is the line of each broken file."""

    def __init__(
        self,
        version: str | None = "2.28.3",
        bad: Mapping[PurePath, int] | None = None,
        *,
        hangs: bool = False,
    ) -> None:
        self._version = version
        self._bad = {str(path): line for path, line in (bad or {}).items()}
        self._hangs = hangs
        self.parsed: list[str] = []

    def version(self) -> str | None:
        return self._version

    def parse(self, files: Sequence[PurePath]) -> Sequence[Finding]:
        if self._version is None:
            raise ToolMissing("Nix", hint="install Nix: capsule bootstrap")
        if self._hangs:
            raise HostError("nix did not answer within 60 s")
        self.parsed += map(str, files)
        return [
            Finding(
                rule="syntax",
                severity=Severity.ERROR,
                message="syntax error, unexpected end of file",
                file=str(file),
                line=self._bad[str(file)],
                hint="correct the file",
            )
            for file in files
            if str(file) in self._bad
        ]
