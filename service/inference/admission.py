"""Who may come in: permits counted in crops, and in bytes of uploads."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import NoReturn

from service.errors import OverloadedError

_RATE_WINDOW_S = 10.0
LONGEST_WAIT_S = 60
"""The most that a client is told to wait."""
_KEPT = 4
"""One part in so many is kept for each kind of request."""


class Kind(Enum):
    """Of a request. What has not yet arrived counts as a picture."""

    PICTURE, CLIP = "picture", "clip"


class Permit:
    """The right to have a number of crops in the service."""

    def __init__(self, admission: "Admission") -> None:
        self._admission = admission
        self.kind = Kind.PICTURE
        self.crops = self.most = 0

    def grow(self, crops: int, kind: Kind) -> None:
        """Ask for the number the upload will need; raises OverloadedError without room.

        The kind is kept until it settles, however few crops a clip needs, and after that by all
        but a clip of one crop.
        """
        if crops > self.crops or kind is not self.kind:
            self._admission.reserve(crops, kind, self)
            self.crops, self.kind = crops, kind
            self.most = max(self.most, crops)

    def rest(self) -> None:
        """Give the room back, to be asked for anew."""
        self._change(0)

    def settle(self, crops: int) -> None:
        """Correct the number to what was found. Never refuses: the work is half done."""
        self._change(max(1, crops))
        self.most = max(self.most, self.crops)
        if self.crops == 1:
            # It no longer waits where clips wait. And the place that it leaves must be one that
            # a clip can arrive at, however many pictures come.
            self._admission.change(self.kind, -1)
            self.kind = Kind.PICTURE
            self._admission.change(self.kind, 1)

    def _change(self, crops: int) -> None:
        self._admission.change(self.kind, crops - self.crops)
        self.crops = crops


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
    capacity in crops a quarter is kept for pictures and a quarter for clips. What a kind asks for
    up to its quarter is let in whatever the other has settled at, as how many faces a request
    shows is known only when it is inside. So more than the capacity may be in. But none is let in
    beyond three quarters for its kind, unless alone, and to settle multiplies that by no more than
    the faces kept of a frame. What has not yet arrived is let in as a picture is.

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
        self._used = dict.fromkeys(Kind, 0)
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
        permit, refused = Permit(self), False
        permit.grow(1, Kind.PICTURE)
        try:
            yield permit
        except OverloadedError:
            refused = True
            raise
        finally:
            self.change(permit.kind, -permit.crops)
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
        if not self._fits(1, Kind.PICTURE, self._used):
            self._refuse("capacity")

    def reserve(self, crops: int, kind: Kind, permit: Permit) -> None:
        """Take room for crops instead of what a permit holds, or raise OverloadedError."""
        beside = self._used.copy()
        beside[permit.kind] -= permit.crops
        if not self._fits(crops, kind, beside):
            self._refuse("capacity")
        if not self.in_use:
            self._unmoved_since = self._now()
        self._used = beside
        self.change(kind, crops)

    def _fits(self, crops: int, kind: Kind, beside: Mapping[Kind, int]) -> bool:
        """Whether there is room beside what is in.

        A request that alone exceeds the capacity is let in when it has the house to itself. Where
        no clip is in, one of up to half of the capacity is let in all the same.
        """
        total, own, quarter = sum(beside.values()), beside[kind], self._capacity // _KEPT
        kept_for_the_other = max(0, quarter - (total - own))
        alone, owed = total == 0, own + crops <= quarter
        first = kind is Kind.CLIP and own == 0 and crops <= self._capacity // 2
        return alone or owed or first or total + crops + kept_for_the_other <= self._capacity

    def change(self, kind: Kind, crops: int) -> None:
        """Have so many crops more, or fewer, whether or not there is room."""
        self._used[kind] += crops

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
