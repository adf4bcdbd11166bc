"""Machines that tests look at."""

from collections.abc import Sequence

from capsule_adapters.sandbox.machines import NoMachines


class RecordingMachines(NoMachines):
    """Machines that remember, and fail to boot on demand."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.user_data: list[str] = []
        self.broken = False

    def boot(self, server_id: str, *, name: str, public_keys: Sequence[str], user_data: str) -> str:
        self.did.append("boot")
        self.user_data.append(user_data)
        if self.broken:
            raise OSError("no room")
        return super().boot(server_id, name=name, public_keys=public_keys, user_data=user_data)

    def switch_on(self, server_id: str) -> None:
        self.did.append("on")

    def switch_off(self, server_id: str) -> None:
        self.did.append("off")

    def remove(self, server_id: str) -> None:
        self.did.append("remove")
