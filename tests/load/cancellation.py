"""Clients that go away in the middle, a thousand of them."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import materials
from tests.benchmarks.client import picture_load, run_load
from tests.load.metrics import settles_at_zero, total
from tests.load.verdict import Check
from tests.service.running import Running, running_server


def trial(model: Path, *, requests: int = 1000, at_once: int = 48) -> Iterator[Check]:
    """Begin requests and hang up, at every stage from half an upload to a nearly ready answer."""
    # A quarter is kept for clips.
    with running_server(model, INFERENCE__CAPACITY_CROPS=str(at_once * 4 // 3)) as server:
        asyncio.run(_storm(server, requests, at_once))
        left = settles_at_zero(server, "unmask_in_flight_requests", within_s=60.0)
        queued = settles_at_zero(server, "unmask_queue_crops", within_s=10.0)
        gone = total(server, "unmask_requests_total")
        yield Check(
            "no request is left in flight",
            left == 0 and queued == 0,
            f"{left:g} in flight and {queued:g} crops queued after {requests} cancelled "
            f"requests, of which {gone:g} had reached the handler",
        )
        # As many at once as there are permits: a single one lost shows as a refusal.
        load = picture_load(
            server.port,
            materials.jpeg(),
            connections=at_once,
            seconds=120.0,
            requests=2 * at_once,
        )
        after = run_load(load)
        yield Check(
            "no permit is lost",
            after.statuses[200] == len(after.answers),
            f"afterwards {after.statuses[200]} of {len(after.answers)} requests were answered "
            f"200, {at_once} at once with {at_once} permits",
        )


async def _storm(server: Running, requests: int, at_once: int) -> None:
    body = materials.jpeg()
    head = (
        "POST /analyze HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    gate = asyncio.Semaphore(at_once)
    chance = random.Random(0)

    async def one(number: int) -> None:
        async with gate:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            # Every fourth hangs up before its upload is complete.
            writer.write(head + (body[: len(body) // 2] if number % 4 == 0 else body))
            await asyncio.sleep(chance.uniform(0.0, 0.25))
            writer.transport.abort()

    await asyncio.gather(*(one(number) for number in range(requests)))
