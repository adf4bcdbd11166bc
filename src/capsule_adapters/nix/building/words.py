"""What Nix's programs are told, word by word."""

from collections.abc import Sequence

from capsule_adapters.nix.evaluation import FEATURES


def instantiate(link: str, expression: Sequence[str]) -> Sequence[str]:
    """Evaluate the system that is meant to a derivation, kept by `link`."""
    kept = ("--add-root", link, "--indirect")
    return ("nix-instantiate", *FEATURES, *kept, "-A", "system", *expression)


def build(link: str, expression: Sequence[str]) -> Sequence[str]:
    """Build the system that is meant, kept by `link`."""
    return ("nix-build", *FEATURES, "--out-link", link, "-A", "system", *expression)


def keep(path: str, link: str) -> Sequence[str]:
    """What is in the store already, by `link`."""
    return ("nix-store", "--realise", path, "--add-root", link, "--indirect")


def copy_derivation(derivation: str, to: str) -> Sequence[str]:
    """A derivation and all that it is made of. No cache has those, so none is asked."""
    return ("nix", *FEATURES, "copy", "--derivation", "--to", to, derivation)


def copy(path: str, *, source: str | None, to: str | None, signed: bool) -> Sequence[str]:
    """A closure from one store to another; None is this machine's. What the receiver can fetch
    from its caches is not sent.

    Unless it is `signed`, the receiver is told to take it as it is: it does that for those whom
    it trusts, and not even for root without being told.
    """
    ends = (*(("--from", source) if source else ()), *(("--to", to) if to else ()))
    unsigned = () if signed else ("--no-check-sigs",)
    return ("nix", *FEATURES, "copy", "--substitute-on-destination", *unsigned, *ends, path)


def sign(path: str, *, key_file: str, store: str | None) -> Sequence[str]:
    """Put a signature on a closure, in this machine's store or another."""
    where = ("--store", store) if store else ()
    return ("nix", *FEATURES, "store", "sign", *where, "--key-file", key_file, "--recursive", path)


def make_key(name: str, secret_file: str, public_file: str) -> Sequence[str]:
    """A new key pair to sign with."""
    return ("nix-store", "--generate-binary-cache-key", name, secret_file, public_file)


def store_info(store: str, command: str) -> Sequence[str]:
    """What a store says of itself; `info` was called `ping` before Nix 2.19."""
    return ("nix", *FEATURES, "store", command, "--store", store, "--json")


def settings(*command: str) -> Sequence[str]:
    """Nix's own settings; `config show` was called `show-config` before Nix 2.20."""
    return ("nix", *FEATURES, *command, "--json")
