"""What Prometheus is told, and how often that is made anew."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, generate_latest

# It takes some 5 ms of the event loop, and no key: this is 5 % of its time at most.
KEPT_S = 0.1


class Exposition:
    """All metrics of a registry in Prometheus' text format.

    now: a clock in seconds that never goes back.
    """

    def __init__(
        self, registry: CollectorRegistry, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._registry, self._now = registry, now
        self._text = b""
        self._stale_at = now()

    def text(self) -> bytes:
        """The metrics as they are, or were up to KEPT_S ago."""
        if self._now() >= self._stale_at:
            self._text = generate_latest(self._registry)
            self._stale_at = self._now() + KEPT_S
        return self._text
