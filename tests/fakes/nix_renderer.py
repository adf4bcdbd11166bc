"""A renderer without templates."""

from collections.abc import Sequence

from capsule_domain.models.nixos import NixosPart, NixosRequest, PreviewFormat, RenderedFile
from capsule_domain.models.profile import Environment

_PARTS = {
    NixosPart.HOME_MANAGER: ("home.nix",),
    NixosPart.FLAKE: ("flake.nix",),
    NixosPart.HARDWARE: ("hardware-configuration.nix",),
    NixosPart.ALL: (
        "README.md",
        "access.nix",
        "configuration.nix",
        "flake.nix",
        "guard.nix",
        "hardware-configuration.nix",
        "home.nix",
    ),
}


class FakeNixRenderer:
    """Files with the right names, whose text is the request. Keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[NixosRequest] = []

    def configuration(self, request: NixosRequest) -> Sequence[RenderedFile]:
        self.requests.append(request)
        files = [
            RenderedFile(path=path, text=f"# {path} {request.hostname} {request.state_version}\n")
            for path in _PARTS[request.part]
        ]
        if request.part is NixosPart.ALL:
            files += [
                RenderedFile(path=f"modules/{entry.stack.name}.nix", text=entry.stack.module)
                for entry in request.environment.stacks
                if entry.stack.module is not None
            ]
        return sorted(files, key=lambda file: file.path)

    def fleet(self, requests: Sequence[NixosRequest]) -> Sequence[RenderedFile]:
        files = {
            name: RenderedFile(path=name, text=f"# {len(requests)} hosts\n")
            for name in ("README.md", "flake.nix")
        }
        for request in requests:
            for file in self.configuration(request):
                name = file.path
                if not name.startswith("modules/"):
                    if name in files:
                        continue
                    name = f"hosts/{request.hostname}/{name}"
                files[name] = file.model_copy(update={"path": name})
        return [files[name] for name in sorted(files)]

    def preview(self, environment: Environment, form: PreviewFormat) -> str:
        return f"# {form} of {environment.profile.name}\n"
