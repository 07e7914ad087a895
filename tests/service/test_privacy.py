"""Nobody is told anything: ONNX Runtime's reports to its maker are off wherever it is loaded.

Nor does what the environment says of OpenTelemetry, over which FastAPI reports, reach the service.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.media.isolation import environment
from tests.service.running import running_server

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


def test_what_is_said_of_open_telemetry_neither_ends_nor_reports_anything(
    model_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a cluster sets it for all that runs there, the parts that it names installed or not."""
    named = {
        "OTEL_PROPAGATORS": "b3",
        "OTEL_PYTHON_CONTEXT": "none_such",
        "OTEL_PYTHON_TRACER_PROVIDER": "sdk_tracer_provider",
        "OTEL_PYTHON_METER_PROVIDER": "sdk_meter_provider",
        "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
    }
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    log = tmp_path / "log"
    with log.open("w") as told, running_server(model_path, told) as running:
        assert running.client.get("/livez").status_code == 200
    assert "telemetry" not in log.read_text()
    assert "Traceback" not in log.read_text()
