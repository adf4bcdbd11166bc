"""Places that nearly never go away, asked by a TCP connection."""

import socket
from collections.abc import Sequence
from contextlib import closing

from capsule_domain.services.side_by_side import side_by_side

_SECONDS = 3.0


class TcpAnchors:
    """Implements `Anchors`."""

    def answering(self, places: Sequence[str]) -> int:
        """How many of them answer now."""
        questions = [lambda place=place: _answers(place) for place in places]
        answers = side_by_side(questions, deadline_seconds=_SECONDS + 1)
        return sum(one.done() and one.result() for one in answers)


def _answers(place: str) -> bool:
    host, _, port = place.rpartition(":")
    try:
        with closing(socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS)):
            return True
    except (OSError, ValueError):
        return False
