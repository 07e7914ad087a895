"""Who may come in: permits counted in crops, and in bytes of uploads."""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from service.errors import OverloadedError

_RATE_WINDOW_S = 10.0
LONGEST_WAIT_S = 60
"""The most that a client is told to wait."""
_PATIENCE_S = 1.0
"""For so long room is kept for who needs much of it. Two cores judge 64 crops, the most that a clip
asks for unless set otherwise, in less."""


class Permit:
    """The right to have a number of crops in the service."""

    def __init__(self, admission: "Admission", crops: int) -> None:
        self._admission = admission
        self.crops = self.most = crops

    def grow(self, crops: int) -> None:
        """Ask for the number the upload will need; raises OverloadedError without room."""
        if crops > self.crops:
            self._admission.reserve(crops - self.crops, held=self.crops)
            self.crops = self.most = crops

    async def claim(self, crops: int) -> None:
        """The same, waiting a moment where the room is there, but in small pieces.

        WHY: pictures take any room for one crop as soon as it is there. A clip that is refused
        whenever there is none for all of its frames would never get in beside them.
        """
        if crops > self.crops:
            await self._admission.room_for(crops - self.crops, held=self.crops)
        self.grow(crops)

    def rest(self) -> None:
        """Give the room back, to be asked for anew."""
        self._admission.give_back(self.crops)
        self.crops = 0

    def settle(self, crops: int) -> None:
        """Correct the number to what was found. Never refuses: the work is half done."""
        crops = max(1, crops)
        self._admission.give_back(self.crops - crops)
        self.crops = crops
        self.most = max(self.most, crops)


class Hold:
    """The bytes of one upload in the service."""

    def __init__(self, admission: "Admission") -> None:
        self._admission = admission
        self.count = 0

    def add(self, count: int) -> None:
        """Keep so many bytes more; raises OverloadedError without room for them."""
        self._admission.reserve_bytes(count, held=self.count)
        self.count += count


class Admission:
    """Hands out permits up to a capacity in crops and one in bytes; owned by one event loop.

    now: a monotonic clock in seconds.
    on_refusal: called with the reason for each refusal.
    """

    def __init__(
        self,
        capacity: int,
        capacity_bytes: int,
        now: Callable[[], float],
        on_refusal: Callable[[str], None],
    ) -> None:
        self.in_use = self.bytes_in_use = 0
        self._capacity, self._capacity_bytes = capacity, capacity_bytes
        self._now = now
        self._on_refusal = on_refusal
        self._released: deque[tuple[float, int]] = deque()
        self._released_crops = 0
        self._unmoved_since = now()
        self._claimed = 0
        self._room: asyncio.Future[None] | None = None
        self._let_in = capacity

    @contextmanager
    def permit(self) -> Iterator[Permit]:
        """A permit for one crop, to be grown once more is known; given back at the end."""
        self.reserve(1)
        permit, refused = Permit(self, 1), False
        try:
            yield permit
        except OverloadedError:
            refused = True
            raise
        finally:
            self.give_back(permit.crops)
            # Who was refused after all, or left while resting, is no work done.
            if permit.crops and not refused:
                self._unmoved_since = self._now()
                # Room is asked for before it is known how little a clip needs: that counts, too.
                self._released.append((self._unmoved_since, permit.most))
                self._released_crops += permit.most
            self._forget()

    @contextmanager
    def upload(self) -> Iterator[Hold]:
        """Room for an upload, to be filled as its bytes arrive; given back at the end."""
        hold = Hold(self)
        try:
            yield hold
        finally:
            self.bytes_in_use -= hold.count

    def expect_room(self) -> None:
        """Raise OverloadedError where `permit` would; takes nothing."""
        self.reserve(1)
        self.in_use -= 1

    def reserve(self, crops: int, held: int = 0) -> None:
        """Take room for crops beside the `held` ones, or raise OverloadedError.

        A request that alone exceeds the capacity is let in when it has the house to itself.
        """
        if not self._fits(self._claimed + crops, held):
            self._refuse("capacity")
        if not self.in_use:
            self._unmoved_since = self._now()
        self.in_use += crops
        self._let_in += crops

    async def room_for(self, crops: int, held: int) -> None:
        """Return when there is room for crops beside the `held` ones, or will not soon be.

        Meanwhile nobody else is given what is wanted here. One request at a time has this right,
        and the next one when as many crops of others have been let in.
        """
        if self._fits(crops, held) or held + crops > self._capacity:
            return
        if self._room is not None or self._let_in < crops:
            return
        self._room = asyncio.get_running_loop().create_future()
        self._claimed = crops
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    await self._room
        finally:
            self._claimed, self._room = 0, None
            self._let_in = -crops  # its own count, too

    def give_back(self, crops: int) -> None:
        """Make room; fewer than no crops take it, whether or not there is any."""
        self.in_use -= crops
        if self._room is not None and not self._room.done() and self._fits(self._claimed):
            self._room.set_result(None)

    def _fits(self, crops: int, held: int = 0) -> bool:
        return self.in_use + crops <= self._capacity or self.in_use <= held

    def reserve_bytes(self, count: int, held: int) -> None:
        """The same for bytes: an upload in memory must fit beside those that are there already."""
        if self.bytes_in_use + count > self._capacity_bytes and self.bytes_in_use > held:
            self._refuse("memory")
        self.bytes_in_use += count

    def _refuse(self, reason: str) -> NoReturn:
        self._on_refusal(reason)
        raise OverloadedError(
            "More work is waiting than the service accepts.", retry_after_s=self.retry_after_s()
        )

    def retry_after_s(self) -> int:
        """Whole seconds until the work inside is done at the rate measured lately.

        Where nothing was done lately, as long again as nothing has been done.
        """
        self._forget()
        if not self._released:
            unmoved_s = self._now() - self._unmoved_since if self.in_use else 0.0
            return max(1, min(LONGEST_WAIT_S, math.ceil(unmoved_s)))
        span = max(self._now() - self._released[0][0], 0.1)
        rate = self._released_crops / span
        return max(1, min(LONGEST_WAIT_S, math.ceil(self.in_use / rate)))

    def _forget(self) -> None:
        oldest = self._now() - _RATE_WINDOW_S
        while self._released and self._released[0][0] < oldest:
            self._released_crops -= self._released.popleft()[1]
