"""An HTTP load generator in a process of its own, over raw sockets: cheap, bounded, loopback only.

Run as a module it reads one `Load` as JSON from standard input and writes its answers as JSON.
"""

import asyncio
import base64
import itertools
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import httptools
import numpy as np
import uvloop

ROOT = Path(__file__).parents[2]
FAILED = 0
"""Status of a request that got no answer."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent, and how much of it.

    body: base64 of the bytes of every request.
    connections: requests under way at once at most, each on a connection that is kept.
    seconds: when the last request is begun; requests: how many are begun at most.
    per_second: None sends the next when one is answered; a number keeps that rate whatever
        the server does, as the world does.
    """

    port: int
    path: str
    body: str
    headers: dict[str, str]
    connections: int = 8
    seconds: float = 5.0
    requests: int = 100_000
    per_second: float | None = None
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One request. begun, seconds: since the start of the load, and until the last byte."""

    status: int
    begun: float
    seconds: float
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """All answers of a load.

    started: time.perf_counter() at its start, which on Linux all processes share.
    cpu_s: processor time the client itself has taken.
    """

    answers: Sequence[Answer]
    started: float
    seconds: float
    cpu_s: float
    statuses: Counter[int] = field(default_factory=Counter)

    def latencies_ms(self, status: int = 200) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Latencies of the answers with a status, in milliseconds."""
        return np.array([1000 * a.seconds for a in self.answers if a.status == status])

    def rate(self, status: int = 200) -> float:
        """Answers with a status per second."""
        return self.statuses[status] / self.seconds

    def percentile_ms(self, share: float) -> float:
        """A percentile (0 to 100) of the latencies of good answers; NaN without any."""
        latencies = self.latencies_ms()
        return float(np.percentile(latencies, share)) if len(latencies) else float("nan")


def picture_load(port: int, picture: bytes, path: str = "/analyze", **how: Any) -> Load:
    """Post a JPEG as the raw body."""
    body = base64.b64encode(picture).decode("ascii")
    return Load(port, path, body, {"Content-Type": "image/jpeg"}, **how)


def start_load(load: Load) -> subprocess.Popen[str]:
    """Begin a load in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.client"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(load)))
    process.stdin.close()
    return process


def finish_load(process: subprocess.Popen[str]) -> Outcome:
    """Wait for a load and give its answers."""
    assert process.stdout is not None
    text = process.stdout.read()
    if process.wait() != 0:
        raise RuntimeError("the load generator failed")
    raw = json.loads(text)
    answers = [Answer(*row) for row in raw["answers"]]
    statuses = Counter(answer.status for answer in answers)
    return Outcome(answers, raw["started"], raw["seconds"], raw["cpu_s"], statuses)


def run_load(load: Load) -> Outcome:
    """Run a load to its end."""
    return finish_load(start_load(load))


class _Connection(asyncio.Protocol):
    """One connection, opened when it is needed; one request at a time.

    The parser calls what is named `on_` (httptools). Streams would cost twice as much: what the
    client takes of the cores, the server lacks.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        body = base64.b64decode(load.body)
        headers = {"Host": "127.0.0.1", "Content-Length": str(len(body)), **load.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._request = f"POST {load.path} HTTP/1.1\r\n{lines}\r\n".encode("ascii") + body
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[int] | None = None
        self._retry_after: str | None = None
        self._parser = httptools.HttpResponseParser(self)

    async def send(self) -> tuple[int, str | None]:
        """Status and Retry-After of the answer to one request."""
        try:
            async with asyncio.timeout(self._load.timeout_s):
                return await self._exchange()
        except (OSError, TimeoutError, httptools.HttpParserError):
            self.close()
            return FAILED, None

    def close(self) -> None:
        if self._transport is not None:
            # At once: what is left of a connection must not be heard by the next.
            self._transport.abort()
            self._transport = None

    async def _exchange(self) -> tuple[int, str | None]:
        loop = asyncio.get_running_loop()
        # Servers close connections that were idle for a while.
        if self._transport is None or self._transport.is_closing():
            await loop.create_connection(lambda: self, "127.0.0.1", self._load.port)
        if self._transport is None:  # lost as soon as it was made
            raise ConnectionResetError
        self._parser = httptools.HttpResponseParser(self)
        self._retry_after = None
        self._answered = loop.create_future()
        self._transport.write(self._request)
        return await self._answered, self._retry_after

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        # What is lost may be an earlier connection, of which the present one must not hear.
        if self._transport is None or self._transport.is_closing():
            self._transport = None
            self._fail(exc or ConnectionResetError())

    def _fail(self, error: Exception) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"retry-after":
            self._retry_after = value.decode("latin-1")

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self.close()
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(self._parser.get_status_code())


async def generate(load: Load) -> tuple[list[Answer], float]:
    """Run a load in this process; its answers and time.perf_counter() at its start."""
    start = time.perf_counter()
    numbers = itertools.count()
    answers: list[Answer] = []

    async def one(connection: _Connection) -> None:
        begun = time.perf_counter()
        status, retry_after = await connection.send()
        ended = time.perf_counter()
        answers.append(Answer(status, begun - start, ended - begun, retry_after))

    async def worker() -> None:
        connection = _Connection(load)
        while (number := next(numbers)) < load.requests:
            if load.per_second is not None:
                due = number / load.per_second
                # The loop's timers are exact to a millisecond, before as well as after.
                if due >= load.seconds:
                    break
                await asyncio.sleep(max(0.0, start + due - time.perf_counter()))
            if time.perf_counter() - start >= load.seconds:
                break
            await one(connection)
        connection.close()

    await asyncio.gather(*(worker() for _ in range(load.connections)))
    return answers, start


def main() -> None:
    """Run the load that standard input describes."""
    load = Load(**json.load(sys.stdin))
    answers, start = uvloop.run(generate(load))
    raw = {
        "answers": [[a.status, a.begun, a.seconds, a.retry_after] for a in answers],
        "started": start,
        "seconds": time.perf_counter() - start,
        "cpu_s": time.process_time(),
    }
    print(json.dumps(raw))


if __name__ == "__main__":
    main()
