"""Plan files in memory."""

from capsule_domain.errors import Conflict, NotFound


class FakePlanFiles:
    """Implements PlanFiles; `texts` by their paths."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def store(self, path: str, text: str) -> str:
        if path in self.texts:
            raise Conflict(f"{path} is there already", hint="write to another file")
        self.texts[path] = text
        return path

    def load(self, path: str) -> str:
        if path not in self.texts:
            raise NotFound("file", path)
        return self.texts[path]
