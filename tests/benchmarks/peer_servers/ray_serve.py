"""Ray Serve with one replica a core."""

import os
import sys
import time
from pathlib import Path

import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

from service.runtime import usable_cpus
from tests.benchmarks.stages import Stages


class Judge:
    """All stages in a replica."""

    def __init__(self, model: str) -> None:
        self._stages = Stages(Path(model), threads=1)

    async def __call__(self, request: Request) -> Response:
        """The report on one picture, sent as the raw body."""
        # A replica is the unit of parallelism: what else it could do meanwhile is wait.
        report = self._stages.analyze(await request.body())
        return Response(report, media_type="application/json")


def main() -> None:
    """Serve until killed."""
    cores = usable_cpus()
    # Only this machine can reach it; its tokens would leave a file in the user's home.
    os.environ["RAY_AUTH_MODE"] = "disabled"
    ray.init(
        address="local",
        num_cpus=cores + 1,
        include_dashboard=False,
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
    )
    serve.start(http_options={"port": int(sys.argv[1]), "host": "127.0.0.1"})
    deployment = serve.deployment(num_replicas=cores, max_ongoing_requests=2)(Judge)
    serve.run(deployment.bind(sys.argv[2]), route_prefix="/analyze")
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
