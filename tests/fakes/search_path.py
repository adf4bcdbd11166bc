"""A shell's start-up file in memory."""

from pathlib import PurePath, PurePosixPath


class FakeSearchPath:
    """`held` is on PATH; what is added is in `lines`."""

    def __init__(self, held: tuple[str, ...] = ()) -> None:
        self.held = held
        self.lines: list[str] = []

    def holds(self, folder: PurePath) -> bool:
        return str(folder) in self.held

    def start_up_file(self) -> PurePath:
        return PurePosixPath("/home/me/.bashrc")

    def line(self, folder: PurePath) -> str:
        return f'export PATH={folder}:"$PATH"'

    def is_written(self, folder: PurePath) -> bool:
        return self.line(folder) in self.lines

    def add(self, folder: PurePath) -> bool:
        line = self.line(folder)
        if line in self.lines:
            return False
        self.lines = [line]
        return True
