"""How Hivelocity puts its refusals. Only the form of a 429 is published; all have it here."""

from capsule_adapters.sandbox.api import Answer

NO_RIGHT = (
    "You have not been granted permission to complete this action. "
    "Please contact your account manager to grant the proper permission."
)
_USUAL = {
    400: "Invalid device parameters.",
    401: "Unauthorized.",
    403: NO_RIGHT,
    404: "Not found.",
    405: "Method not allowed.",
    409: "Device Already Being Cancelled.",
    429: "Your IP is rate limited.",
    500: "Internal server error.",
    503: "Service unavailable.",
}


class Refusal(Exception):
    """The cloud says no."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def error(status: int, message: str = "") -> Answer:
    """An error answer; an empty `message` takes the usual one."""
    if 300 <= status < 400:
        return Answer(status)
    return Answer(
        status, {"code": status, "description": message or _USUAL.get(status, "An error occurred.")}
    )
