"""Whether AWS's own tools are set up here: looked up without boto3, and without the network."""

from collections.abc import Mapping
from pathlib import Path

_VARIABLES = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_LARGEST_FILE_BYTES = 1024 * 1024
_CREDENTIALS = frozenset({"aws_access_key_id", "credential_process", "role_arn"})
_SIGN_IN = frozenset({"sso_session", "sso_start_url", "login_session"})


def found_elsewhere(environment: Mapping[str, str]) -> bool:
    """Whether boto3 finds credentials by a profile, a role's file or a container's address.

    What an EC2 instance gets from its own metadata is not looked for: that would ask the
    network. It works where AWS is asked for by name.
    """
    if any(environment.get(name, "").strip() for name in _VARIABLES):
        return True
    home = Path(environment.get("HOME") or "~").expanduser()
    files = {
        "AWS_SHARED_CREDENTIALS_FILE": home / ".aws/credentials",
        "AWS_CONFIG_FILE": home / ".aws/config",
    }
    return any(
        _has_default(Path(environment.get(name) or usual).expanduser())
        for name, usual in files.items()
    )


def _has_default(file: Path) -> bool:
    """Whether the file's default profile has credentials, or says where they come from."""
    from configparser import ConfigParser
    from configparser import Error as NotAConfiguration

    reader = ConfigParser(interpolation=None, strict=False)
    try:
        if file.stat().st_size > _LARGEST_FILE_BYTES:
            return False
        reader.read_string(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, NotAConfiguration):
        return False
    # Of a ConfigParser the section `default` in small letters is like any other.
    return reader.has_section("default") and not (_CREDENTIALS | _SIGN_IN).isdisjoint(
        reader["default"]
    )
