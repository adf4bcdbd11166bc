"""Files of xNodes, in memory."""

from collections.abc import Iterable, Iterator

from capsule_domain.errors import Conflict, NotFound


class FakeXNodeFiles:
    """`files` are texts by path; one called `inventory.json` is the original's in the home."""

    def __init__(self, **files: str) -> None:
        self.files = dict(files)

    def lines(self, path: str) -> Iterator[str]:
        if path not in self.files:
            raise NotFound("file", path)
        yield from self.files[path].removeprefix("\ufeff").splitlines(keepends=True)

    def write(self, path: str, chunks: Iterable[str], *, replace: bool) -> str:
        if path in self.files and not replace:
            raise Conflict(f"{path} is there already")
        self.files[path] = "".join(chunks)
        return path

    def original(self) -> str | None:
        return next((path for path in self.files if path.endswith("inventory.json")), None)

    def set_aside(self, path: str) -> str:
        aside = f"{path}.orig"
        self.files[aside] = self.files.pop(path)
        return aside
