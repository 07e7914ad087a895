"""Any application behind the service's own kind of connections."""

import contextlib
import threading
import time
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from service.api.connection import connections


@contextlib.contextmanager
def serving(app: ASGIApp, head_s: float, endings: list[str]) -> Iterator[int]:
    """A server of an application; gives its port."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            port=0,
            http=connections(head_s, endings.append, lambda: server.should_exit),
            lifespan="off",
            log_level="critical",
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "somebody is still being answered"
