"""SSH keys: AWS keeps them by name, in each region for itself."""

from capsule_adapters.providers.aws import NAME
from capsule_adapters.providers.aws.api import AwsApi
from capsule_adapters.providers.aws.readings import KeyPair
from capsule_adapters.rest.keys import is_named_by_us, key_name
from capsule_adapters.rest.public_key import PublicKey
from capsule_adapters.rest.wire import understood
from capsule_domain.errors import ProviderError

_TAKEN = ("ssh-ed25519", "ssh-rsa")
"""API description, ImportKeyPair: ED25519 and RSA keys."""


def ensure_key(api: AwsApi, region: str, line: str) -> str:
    """The name of the key in a region: found by text or fingerprint, or else imported once."""
    key = _parsed(line)
    found = _find(api, region, key)
    if found is not None:
        return found
    name = key_name(key)
    try:
        answer = api.call(
            "ec2", region, "import_key_pair", KeyName=name, PublicKeyMaterial=key.line.encode()
        )
    except ProviderError:
        # Someone else may have been quicker, or only the answer was lost.
        found = _find(api, region, key)
        if found is None:
            raise
        return found
    with understood(NAME, "ImportKeyPair"):
        return KeyPair.model_validate(answer).key_name


def _parsed(line: str) -> PublicKey:
    try:
        key = PublicKey.parse(line)
    except ValueError as error:
        raise ProviderError(NAME, f"the SSH public key cannot be used: {error}") from error
    if key.type not in _TAKEN:
        raise ProviderError(
            NAME,
            f"an SSH key must be RSA or Ed25519, not {key.type}",
            hint="choose another one with --ssh-key",
        )
    return key


def our_keys(api: AwsApi, region: str) -> list[str]:
    """The names of those that we imported in a region."""
    pairs = _pairs(api, region)
    return [pair.key_name for pair in pairs if is_named_by_us(pair.key_name, pair.public_key)]


def delete_key(api: AwsApi, region: str, name: str) -> None:
    """One that is not there is a success, for AWS too."""
    api.call("ec2", region, "delete_key_pair", KeyName=name)


def _pairs(api: AwsApi, region: str) -> list[KeyPair]:
    answer = api.call("ec2", region, "describe_key_pairs", IncludePublicKey=True)
    with understood(NAME, "KeyPairs"):
        return [KeyPair.model_validate(raw) for raw in api.listed(answer, "KeyPairs")]


def _find(api: AwsApi, region: str, key: PublicKey) -> str | None:
    for pair in _pairs(api, region):
        # AWS shows SHA-256 without its name, and sometimes with the padding of base64.
        shown = f"SHA256:{pair.key_fingerprint.rstrip('=')}"
        if key.is_same(pair.public_key, shown):
            return pair.key_name
    return None
