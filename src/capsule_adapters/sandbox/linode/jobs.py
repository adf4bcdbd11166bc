"""Boot, shutdown, reboot: begun at once, seen a little later, done later still."""

from capsule_adapters.sandbox.linode.state import Linode
from capsule_adapters.sandbox.linode.wording import Refusal
from capsule_adapters.sandbox.machine_room import MachineRoom

_SHOWN_AS = {"boot": "booting", "shutdown": "shutting_down", "reboot": "rebooting"}
_LEAVES = {"boot": "running", "shutdown": "offline", "reboot": "running"}


def begin(
    room: MachineRoom,
    linode: Linode,
    job: str,
    *,
    now: float,
    seconds: float,
    unseen_seconds: float,
) -> None:
    """Start a job. Raises Refusal while another one is under way, or when it makes no sense."""
    if linode.is_new or linode.job is not None or now < linode.busy_until:
        raise Refusal(400, "Linode busy.")
    if (job == "boot") == (linode.status == "running"):
        raise Refusal(400, f"Linode is {linode.status}; it cannot {job}.")
    if job != "boot":
        room.switch_off(linode.id)
    if job != "shutdown":
        room.switch_on(linode.id)
    linode.job = job
    linode.job_shows_at = now + unseen_seconds
    linode.job_due_at = now + unseen_seconds + seconds


def pass_time(room: MachineRoom, linode: Linode, *, now: float, rest_seconds: float) -> bool:
    """Let a Linode come up, and its job show and end; tells whether anything changed."""
    before = (linode.status, linode.address, linode.job)
    if linode.is_new:
        _come_up(room, linode, now)
    elif linode.job is not None and now >= linode.job_due_at and room.is_idle(linode.id):
        linode.status, linode.job = _LEAVES[linode.job], None
        # The status is told before the cloud is ready for more.
        linode.busy_until = now + rest_seconds
    elif linode.job is not None and now >= linode.job_shows_at:
        linode.status = _SHOWN_AS[linode.job]
    return before != (linode.status, linode.address, linode.job)


def _come_up(room: MachineRoom, linode: Linode, now: float) -> None:
    if linode.address is None and room.is_idle(linode.id):
        linode.address = room.address(linode.id)
    if now >= linode.running_at and linode.address is not None:
        linode.status, linode.user_data = "running", ""
    elif now >= (linode.created_at + linode.running_at) / 2:
        linode.status = "booting"
