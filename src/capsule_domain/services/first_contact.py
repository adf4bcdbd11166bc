"""The first contact with a machine: whose host key it is, and one that nobody else has seen."""

import base64
import shlex
from dataclasses import dataclass
from hashlib import sha256

from capsule_domain.errors import ConfigurationError, HostError, HostKeyChanged
from capsule_domain.models.xnode import FirstContact, XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.host import Hosts, KnownHosts, Target
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.provider import Provider
from capsule_domain.services.diary import Report
from capsule_domain.services.ready import target_of

TRIES = 5
PAUSE_SECONDS = 1.0
_SPARE = "capsule_new_host_key"
_KEY = "ssh_host_ed25519_key"


@dataclass(frozen=True)
class MeetMachine:
    """Makes sure of a machine's host key. Raises HostError, StoreError.

    The key that a new server is sent in its user data can be read by whoever may read that:
    every process of the machine, and everyone with rights in the account. So it serves for
    one connection, in which the machine makes another. Killed at any point it can be done
    again: until the new key was met, both are trusted.
    """

    hosts: Hosts
    known_hosts: KnownHosts
    inventory: Inventory
    clock: Clock
    ssh_folder: str = "/etc/ssh"

    def learn(self, xnode: XNode, report: Report) -> XNode:
        """Trust the key that it shows, once, where no key could be sent; else as it is."""
        if self.known_hosts.pinned(xnode.id):
            return xnode
        shown = self.hosts.shown_key(target_of(xnode))
        self.known_hosts.pin(xnode.id, shown)
        report("host key learnt", f"{fingerprint(shown)}: nobody vouched for it")
        return self._keep(xnode, FirstContact.LEARNT)

    def replace(self, xnode: XNode, report: Report) -> XNode:
        """Replace the key that we sent; a machine where this was done is left as it is."""
        if xnode.first_contact is not None:
            return xnode
        target = target_of(xnode)
        with self.hosts.connect(target) as host:
            made = host.run(as_root(target, self._make()), check=True).stdout.strip()
            trusted = self.known_hosts.pinned(xnode.id)
            try:
                self.known_hosts.pin(xnode.id, *trusted, made)
            except ConfigurationError as error:
                raise HostError(f"{xnode.name} did not make a host key") from error
            report("host key made", f"{fingerprint(made)}, on the machine")
            host.run(as_root(target, self._install()), check=True)
        self._meet(xnode, target, made)
        self.known_hosts.pin(xnode.id, made)
        report("host key replaced", "the one that was sent is trusted no more")
        return self._keep(xnode, FirstContact.REPLACED)

    def _meet(self, xnode: XNode, target: Target, made: str) -> None:
        """A new connection that takes the new key and no other. sshd may need a moment."""
        alias = f"{xnode.id}.new"
        self.known_hosts.pin(alias, made)
        try:
            for _ in range(TRIES - 1):
                try:
                    return self._greet(target, alias)
                except HostError:
                    self.clock.sleep(PAUSE_SECONDS)
            try:
                self._greet(target, alias)
            except HostKeyChanged as error:
                raise HostKeyChanged(
                    f"{xnode.name} made a new host key and does not show it: "
                    "its sshd did not read it",
                    hint="someone may stand between; both keys are trusted until it is settled",
                ) from error
        finally:
            self.known_hosts.forget(alias)

    def _greet(self, target: Target, alias: str) -> None:
        with self.hosts.connect(target.model_copy(update={"key_alias": alias})) as host:
            host.run("true", check=True)

    def _keep(self, xnode: XNode, how: FirstContact) -> XNode:
        known = xnode.model_copy(update={"first_contact": how})
        self.inventory.update(known)
        return known

    def _make(self) -> str:
        spare = shlex.quote(f"{self.ssh_folder}/{_SPARE}")
        return (
            f"rm -f {spare} {spare}.pub"
            f" && ssh-keygen -q -t ed25519 -N '' -C '' -f {spare} && cat {spare}.pub"
        )

    def _install(self) -> str:
        """The private half last: with it the change is done. Where sshd is called otherwise,
        or cannot read its keys anew, it is started again; connections outlive that.
        """
        spare = shlex.quote(f"{self.ssh_folder}/{_SPARE}")
        key = shlex.quote(f"{self.ssh_folder}/{_KEY}")
        return (
            f"mv -f {spare}.pub {key}.pub && mv -f {spare} {key} && sync && "
            "{ systemctl reload ssh || systemctl reload sshd || systemctl restart sshd; }"
        )


@dataclass(frozen=True)
class ReplaceHostKey:
    """The step of `settle` that replaces the key that we sent."""

    meet: MeetMachine

    def run(self, cloud: Provider, xnode: XNode, report: Report) -> XNode:  # noqa: ARG002
        """Raises HostError, StoreError."""
        return self.meet.replace(xnode, report)


def fingerprint(public_key: str) -> str:
    """As `ssh-keygen -l` shows it."""
    material = base64.b64decode(public_key.split()[1])
    return f"SHA256:{base64.b64encode(sha256(material).digest()).decode().rstrip('=')}"


def as_root(target: Target, script: str) -> str:
    """The script as whoever logs in can run it as root."""
    return script if target.user == "root" else f"sudo -n sh -c {shlex.quote(script)}"
