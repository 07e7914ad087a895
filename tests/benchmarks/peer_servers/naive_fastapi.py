"""FastAPI as most tutorials have it: the whole work in a handler of the thread pool.

A third argument gives the number of worker processes; one thread each when there are several.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import Body, FastAPI, Response

from service.runtime import usable_cpus
from tests.benchmarks.stages import Stages

_MODEL, _THREADS = "BENCHMARK_MODEL", "BENCHMARK_THREADS"


def create() -> FastAPI:
    """The app of one worker process."""
    loaded: list[Stages] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        loaded.append(Stages(Path(os.environ[_MODEL]), int(os.environ[_THREADS])))
        yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/analyze")
    def analyze(data: Annotated[bytes, Body(media_type="image/jpeg")]) -> Response:
        return Response(loaded[0].analyze(data), media_type="application/json")

    return app


def main() -> None:
    """Serve until killed."""
    port, model, workers = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    os.environ[_MODEL] = model
    os.environ[_THREADS] = str(usable_cpus() if workers == 1 else 1)
    uvicorn.run(
        "tests.benchmarks.peer_servers.naive_fastapi:create",
        factory=True,
        port=port,
        workers=workers,
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
