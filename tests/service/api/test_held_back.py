"""What a refusal that is held back holds itself, and until when."""

import asyncio
import time
import weakref

import pytest
from fastapi import FastAPI

from service.api.pace import Pace
from service.api.problems import install_problem_handlers
from service.errors import OverloadedError
from tests.service.api.test_gate import FLOOD, LEAST_S, refused_for_s


class Upload(bytearray):
    """An upload that can be watched."""


def test_it_keeps_nothing_of_its_upload() -> None:
    app = FastAPI()
    install_problem_handlers(app, Pace(time.monotonic))
    kept: list[weakref.ref[Upload]] = []
    everybody = asyncio.Event()

    @app.post("/analyze")
    async def full() -> None:
        upload = Upload(10)
        kept.append(weakref.ref(upload))
        if len(kept) == FLOOD:
            everybody.set()
        raise OverloadedError("There is no room.", retry_after_s=1)

    async def scenario() -> None:
        flood = asyncio.create_task(refused_for_s(app))
        await everybody.wait()
        await asyncio.sleep(LEAST_S / 4)
        assert not flood.done(), "they are held back"
        assert [each() for each in kept] == [None] * FLOOD
        await flood

    asyncio.run(scenario())


@pytest.mark.parametrize("ending", [True, False])
def test_it_is_sent_at_once_where_a_drain_runs_out(*, ending: bool) -> None:
    """uvicorn cancels what is left then, and would answer with 500."""

    async def scenario() -> None:
        pace = Pace(lambda: 0.0, lambda: ending)
        for _ in range(200):
            pace.wait_s()
        held = asyncio.create_task(pace.hold_back())
        await asyncio.sleep(0)
        held.cancel()
        await held

    if ending:
        asyncio.run(asyncio.wait_for(scenario(), 1.0))
    else:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(scenario())
