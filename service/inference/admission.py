"""Who may come in: permits counted in crops, and in bytes of uploads."""

import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import NoReturn

from service.errors import OverloadedError

_RATE_WINDOW_S = 10.0
LONGEST_WAIT_S = 60
"""The most that a client is told to wait."""
_KEPT = 4
"""One part in so many is kept for each kind of request."""


class _Kind(Enum):
    ONE, MANY = "one crop", "several"


def _kind(crops: int) -> _Kind:
    return _Kind.MANY if crops > 1 else _Kind.ONE


class Permit:
    """The right to have a number of crops in the service."""

    def __init__(self, admission: "Admission", crops: int) -> None:
        self._admission = admission
        self.crops = self.most = crops

    def grow(self, crops: int) -> None:
        """Ask for the number the upload will need; raises OverloadedError without room."""
        if crops > self.crops:
            self._admission.reserve(crops, held=self.crops)
            self.crops = self.most = crops

    def rest(self) -> None:
        """Give the room back, to be asked for anew."""
        self._admission.change(self.crops, 0)
        self.crops = 0

    def settle(self, crops: int) -> None:
        """Correct the number to what was found. Never refuses: the work is half done."""
        crops = max(1, crops)
        self._admission.change(self.crops, crops)
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

    Pictures take any room for one crop as soon as it is there, and clips come in dozens: of the
    capacity in crops a quarter is kept for those with one crop, and a quarter for those with more.

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
        self.bytes_in_use = 0
        self._used = {_Kind.ONE: 0, _Kind.MANY: 0}
        self._capacity, self._capacity_bytes = capacity, capacity_bytes
        self._now = now
        self._on_refusal = on_refusal
        self._released: deque[tuple[float, int]] = deque()
        self._released_crops = 0
        self._unmoved_since = now()

    @property
    def in_use(self) -> int:
        """How many crops are in the service, or may turn up."""
        return sum(self._used.values())

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
            self.change(permit.crops, 0)
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
        self.change(1, 0)

    def reserve(self, crops: int, held: int = 0) -> None:
        """Take room for crops, of which `held` are there already, or raise OverloadedError.

        A request that alone exceeds the capacity is let in when it has the house to itself. Where
        none of several crops is in, one of up to half of the capacity is let in all the same.
        """
        kind, used = _kind(crops), self._used.copy()
        used[_kind(held)] -= held
        beside = sum(used.values())
        of_the_other = beside - used[kind]
        kept = max(0, self._capacity // _KEPT - of_the_other)
        first = kind is _Kind.MANY and not used[kind] and crops <= self._capacity // 2
        if beside and beside + crops + kept > self._capacity and not first:
            self._refuse("capacity")
        if not self.in_use:
            self._unmoved_since = self._now()
        self.change(held, crops)

    def change(self, held: int, crops: int) -> None:
        """Have one request hold another number of crops, whether or not there is room."""
        self._used[_kind(held)] -= held
        self._used[_kind(crops)] += crops

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
