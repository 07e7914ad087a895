"""The queue is fair, forgets the dead, and keeps batches within their limit."""

import asyncio

import numpy as np
import pytest

from service.errors import DeadlineExceededError
from service.inference.batcher import BatchQueue, Entry

CROP = np.zeros((2, 2, 3), np.uint8)


def entry(lane: object, deadline: float = 1e12) -> Entry:
    return Entry(CROP, lane, asyncio.get_running_loop().create_future(), deadline)


def test_a_picture_does_not_wait_behind_a_clip() -> None:
    async def scenario() -> None:
        queue = BatchQueue()
        for _ in range(100):
            queue.put(entry("clip"))
        queue.put(entry("picture"))
        batch = await queue.take(4)
        assert [each.lane for each in batch] == ["clip", "picture", "clip", "clip"]

    asyncio.run(scenario())


def test_a_batch_never_exceeds_its_limit_and_nothing_is_lost() -> None:
    async def scenario() -> None:
        queue = BatchQueue()
        for number in range(10):
            queue.put(entry(number))
        sizes = [len(await queue.take(4)) for _ in range(3)]
        assert sizes == [4, 4, 2]
        assert len(queue) == 0

    asyncio.run(scenario())


def test_cancelled_and_expired_entries_never_reach_a_device() -> None:
    async def scenario() -> None:
        queue = BatchQueue()
        cancelled, expired, live = entry(1), entry(2, deadline=0.0), entry(3)
        for each in (cancelled, expired, live):
            queue.put(each)
        cancelled.future.cancel()
        assert await queue.take(8) == [live]
        with pytest.raises(DeadlineExceededError):
            await expired.future

    asyncio.run(scenario())


def test_a_returned_entry_is_dealt_next() -> None:
    async def scenario() -> None:
        queue = BatchQueue()
        first, second = entry("a"), entry("b")
        queue.put(first)
        queue.put(second)
        (taken,) = await queue.take(1)
        queue.put_back(taken)
        assert await queue.take(1) == [first]

    asyncio.run(scenario())


def test_a_cancelled_taker_takes_nothing_with_it() -> None:
    async def scenario() -> None:
        queue = BatchQueue(linger_s=5.0)
        taker = asyncio.create_task(queue.take(4))
        waiting = entry("a")
        queue.put(waiting)
        await asyncio.sleep(0.01)
        taker.cancel()
        await asyncio.gather(taker, return_exceptions=True)
        assert len(queue) == 1

    asyncio.run(scenario())


def test_lingering_fills_a_batch() -> None:
    async def scenario() -> None:
        queue = BatchQueue(linger_s=0.2)
        taker = asyncio.create_task(queue.take(4))
        for number in range(3):
            queue.put(entry(number))
            await asyncio.sleep(0.02)
        assert len(await taker) == 3

    asyncio.run(scenario())


def test_what_a_session_died_of_is_dealt_alone() -> None:
    async def scenario() -> None:
        queue = BatchQueue()
        entries = [entry(lane) for lane in "abcd"]
        for each in entries:
            queue.put(each)
        await queue.take(2)
        for each in entries[1::-1]:
            each.attempts = 1
            queue.put_back(each)
        assert [await queue.take(4) for _ in range(3)] == [entries[:1], entries[1:2], entries[2:]]
        assert len(queue) == 0
        first, suspect, last = entry("a"), entry("b"), entry("c")
        suspect.attempts = 1
        for each in (first, suspect, last):
            queue.put(each)
        assert [await queue.take(4) for _ in range(3)] == [[first], [suspect], [last]]

    asyncio.run(scenario())


def test_a_full_batch_does_not_linger() -> None:
    async def scenario() -> None:
        queue = BatchQueue(linger_s=5.0)
        for number in range(4):
            queue.put(entry(number))
        async with asyncio.timeout(1.0):
            assert len(await queue.take(4)) == 4

    asyncio.run(scenario())
