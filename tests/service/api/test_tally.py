"""What comes in floods is told of once a second, and only where there was something."""

import asyncio

from service.api.tally import Tally


def test_those_of_a_second_are_told_together() -> None:
    told: list[int] = []

    async def flood() -> None:
        tally = Tally(told.append)
        for count in (3, 2):
            for _ in range(count):
                tally.add()
            await asyncio.sleep(1.1)

    asyncio.run(flood())
    assert told == [3, 2]


def test_what_is_left_is_told_at_the_end_and_nothing_of_nothing() -> None:
    told: list[int] = []

    async def end() -> None:
        tally = Tally(told.append)
        tally.flush()
        tally.add()
        tally.flush()
        tally.flush()
        await asyncio.sleep(1.1)

    asyncio.run(end())
    assert told == [1]
