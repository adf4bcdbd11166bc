"""What a new server is told at its first start."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from capsule_domain.ports.host import HostKey


def user_data(host_key: HostKey, commands: tuple[str, ...] = ()) -> SecretStr:
    """Cloud-config that gives the server the host key we made, so that the very first
    connection can be verified, and has it run shell `commands` once, at the end of that start.

    The body is JSON, which YAML readers take, so that nothing needs quoting.
    `ssh_deletekeys` removes what the image brought; with `ssh_keys` set cloud-init
    makes no other keys. `disable_root` is for the images that let root in on some clouds
    and not on others, such as Ubuntu's at AWS: ours always enters with its key alone.
    """
    body: Mapping[str, Any] = {
        "disable_root": False,
        "ssh_deletekeys": True,
        "ssh_keys": {
            "ed25519_private": host_key.private_openssh.get_secret_value(),
            "ed25519_public": host_key.public_openssh,
        },
        **({"runcmd": [["sh", "-c", command] for command in commands]} if commands else {}),
    }
    return SecretStr(f"#cloud-config\n{_json_for_yaml(body)}\n")


def _json_for_yaml(body: Mapping[str, Any]) -> str:
    """JSON that YAML reads alike. To YAML a letter beyond 16 bits is not two escapes, as to JSON;
    and control characters it takes as escapes alone.
    """
    text = json.dumps(body, indent=1, ensure_ascii=False)
    return re.sub(r"[\x7f-\uffff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def nixos_image_user_data(host_key: HostKey) -> SecretStr:
    """The host key in the form that NixOS' own images for EC2 read: they have no cloud-init.

    `|` stands for a line's end there. Lines that begin so are all that such an image passes
    over; anything else in user data would become its configuration.
    """
    private = "|".join(host_key.private_openssh.get_secret_value().strip().splitlines())
    return SecretStr(
        f"SSH_HOST_ED25519_KEY:{private}\nSSH_HOST_ED25519_KEY_PUB:{host_key.public_openssh}\n"
    )
