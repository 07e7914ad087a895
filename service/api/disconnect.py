"""Work that ends when its client goes away."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar, cast

from fastapi import Request
from starlette.requests import ClientDisconnect

T = TypeVar("T")


async def while_connected(request: Request, work: Awaitable[T]) -> T:
    """Await work, but cancel it and raise ClientDisconnect when the client goes away first.

    The request's body must have been read. Work is done in the caller's task: one of its own
    would cost every request what a client's leaving costs few.
    """
    caller = cast("asyncio.Task[Any]", asyncio.current_task())
    gone = False

    async def watch() -> None:
        nonlocal gone
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone = True
        caller.cancel()

    others = caller.cancelling()
    watching = asyncio.create_task(watch())
    try:
        return await work
    except asyncio.CancelledError:
        # As in asyncio.timeout: whoever else cancels the caller must be heard.
        if gone and caller.uncancel() <= others:
            raise ClientDisconnect from None
        raise
    finally:
        watching.cancel()
