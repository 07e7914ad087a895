"""Work ends with its client, and with nothing else."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Message

from service.api.disconnect import while_connected


def request_of(receive: Callable[[], Awaitable[Message]]) -> Request:
    return Request({"type": "http"}, receive)


async def stays() -> Message:
    await asyncio.sleep(60)
    return {"type": "http.disconnect"}


async def leaves() -> Message:
    await asyncio.sleep(0.01)
    return {"type": "http.disconnect"}


async def work(ended: list[str]) -> str:
    try:
        await asyncio.sleep(0.1)
    finally:
        ended.append("ended")
    return "report"


def test_work_whose_client_stays_gives_its_result() -> None:
    assert asyncio.run(while_connected(request_of(stays), work([]))) == "report"


def test_a_client_that_leaves_ends_the_work_and_not_the_caller() -> None:
    ended: list[str] = []

    async def caller() -> str:
        with pytest.raises(ClientDisconnect):
            await while_connected(request_of(leaves), work(ended))
        await asyncio.sleep(0)
        return "goes on"

    assert asyncio.run(caller()) == "goes on"
    assert ended == ["ended"]


def test_whoever_else_cancels_the_caller_is_heard() -> None:
    async def cancelled(receive: Callable[[], Awaitable[Message]], after_s: float) -> list[str]:
        ended: list[str] = []
        task = asyncio.create_task(while_connected(request_of(receive), work(ended)))
        await asyncio.sleep(after_s)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return ended

    assert asyncio.run(cancelled(stays, 0.01)) == ["ended"]


def test_cancelled_in_the_moment_in_which_the_client_leaves_the_caller_is_cancelled() -> None:
    async def both() -> None:
        left = asyncio.Event()

        async def receive() -> Message:
            await left.wait()
            return {"type": "http.disconnect"}

        task = asyncio.create_task(while_connected(request_of(receive), work([])))
        await asyncio.sleep(0.01)
        left.set()
        await asyncio.sleep(0)  # the watcher has cancelled the work, which has not ended yet
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(both())


def test_a_client_that_leaves_after_the_end_changes_nothing() -> None:
    async def caller() -> str:
        report = await while_connected(request_of(leaves), asyncio.sleep(0.0, "report"))
        await asyncio.sleep(0.05)
        return report

    assert asyncio.run(caller()) == "report"
