"""Connections that the service ends, counted and logged."""

import logging
from collections.abc import Callable
from functools import partial
from typing import get_args

from service.api.tally import Tally
from service.telemetry import Ending

logger = logging.getLogger("unmask.connections")


class Endings:
    """Told of each ending; those of a second share a line for each reason.

    Requests too many on a connection are none of a client's faults, and get no line.

    count: told of each as well.
    """

    def __init__(self, count: Callable[[Ending], None]) -> None:
        self._count = count
        reasons = set[Ending](get_args(Ending)) - {"pipelined"}
        self._tallies = {reason: Tally(partial(_tell, reason)) for reason in reasons}

    def __call__(self, reason: Ending) -> None:
        self._count(reason)
        if reason in self._tallies:
            self._tallies[reason].add()

    def flush(self) -> None:
        """Log what has not been yet: nobody will, once the event loop has ended."""
        for tally in self._tallies.values():
            tally.flush()


def _tell(reason: Ending, count: int) -> None:
    logger.warning("connections ended", extra={"reason": reason, "count": count})
