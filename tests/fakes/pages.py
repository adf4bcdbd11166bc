"""Pages in memory."""

from capsule_domain.errors import Conflict, StoreError
from capsule_domain.models.page import Page


class FakePages:
    """Keeps what was written by its path. `foreign` are files that somebody else made."""

    def __init__(self, *, desktop: bool = False, full_disk: bool = False) -> None:
        self.texts: dict[str, str] = {}
        self.foreign: set[str] = set()
        self.opened: list[str] = []
        self.desktop = desktop
        self.full_disk = full_disk

    def text(self, page: Page) -> str:
        return f"<!doctype html>{page.model_dump_json()}"

    def place(self, page: Page, output: str | None = None) -> str:
        return output or f"/home/docs/{page.environment.profile.name}.html"

    def write(self, page: Page, output: str | None = None, *, force: bool = False) -> str:
        path = self.place(page, output)
        if path in self.foreign and not force:
            raise Conflict(f"{path} is there, and Capsule did not make it")
        if self.full_disk:
            raise StoreError(f"cannot write {path}: the disk is full")
        self.foreign.discard(path)
        self.texts[path] = self.text(page)
        return path

    def open(self, path: str) -> bool:
        if self.desktop:
            self.opened.append(path)
        return self.desktop
