"""Nix text from values, by templates."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from capsule_adapters.nix.literal import (
    Attribute,
    attribute_name,
    attribute_path,
    comment,
    nix_block,
    nix_literal,
    plain_word,
    relative_path,
)
from capsule_adapters.nix.secret_files import (
    KEYS_FILES,
    flake_inputs,
    secret_templates,
    secret_values,
)
from capsule_domain.models.nixos import NixosPart, NixosRequest, PreviewFormat, RenderedFile
from capsule_domain.models.option import Assignment, Topic
from capsule_domain.models.profile import Environment
from capsule_domain.models.release import FACTS
from capsule_domain.models.stack import Platform
from capsule_domain.services.assign import DEFAULT, ROOT, access, configuration
from capsule_domain.services.hardware import hardware_lines
from capsule_domain.services.listed import listed

if TYPE_CHECKING:  # loaded on first rendering: `--help` does without
    from jinja2 import Environment as Templates

_HARDWARE = "hardware-configuration.nix"
_HOST_FILES = ("access.nix", "configuration.nix", "guard.nix", _HARDWARE, "home.nix")
_TOP_FILES = ("README.md", "flake.nix")
_HOSTS = "hosts"
_PART_FILES = {
    NixosPart.HOME_MANAGER: "home.nix",
    NixosPart.FLAKE: "flake.nix",
    NixosPart.HARDWARE: _HARDWARE,
}
_PREVIEWS = {
    PreviewFormat.ENV: "env.nix",
    PreviewFormat.NIXOS: "configuration.nix",
    PreviewFormat.HOME: "home.nix",
    PreviewFormat.FLAKE: "env-flake.nix",
    PreviewFormat.SHELL: "shell.nix",
}

_ARCHIVE = "https://github.com/NixOS/nixpkgs/archive/{pin}.tar.gz"

_ROOT_HOME = PurePosixPath("/root")

_HARDWARE_MESSAGE = (
    "hardware-configuration.nix is a placeholder. On the machine run:"
    " nixos-generate-config --show-hardware-config > hardware-configuration.nix"
)

FILTERS: Mapping[str, Callable[..., str]] = {
    "nix": nix_literal,
    "block": nix_block,
    "attribute": attribute_name,
    "option": attribute_path,
    "comment": comment,
    "plain_word": plain_word,
    "relative_path": relative_path,
    "package": lambda path: nix_literal(Attribute(path)),
    "python_package": lambda path: nix_literal(Attribute(path, of="ps")),
}
"""Every value in a Nix template goes through one of these; all are of literal.py."""


class JinjaNixRenderer:
    """Implements the NixRenderer port. Pure: no Nix, no clock, no disk but the templates."""

    def configuration(self, request: NixosRequest) -> Sequence[RenderedFile]:
        """The files of `request.part`, sorted by path.

        Raises ConfigurationError for a value that Nix cannot hold.
        """
        values = _values(request) | _flake([request], here=True)
        if request.part in _PART_FILES:
            return [self._file(_PART_FILES[request.part], values)]
        files = [self._file(name, values) for name in _TOP_FILES]
        files += self._host_files(request, values)
        return sorted([*files, *_modules([request])], key=lambda file: file.path)

    def fleet(self, requests: Sequence[NixosRequest]) -> Sequence[RenderedFile]:
        """All machines as one flake, sorted by path. Raises ConfigurationError."""
        flake = _flake(requests, here=False)
        files = [self._file("flake.nix", flake), self._file("README.md", flake, "fleet-README.md")]
        for request in requests:
            values = _values(request) | {"levels_up": 2}
            for file in self._host_files(request, values):
                path = f"{_HOSTS}/{request.hostname}/{file.path}"
                files.append(file.model_copy(update={"path": path}))
        return sorted([*files, *_modules(requests)], key=lambda file: file.path)

    def _host_files(
        self, request: NixosRequest, values: Mapping[str, Any]
    ) -> Iterator[RenderedFile]:
        for name in _HOST_FILES:
            yield self._file(name, values)
        for name, template in secret_templates(request).items():
            file = self._file(name, values, template)
            yield file.model_copy(update={"placeholder": name in KEYS_FILES})

    def preview(self, environment: Environment, form: PreviewFormat) -> str:
        """One expression or file, with the default host and user where it names them."""
        request = NixosRequest(environment=environment)
        values = _values(request) | _pinned(request)
        return self._render(_PREVIEWS[form], values | {"with_packages": True})

    def _file(
        self, name: str, values: Mapping[str, Any], template: str | None = None
    ) -> RenderedFile:
        text = self._render(template or name, values)
        if name != _HARDWARE or (values["hardware"] and values["hardware"].was_told):
            return RenderedFile(path=name, text=text)
        # What a machine told is worth more than what is known of its kind, and that than nothing.
        stopgap = self._render(name, {**values, "hardware": None})
        return RenderedFile(path=name, text=text, only_over=(stopgap,))

    def _render(self, name: str, values: Mapping[str, Any]) -> str:
        return _ended(self._templates.get_template(f"{name}.j2").render(values))

    @cached_property
    def _templates(self) -> "Templates":
        from jinja2 import Environment as Templates
        from jinja2 import PackageLoader, StrictUndefined

        templates = Templates(
            loader=PackageLoader("capsule_adapters", "nix/templates"),
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701  (Nix and Markdown: HTML's escapes break both)
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        templates.filters.update(FILTERS)
        return templates


def _values(request: NixosRequest) -> dict[str, Any]:
    environment = request.environment
    own, joined = listed(environment)
    hardware = request.hardware
    is_root = request.username == ROOT
    return {
        "environment": environment,
        "profile": environment.profile.name,
        "name": f"capsule-{environment.profile.name}",
        "modules": _module_names(request),
        "listed": own,
        "joined": joined,
        "unfree": environment.unfree,
        "own": DEFAULT,
        "configuration": _topics(configuration(request)),
        "access": _topics(access(request)),
        "hardware": hardware,
        "hardware_lines": _topics(hardware_lines(hardware, request.disk)) if hardware else [],
        "hostname": request.hostname,
        "username": request.username,
        "home_directory": _ROOT_HOME if is_root else PurePosixPath("/home", request.username),
        "username_is_root": is_root,
        "release": request.release,
        "from_before": FACTS[request.release].from_before,
        "state_version": request.state_version or request.release,
        "authorized_keys": sorted(set(request.authorized_keys)),
        "levels_up": 0,
        **secret_values(request),
        "with_packages": False,
        "hardware_message": _HARDWARE_MESSAGE,
    }


def _flake(requests: Sequence[NixosRequest], *, here: bool) -> dict[str, Any]:
    """The values of flake.nix: its hosts, each with its folder, and what they share."""
    hosts = [
        {
            "name": request.hostname,
            "username": request.username,
            "profile": request.environment.profile.name,
            "folder": "" if here else f"{_HOSTS}/{request.hostname}/",
            "system": _system(request),
        }
        for request in requests
    ]
    return {
        "hosts": sorted(hosts, key=lambda host: host["name"]),
        "systems": sorted({host["system"] for host in hosts}),
        "release": requests[0].release,
        "branches": FACTS[requests[0].release],
        "tools": flake_inputs(requests),
        "title": requests[0].hostname if here else "the fleet",
        "shared": sorted({name for request in requests for name in _module_names(request)}),
    }


def _system(request: NixosRequest) -> str:
    return (request.hardware.platform if request.hardware else Platform.X86_64_LINUX).value


def _module_names(request: NixosRequest) -> list[str]:
    stacks = request.environment.stacks
    return sorted(entry.stack.name for entry in stacks if entry.stack.module is not None)


def _modules(requests: Iterable[NixosRequest]) -> list[RenderedFile]:
    """The modules of the stacks, each once, as they are."""
    stacks = {e.stack.name: e.stack for request in requests for e in request.environment.stacks}
    return [
        RenderedFile(path=f"modules/{name}.nix", text=_ended(stack.module))
        for name, stack in stacks.items()
        if stack.module is not None
    ]


def _topics(lines: Iterable[Assignment]) -> list[tuple[str, list[Assignment]]]:
    """What is said of each topic, in the order of topics; the lines keep theirs."""
    by_topic: dict[Topic, list[Assignment]] = {}
    for line in lines:
        by_topic.setdefault(line.topic, []).append(line)
    return [(topic.value, by_topic[topic]) for topic in Topic if topic in by_topic]


def _pinned(request: NixosRequest) -> dict[str, Any]:
    """Where the packages of a preview come from, and for which systems it can be one."""
    pin = request.environment.pins.get("nixpkgs")
    branch = pin or FACTS[request.release].nixpkgs
    # Of a commit or an unstable branch nobody knows.
    has_intel_macs = any(f.has_intel_macs and name in branch for name, f in FACTS.items())
    return {
        "nixpkgs_pin": branch,
        "nixpkgs_archive": pin and _ARCHIVE.format(pin=pin),
        "systems": [p for p in Platform if p is not Platform.X86_64_DARWIN or has_intel_macs],
    }


def _ended(text: str | None) -> str:
    """`text` with exactly one newline at its end."""
    return f"{(text or '').rstrip()}\n"
