"""Nobody is told anything: ONNX Runtime's reports to its maker are off wherever it is loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.media.isolation import environment

RUN = "from service.faces.libfacedetection import LibFaceDetector; LibFaceDetector()"


@pytest.mark.parametrize(
    "program",
    [
        f"{RUN}",
        f"import model_export.export; {RUN}",
        f"import tests.benchmarks.results; {RUN}",
    ],
)
@pytest.mark.parametrize("worker", [False, True])
def test_no_report_is_begun(program: str, worker: bool, tmp_path: Path) -> None:
    """What it has to report it keeps in the home directory until it is sent."""
    given = environment() if worker else dict(os.environ)
    # It holds its tongue in test environments: what runs elsewhere is what matters.
    kept = {k: v for k, v in given.items() if k not in ("CI", "ORT_DISABLE_TELEMETRY")}
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], env={**kept, **home}, check=True, timeout=60)
    assert not any("microsoft" in str(found).lower() for found in tmp_path.rglob("*"))
