"""Which secrets the stacks of a machine need, and where each will lie while it runs."""

from collections.abc import Iterator, Sequence

from capsule_domain.models.nixos import NixosRequest
from capsule_domain.models.option import Assignment, Topic
from capsule_domain.models.secret import SecretNeed, SecretRef

ORIGIN = "--secrets"


def secret_needs(request: NixosRequest) -> Sequence[SecretNeed]:
    """What the machine's stacks need, by name, each once; nothing without `secrets`."""
    if request.secrets is None:
        return ()
    needs = {need.name: need for _, need in _needs(request)}
    return tuple(needs[name] for name in sorted(needs))


def secret_assignments(request: NixosRequest) -> Iterator[Assignment]:
    """The stacks' options that take a secret's file, each set to a path on the machine."""
    if request.secrets is None:
        return
    for stack, need in _needs(request):
        ref = SecretRef(name=need.name, tool=request.secrets)
        yield Assignment(
            option=("capsule", stack, need.option),
            value=str(ref.path),
            topic=Topic.STACKS,
            origin=f"{ORIGIN} {request.secrets.value}",
        )


def _needs(request: NixosRequest) -> Iterator[tuple[str, SecretNeed]]:
    for entry in request.environment.stacks:
        for need in entry.stack.secrets:
            yield entry.stack.name, need
