"""What a machine's secrets look like in its configuration: paths, readers and public keys."""

from collections.abc import Iterable, Mapping
from typing import Any

from capsule_adapters.nix.age import age_recipient
from capsule_domain.models.nixos import NixosRequest
from capsule_domain.models.secret import SecretsTool
from capsule_domain.services.secret_refs import secret_needs

MODULE = "secret-files.nix"
"""The NixOS module among them, which configuration.nix imports."""

KEYS_FILES = (".sops.yaml", "secrets/secrets.nix")
"""For whom secrets are encrypted: a person's once they have edited it."""

_TEMPLATES: Mapping[SecretsTool, Mapping[str, str]] = {
    SecretsTool.SOPS: {MODULE: MODULE, ".sops.yaml": "sops.yaml"},
    SecretsTool.AGENIX: {MODULE: MODULE, "secrets/secrets.nix": "agenix.nix"},
}
_OPTIONS = {SecretsTool.SOPS: "sops", SecretsTool.AGENIX: "age"}
_NAMES = {SecretsTool.SOPS: "sops-nix", SecretsTool.AGENIX: "agenix"}
_PLACES = {SecretsTool.SOPS: "secrets/secrets.yaml", SecretsTool.AGENIX: "secrets/*.age"}

FLAKES: Mapping[SecretsTool, Mapping[str, Any]] = {
    SecretsTool.SOPS: {
        "input": "sops-nix",
        "url": "github:Mic92/sops-nix",
        "module": "sops",
        "follows": {"nixpkgs": "nixpkgs"},
    },
    SecretsTool.AGENIX: {
        "input": "agenix",
        "url": "github:ryantm/agenix",
        "module": "default",
        # Its macOS part is of no use here, and would only be downloaded.
        "follows": {"nixpkgs": "nixpkgs", "home-manager": "home-manager", "darwin": ""},
    },
}
"""Each tool as an input of a flake: its module there, and which inputs it shares with ours."""


def secret_templates(request: NixosRequest) -> Mapping[str, str]:
    """The path of each file that is needed, with its template; none without needs."""
    if request.secrets is None or not secret_needs(request):
        return {}
    return _TEMPLATES[request.secrets]


def flake_inputs(requests: Iterable[NixosRequest]) -> list[Mapping[str, Any]]:
    """The inputs that the machines of a flake need for their secrets, each once, by name."""
    tools = {r.secrets for r in requests if r.secrets is not None and secret_needs(r)}
    return [FLAKES[tool] for tool in SecretsTool if tool in tools]


def secret_values(request: NixosRequest) -> dict[str, Any]:
    """What the templates of the secrets' files name."""
    needs = secret_needs(request)
    if request.secrets is None or not needs:
        return {"secrets": None}
    tool = request.secrets
    keys = ((request.host_key, "the machine"), *((k, _owner(k)) for k in request.authorized_keys))
    recipients = {key: (age_recipient(key), name) for key, name in keys if key}
    known = {recipient: name for recipient, name in recipients.values() if recipient}
    return {
        "secrets": tool.value,
        "needs": needs,
        "secret_names": [need.name for need in needs],
        "tool_option": _OPTIONS[tool],
        "tool_name": _NAMES[tool],
        "host_key": request.host_key,
        "host_recipient": request.host_key and age_recipient(request.host_key),
        "recipients": list(known.items()),
        "agenix_keys": list(recipients),
        "no_tool_message": (
            f"the secrets of this machine need {_NAMES[tool]}, which flake.nix brings:"
            " build it with --flake"
        ),
        "no_file_message": f"{_PLACES[tool]} is not there yet: README.md tells how to make it",
    }


def _owner(public_key: str) -> str:
    """What a public key says of whose it is."""
    return public_key.split(" ", 2)[2] if public_key.count(" ") > 1 else "a person"
