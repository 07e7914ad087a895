"""How long something takes, but for the time in which this process stood still."""

import asyncio
from typing import Any

STOOD_STILL_S = 3.0
"""After so long without a look at the time, which is looked at every second, the process did."""
_LOOK_S = 1.0


class Stopwatch:
    """Counts from its making, by the event loop's clock, while somebody looks at it.

    WHY: where a container is paused, or a machine sleeps, all that the process waits for may have
    stood still with it, and seems to have taken all that time.
    """

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self._since = self._looked = self._clock()

    def seconds(self) -> float:
        """Seconds so far; to be asked once a second at least, or it counts none in between."""
        now = self._clock()
        if now - self._looked > STOOD_STILL_S:
            self._since += now - self._looked
        self._looked = now
        return now - self._since

    async def wait(self, awaited: asyncio.Future[Any], limit_s: float) -> None:
        """Wait until something is done, or so many seconds are counted."""
        while not awaited.done() and (left := limit_s - self.seconds()) > 0:
            await asyncio.wait({awaited}, timeout=min(left, _LOOK_S))
