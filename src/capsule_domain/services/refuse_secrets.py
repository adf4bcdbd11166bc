"""Refuse to write a secret: what Nix reads ends up readable by everyone on the machine."""

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from capsule_domain.errors import Conflict
from capsule_domain.models.nixos import RenderedFile
from capsule_domain.models.secret import Leak

_KEYS = {
    "a private key": r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-",
    "a key of age": r"\bAGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{20,}",
    "a key of AWS": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a token of GitHub": r"\b(?:gh[oprsu]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})",
    "a token of GitLab": r"\bglpat-[A-Za-z0-9_-]{20}",
    "a token of Slack": r"\bxox[abprs]-[A-Za-z0-9-]{10}",
    "a token of DigitalOcean": r"\bdo[opr]_v1_[0-9a-f]{64}\b",
    "a token of Hugging Face": r"\bhf_[A-Za-z0-9]{30}",
    "a key of Anthropic or OpenAI": r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32}",
    "a key of Google": r"\bAIza[A-Za-z0-9_-]{35}\b",
    "a key of Stripe": r"\b[rs]k_live_[A-Za-z0-9]{20}",
    "a key of Tailscale": r"\btskey-[a-z]+-[A-Za-z0-9-]{10}",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.",
    "a signing key of Nix": r"(?<![\w.-])[\w.-]+:[A-Za-z0-9+/]{86}==",
    "the hash of a password": r"\$(?:1|5|6|7|2[abxy]|y|gy|argon2(?:id?|d))\$[./A-Za-z0-9$=,]{20}",
}
_RULES = [(rule, re.compile(pattern)) for rule, pattern in _KEYS.items()]
"""What is a secret wherever it stands, by its own form."""

_PUBLIC_KEY = re.compile(
    r"(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp\d{3}|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
    r" [A-Za-z0-9+/]+={0,3}"
)
_ASSIGNED = re.compile(
    r"""(?<![\w'-])(?P<name>[\w'-]*?(?P<kind>password|passwd|passphrase|secret|token|api_?key|access_?key
        |private_?key|secret_?key))["']?\s*[=:]\s*(?:\(?(?:lib\.)?mk[A-Za-z]+\s+(?:\d+\s+)?)?
        (?:"(?P<text>(?:[^"\\]|\\.)*)"|''(?P<lines>(?:[^']|'(?!'))*)'')""",
    re.ASCII | re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_NO_SECRET = re.compile(r"[!*]?|/.*|\$__file\{.*\}|.*(?<!\\)\$\{.*", re.DOTALL)
"""Nothing, an account without a password, a path, what Nix or the program puts in itself."""

_ALWAYS_SECRET = frozenset({"password", "passwd", "passphrase"})
_SHORTEST_TOKEN = 16
_LEAST_BITS = 3.0


def refuse_secrets(files: Iterable[RenderedFile]) -> None:
    """Raises Conflict with the place of the first secret in what is to be written."""
    found = leaks(files)
    if not found:
        return
    first = found[0]
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    raise Conflict(
        f"{first.file}:{first.line}: {first.rule} would be readable by everyone on the"
        f" machine{more}; nothing was written",
        hint="put it into a file on the machine and name the file, or use --secrets sops",
    )


def leaks(files: Iterable[RenderedFile]) -> Sequence[Leak]:
    """Where the files hold what is, or looks like, a secret; in their order, by line."""
    return [leak for file in files for leak in _leaks_of(file)]


def _leaks_of(file: RenderedFile) -> list[Leak]:
    # The body of a public key may spell anything; it is blanked, and places stay.
    text = _PUBLIC_KEY.sub(lambda key: " " * len(key[0]), file.text)
    ends = [match.start() for match in re.finditer("\n", text)]
    lines: dict[int, str] = {}
    for place, rule in sorted(_found(text)):
        lines.setdefault(bisect_left(ends, place) + 1, rule)
    return [Leak(file=file.path, line=line, rule=rule) for line, rule in lines.items()]


def _found(text: str) -> Iterator[tuple[int, str]]:
    for found in _ASSIGNED.finditer(text):
        value = found["text"] if found["text"] is not None else found["lines"].strip()
        if _is_secret(found["kind"].lower(), value):
            yield found.start(), f"a value for {found['name']}"
    for rule, pattern in _RULES:
        for match in pattern.finditer(text):
            yield match.start(), rule


def _is_secret(kind: str, value: str) -> bool:
    if _NO_SECRET.fullmatch(value):
        return False
    if kind in _ALWAYS_SECRET:
        return True
    return len(value) >= _SHORTEST_TOKEN and " " not in value and _bits(value) >= _LEAST_BITS


def _bits(text: str) -> float:
    """Shannon's entropy of a letter: words have less than keys."""
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)
