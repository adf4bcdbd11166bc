"""XnodeOS: what its installer is told, and how that survives the way there."""

import base64
import re
import shlex
from collections.abc import Mapping

from capsule_domain.errors import ConfigurationError
from capsule_domain.ports.host import HostKey
from capsule_domain.ports.settings import OpenmeshSettings

# github.com/Openmesh-Network/xnodeos, release v1.0.0 of 2026-02-19: its install.sh takes the
# release to install from VERSION. Without one it asks for the latest, which its own releases
# never are: they are marked as previews.
VERSION = "v1.0.0"
INSTALLER = f"https://raw.githubusercontent.com/Openmesh-Network/xnodeos/{VERSION}/install.sh"
MANAGER = "xnode-manager.service"
"""The unit that makes a NixOS an Xnode."""

_LOG = "/tmp/xnodeos.log"  # noqa: S108  (where its own guide looks for it)
_OLDER_NAMES = {"OWNER": "XNODE_OWNER", "EMAIL": "ACME_EMAIL"}
_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"

# INITIAL_CONFIG goes through an unquoted here-document, a double-quoted string that a shell
# reads again, and the text of a sed command: one line of these passes all three as it is.
_PASSES = re.compile(r"[A-Za-z0-9 '+,./:;<=>@\[\]_{}()-]*", re.ASCII)


def install_command(settings: OpenmeshSettings, ssh_public_key: str, host_key: HostKey) -> str:
    """The shell command that turns a fresh Ubuntu 24.04 into an Xnode of its owner.

    Raises ConfigurationError when openmesh.yml does not say whose it is.
    """
    told = _variables(settings, ssh_public_key, host_key)
    exports = " && ".join(f"export {name}={shlex.quote(value)}" for name, value in told.items())
    return f"{exports} && curl -fsSL {INSTALLER} | bash 2>&1 | tee {_LOG}"


def _variables(
    settings: OpenmeshSettings, ssh_public_key: str, host_key: HostKey
) -> Mapping[str, str]:
    if settings.owner is None:
        raise ConfigurationError(
            "an Xnode without an owner is anyone's who finds it first",
            hint="set owner in openmesh.yml: capsule openmesh configure",
        )
    if settings.domain is not None and settings.email is None:
        raise ConfigurationError(
            "openmesh.yml has a domain and no email: its certificate is issued to someone",
            hint="set email in openmesh.yml: capsule openmesh configure",
        )
    told = {
        # Its own form of an address: no 0x, and lower case.
        "OWNER": f"eth:{settings.owner.lower().removeprefix('0x')}",
        "DOMAIN": settings.domain,
        "EMAIL": settings.email,
        "VERSION": VERSION,
        "INITIAL_CONFIG": initial_config(ssh_public_key, host_key),
    }
    known = {name: value for name, value in told.items() if value is not None}
    older = {old: known[name] for name, old in _OLDER_NAMES.items() if name in known}
    return {**known, **older}


def initial_config(ssh_public_key: str, host_key: HostKey) -> str:
    """Nix for the user's part of an Xnode: an sshd that lets root in by `ssh_public_key` alone,
    and that shows the host key we know. XnodeOS by itself has no SSH at all.

    The host key is written where there is none: once it is replaced it stays replaced.
    """
    private = host_key.private_openssh.get_secret_value().encode()
    kind, material = ssh_public_key.split()[:2]
    encoded = base64.b64encode(private).decode()
    write = (
        f"if test -s {_HOST_KEY}; then true; else mkdir -p /etc/ssh;"
        f" (umask 077; base64 -d <<< {encoded} > {_HOST_KEY}); fi"
    )
    text = (
        "services.openssh.enable = true;"
        " services.openssh.settings.PermitRootLogin = ''prohibit-password'';"
        " services.openssh.settings.PasswordAuthentication = false;"
        f" users.users.root.openssh.authorizedKeys.keys = [ ''{kind} {material}'' ];"
        f" system.activationScripts.capsuleHostKey.text = ''{write}'';"
    )
    if not _PASSES.fullmatch(text):
        raise ConfigurationError("the SSH key has a form that XnodeOS cannot be told")
    return text
