"""LitServe with one worker process a core and its own batching.

It takes JSON, so the picture travels as base64, as in its documentation.
"""

import base64
import sys
from pathlib import Path
from typing import Any

import litserve

from service.faces.extraction import Extraction
from service.inference.evidence import Evidence
from service.runtime import usable_cpus
from tests.benchmarks.stages import Stages

_BATCH = 4
_LINGER_S = 0.005
"""With its default of 0 the workers spin: a whole core while nothing arrives."""


class Judge(litserve.LitAPI):  # type: ignore[misc, unused-ignore]
    """Decodes a request, judges a batch, encodes an answer."""

    def setup(self, device: str) -> None:
        """Open the model once in each worker."""
        self.stages = Stages(Path(sys.argv[2]), threads=1)

    def decode_request(self, request: dict[str, str]) -> Extraction:
        """One request to its crops."""
        return self.stages.extract(base64.b64decode(request["picture"]))

    def batch(self, inputs: list[Extraction]) -> list[Extraction]:
        """Requests have different numbers of faces: they stay a list."""
        return list(inputs)

    def unbatch(self, output: list[Any]) -> list[Any]:
        """One answer for each request."""
        return output

    def predict(self, inputs: list[Extraction]) -> list[tuple[Extraction, list[Evidence]]]:
        """Judge the crops of all requests together."""
        pixels = [crop.pixels for extraction in inputs for crop in extraction.crops]
        most = self.stages.session.largest_batch
        judged: list[Evidence] = []
        for start in range(0, len(pixels), most):
            judged += self.stages.session.run(pixels[start : start + most])
        evidence = iter(judged)
        return [(each, [next(evidence) for _ in each.crops]) for each in inputs]

    def encode_response(self, output: tuple[Extraction, list[Evidence]]) -> dict[str, str]:
        """The report."""
        return {"report": self.stages.report(*output).decode()}


def main() -> None:
    """Serve until killed."""
    server = litserve.LitServer(
        Judge(max_batch_size=_BATCH, batch_timeout=_LINGER_S, api_path="/analyze"),
        accelerator="cpu",
        workers_per_device=usable_cpus(),
        timeout=60,
    )
    server.run(port=int(sys.argv[1]), log_level="warning", generate_client_file=False)


if __name__ == "__main__":
    main()
