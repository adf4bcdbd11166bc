"""What a new server is told at its first start: cloud-init user data."""

import json

from pydantic import SecretStr

from capsule_domain.ports.host import HostKey


def user_data(host_key: HostKey) -> SecretStr:
    """Cloud-config that gives the server the host key we made, so that the very first
    connection can be verified.

    The body is JSON, which every YAML reader takes, so that nothing needs quoting.
    `ssh_deletekeys` removes what the image brought; with `ssh_keys` set cloud-init
    makes no other keys. `disable_root` is for the images that let root in on some clouds
    and not on others, such as Ubuntu's at AWS: ours always enters with its key alone.
    """
    body = {
        "disable_root": False,
        "ssh_deletekeys": True,
        "ssh_keys": {
            "ed25519_private": host_key.private_openssh.get_secret_value(),
            "ed25519_public": host_key.public_openssh,
        },
    }
    return SecretStr("#cloud-config\n" + json.dumps(body, indent=1) + "\n")
