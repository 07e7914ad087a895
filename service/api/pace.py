"""How fast refusals are sent."""

import asyncio
from collections.abc import Callable

_AT_ONCE_PER_S = 100.0
# Hundreds of clients that come back at once are refused as often as this lets them: with 960 and
# room for 192, a half second let 1,100 refusals a second take half of what the others are for.
_LONGEST_S = 2.0


class Pace:
    """Spreads the refusals of a flood over time, for one event loop.

    WHY: who is refused at once and does not heed `Retry-After` comes again at once. A refusal costs
    the event loop little, but thousands of them a second take the cores from the work inside.
    """

    def __init__(
        self, now: Callable[[], float], draining: Callable[[], bool] = lambda: False
    ) -> None:
        """now: a monotonic clock in seconds. draining: whether the server is to end."""
        self._now, self._draining = now, draining
        self._next = 0.0

    async def hold_back(self) -> None:
        """Wait until the next refusal is to be sent, see `wait_s`, or the drain runs out."""
        try:
            await asyncio.sleep(self.wait_s())
        except asyncio.CancelledError:
            # uvicorn cancels what is left then, and would answer 500.
            if not self._draining():
                raise

    def wait_s(self) -> float:
        """For how many seconds the next refusal is held back.

        0 up to 100 a second; beyond that the next ones queue up behind one another, for two
        seconds at most: a client's connection is not kept for longer.
        """
        now = self._now()
        due = min(max(now, self._next), now + _LONGEST_S)
        self._next = due + 1 / _AT_ONCE_PER_S
        return due - now
