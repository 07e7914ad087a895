"""What a client waits for before it sends a body (`Expect: 100-continue`, RFC 9110, 10.1.1)."""

from uvicorn._types import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


def closing_unless_invited(cycle: RequestResponseCycle, app: ASGI3Application) -> ASGI3Application:
    """An application whose answer closes the connection where the client was not told to send its
    body, and has not sent all of it.

    WHY: whoever was answered instead may leave the body out. uvicorn goes on waiting for it, and
    would take for it the next request on the connection.
    """
    if not cycle.waiting_for_100_continue:
        return app

    async def closing(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        async def answer(message: ASGISendEvent) -> None:
            if cycle.waiting_for_100_continue and cycle.more_body:
                cycle.keep_alive = False
            await send(message)

        await app(scope, receive, answer)

    return closing
