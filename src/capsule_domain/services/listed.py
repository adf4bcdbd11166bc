"""What a machine's configuration installs itself, beside what its modules bring."""

from typing import NamedTuple

from capsule_domain.models.profile import Environment

_PYTHON_STACK = "python"
"""The stack whose module has the one interpreter on NixOS."""


class Listed(NamedTuple):
    """`environment` has what configuration.nix installs; `joined` are libraries for the
    interpreter of the module python.
    """

    environment: Environment
    joined: tuple[str, ...]


def listed(environment: Environment) -> Listed:
    """What no stack's module brings. Python libraries join its interpreter where there is one."""
    installing = [e.stack for e in environment.stacks if e.stack.module_installs]
    packages = {package for stack in installing for package in stack.packages}
    python = {package for stack in installing for package in stack.python_packages}
    left = tuple(package for package in environment.python_packages if package not in python)
    has_interpreter = any(stack.name == _PYTHON_STACK for stack in installing)
    rest = {
        "packages": tuple(p for p in environment.packages if p not in packages),
        "python_packages": () if has_interpreter else left,
    }
    return Listed(environment.model_copy(update=rest), left if has_interpreter else ())
