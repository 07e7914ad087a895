"""uvicorn, with a shutdown that load balancers can see."""

import asyncio
import contextlib
import logging
import math
import signal
import socket
import time
from collections.abc import Iterator
from types import FrameType

import uvicorn

from service.api.connection import connections
from service.api.desk import Desk
from service.api.endings import Endings
from service.app import create_app
from service.devices import Equipment
from service.listening import (
    heard,
    in_words,
    sockets_of,
    take_no_more,
    takes_every_address,
    waiting,
)
from service.memory import spare_the_collector
from service.priority import share_the_interpreter
from service.settings import Settings
from service.startup import raise_descriptor_limit
from service.stopwatch import STOOD_STILL_S

_log = logging.getLogger(__name__)
_TICKS_A_SECOND = 10
_LOOK_S = 0.01
_ACCEPTING_S = 2.0
"""For so long at most those are accepted who wait for it when a shutdown begins."""

_DESPAIR_S = 10.0
"""For so long there must have been no hope, watched all the time."""


class DrainingServer(uvicorn.Server):
    """Turns readiness to 503 first, keeps accepting for a moment, drains, then exits with 0.

    A second signal drains at once; a SIGINT while it drains does not wait for anything.
    """

    def __init__(self, config: uvicorn.Config, desk: Desk, unready_s: float) -> None:
        super().__init__(config)
        self._desk = desk
        self._unready_s = unready_s
        self.deaf = False
        """Whether there is an address at which it should listen and does not."""
        self.hopeless = False
        """Whether it left because only another process can do its work."""
        self._problem: str | None = None
        self._despair_s = self._watched_s = -math.inf

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the stages, then serve, or leave where an address went to another process."""
        addresses = {found: in_words(*found.getsockname()[:2]) for found in sockets or []}
        await super().startup(sockets)
        for found, address in addresses.items():
            # uvloop does not say where listening failed.
            if heard(found):
                _log.info("listening on %s", address)
                continue
            _log.error("nothing can listen on %s: another process was quicker", address)
            self.deaf = True
            self._desk.draining = True
            asyncio.get_running_loop().call_soon(self._leave)
        spare_the_collector()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take uvicorn's signals, and the end of a terminal, unless `nohup` has that ignored."""
        before = signal.getsignal(signal.SIGHUP)
        if before is signal.SIG_DFL:
            signal.signal(signal.SIGHUP, self.handle_exit)
        try:
            with super().capture_signals():
                yield
        finally:
            signal.signal(signal.SIGHUP, before)
            if self.force_exit:
                # Python's own would act on a further one while the application still closes.
                signal.signal(signal.SIGINT, signal.SIG_IGN)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the shutdown. uvicorn's own method would raise the signal again at the end,
        which would turn an orderly exit into a death by signal."""
        if not self._desk.draining:
            self._desk.draining = True
            loop = asyncio.get_running_loop()
            loop.call_soon_threadsafe(loop.call_later, self._unready_s, self._leave)
        elif self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        else:
            self._leave()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept whoever waits for it, then drain.

        WHY: when a socket ends that listens, the kernel resets those whom it has not accepted yet,
        and they may have sent whole requests. uvloop accepts one a turn of its loop.
        """
        found = sockets or [each for server in self.servers for each in server.sockets]
        listeners = [each for each in found if heard(each)]
        for each in listeners:
            with contextlib.suppress(OSError):  # whatever it is, the work inside comes first
                take_no_more(each)
        end = time.monotonic() + _ACCEPTING_S
        # The kernel has no event for a queue that is empty.
        while any(map(waiting, listeners)) and time.monotonic() < end:
            if self.force_exit:
                break
            await asyncio.sleep(_LOOK_S)
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Watch over readiness, once a second."""
        if counter % _TICKS_A_SECOND == 0:
            self._watch()
        return await super().on_tick(counter)

    def _watch(self) -> None:
        problem = self._desk.problem()
        if problem != self._problem and not self._desk.draining:
            if problem is None:
                _log.info("ready again")
            else:
                _log.warning("not ready: %s", problem)
        self._problem = problem
        pipeline = self._desk.pipeline
        reason = None if pipeline is None else pipeline.hopeless()
        now = time.monotonic()
        # Where this process stood still, as in a paused container, all looks hung for a while.
        if reason is None or now - self._watched_s > STOOD_STILL_S:
            self._despair_s = now
        elif now - self._despair_s >= _DESPAIR_S and not self.hopeless:
            _log.critical("another process must do the work: %s", reason)
            self.hopeless = self._desk.draining = True
            self._leave()
        self._watched_s = now

    def _leave(self) -> None:
        self.should_exit = True


def serve(settings: Settings, equipment: Equipment | None = None) -> int:
    """Serve until a signal comes, or nothing can be done any more; the exit code.

    equipment: see `open_pipeline`.
    """
    share_the_interpreter()
    raise_descriptor_limit()
    app = create_app(settings, equipment)
    desk: Desk = app.state.desk
    endings = Endings(desk.telemetry.connection_ended)
    config = uvicorn.Config(
        app,
        http=connections(settings.server.deadline_s, endings, lambda: desk.draining),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=settings.server.keep_alive_s,
        timeout_graceful_shutdown=int(settings.server.drain_s),
    )
    server = DrainingServer(config, desk, settings.server.unready_s)
    server.run(None if takes_every_address(settings) else sockets_of(settings))
    endings.flush()
    if server.hopeless:
        return 4
    return 0 if server.started and not server.deaf else 3
