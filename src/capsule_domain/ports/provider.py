"""A cloud, seen from us."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.leftover import Leftover
from capsule_domain.models.server import Account, Capabilities, Server, ServerRequest
from capsule_domain.models.template import Offer, Region


class Provider(Protocol):
    """A cloud that rents servers.

    Every implementation passes tests/contracts/test_provider.py and fails only with a
    `ProviderError` or `NotFound`. Reading may be repeated by the implementation;
    `create` is sent once: after a `ProviderUnavailable` whose `sent` is True, look
    for the deployment's tag before renting again.
    """

    @property
    def name(self) -> str:
        """The word for this cloud in commands, such as `digitalocean`."""

    @property
    def capabilities(self) -> Capabilities:
        """What this cloud can do."""

    def account(self) -> Account:
        """Whose credentials these are. Raises CredentialsRefused."""

    def regions(self) -> Iterable[Region]:
        """Every region in which the cloud rents now."""

    def offers(self) -> Iterable[Offer]:
        """Every template in every region; no order is promised."""

    def servers(self, *, deployment: DeploymentId | None = None) -> Iterable[Server]:
        """Every server of the account, whoever made it; or those with a deployment's tag.

        Clouds are eventually consistent: a server younger than
        `capabilities.settling_seconds` may be missing.
        """

    def server(self, server_id: str) -> Server:
        """One server as it is now. Raises NotFound when the cloud knows it no more."""

    def create(self, request: ServerRequest) -> Server:
        """Start renting. Returns at once; the server may still be pending, with no address.

        Raises OutOfStock, QuotaExceeded or ProviderError when surely nothing was rented.
        """

    def start(self, server_id: str) -> None:
        """Switch on. A server that is on already is a success."""

    def stop(self, server_id: str) -> None:
        """Shut down; see `capabilities.bills_when_stopped`. Already off is a success."""

    def restart(self, server_id: str, *, force: bool = False) -> None:
        """Reboot; with `force` by power."""

    def set_tags(self, server_id: str, tags: Sequence[str]) -> None:
        """Make the server's tags exactly these; their order does not count.

        A tag that it has already may stay whatever it is; a new one must fit
        `capabilities.tag_pattern`, else nothing is changed. Raises NotFound; ProviderError
        where the cloud cannot change them. After another error some may be changed: that
        a tag is added comes before that one is taken away.
        """

    def destroy(self, server_id: str) -> None:
        """Stop renting. A server already gone is a success."""

    def leftovers(self) -> Sequence[Leftover]:
        """What Capsule made in the account beside servers, and no server holds.

        Only what bears a name or tag that a Capsule gave it. Which server needs a key no
        cloud says, so keys are among them while servers live.
        """

    def remove_leftover(self, leftover: Leftover) -> None:
        """Delete one of `leftovers`. One that is gone already is a success.

        Raises ProviderError when a server holds it by now.
        """
