"""An HTTP load generator in a process of its own, over raw sockets: cheap, bounded, loopback only.

Run as a module it reads one `Load` as JSON from standard input and writes its answers as JSON.
"""

import asyncio
import base64
import contextlib
import itertools
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

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


class _Connection:
    def __init__(self, load: Load) -> None:
        self._load = load
        body = base64.b64decode(load.body)
        headers = {"Host": "127.0.0.1", "Content-Length": str(len(body)), **load.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._request = f"POST {load.path} HTTP/1.1\r\n{lines}\r\n".encode("ascii") + body
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self) -> tuple[int, str | None]:
        try:
            async with asyncio.timeout(self._load.timeout_s):
                return await self._exchange()
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            self.close()
            return FAILED, None

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self) -> tuple[int, str | None]:
        # Servers close connections that were idle for a while.
        if self._streams is not None and self._streams[0].at_eof():
            self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._load.port)
        reader, writer = self._streams
        writer.write(self._request)
        # A server may refuse before it has read everything: its answer still counts.
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:])}
        if headers.get("transfer-encoding") == "chunked":
            await _drain_chunks(reader)
        else:
            await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            self.close()
        return int(head[0].split()[1]), headers.get("retry-after")


async def _drain_chunks(reader: asyncio.StreamReader) -> None:
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
    await reader.readline()


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
    answers, start = asyncio.run(generate(load))
    raw = {
        "answers": [[a.status, a.begun, a.seconds, a.retry_after] for a in answers],
        "started": start,
        "seconds": time.perf_counter() - start,
        "cpu_s": time.process_time(),
    }
    print(json.dumps(raw))


if __name__ == "__main__":
    main()
