"""What comes in floods, counted and told of together."""

import asyncio
from collections.abc import Callable

_TOGETHER_S = 1.0


class Tally:
    """Counts, and tells once a second how many there were since the last time, if any.

    WHY: under a flood a log line for each would be much of what each of them costs.

    tell: told how many. Needs a running event loop.
    """

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell
        self._count = 0

    def add(self) -> None:
        """One more."""
        if not self._count:
            asyncio.get_running_loop().call_later(_TOGETHER_S, self.flush)
        self._count += 1

    def flush(self) -> None:
        """Tell now, if there is something to tell."""
        count, self._count = self._count, 0
        if count:
            self._tell(count)
