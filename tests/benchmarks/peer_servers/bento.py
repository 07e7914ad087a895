"""BentoML with one worker process a core."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import bentoml
from bentoml.validators import ContentType

from service.runtime import usable_cpus
from tests.benchmarks.stages import Stages

_MODEL = "BENCHMARK_MODEL"


@bentoml.service(workers=usable_cpus(), traffic={"timeout": 60})
class Judge:
    """All stages in a worker."""

    def __init__(self) -> None:
        self._stages = Stages(Path(os.environ[_MODEL]), threads=1)

    @bentoml.api(route="/analyze")  # type: ignore[untyped-decorator, unused-ignore]
    def analyze(
        self, picture: Annotated[Path, ContentType("image/jpeg")], /
    ) -> Annotated[str, ContentType("application/json")]:
        """The report on one picture, sent as the raw body."""
        return self._stages.analyze(picture.read_bytes()).decode()


def main() -> None:
    """Serve until killed."""
    words = ["serve", f"{__spec__.name}:Judge", "--port", sys.argv[1], "--host", "127.0.0.1"]
    environment = {**os.environ, _MODEL: sys.argv[2], "BENTOML_DO_NOT_TRACK": "true"}
    sys.exit(subprocess.call([sys.executable, "-m", "bentoml", *words], env=environment))


if __name__ == "__main__":
    main()
