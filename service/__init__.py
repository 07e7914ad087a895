"""What runs in production: bytes -> frames -> faces -> evidence -> report, behind HTTP."""

import os

# ONNX Runtime from 1.29 on reports to its maker what it runs on, unless this is set before it is
# loaded. A service that is shown pictures of people tells nobody anything, nor do its decoders.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# FastAPI loads OpenTelemetry, which ends where these name a part that is not installed. Whole
# clusters set them for all that runs there; the service uses none of it, see `service.app`.
for _name in ("OTEL_PROPAGATORS", "OTEL_PYTHON_CONTEXT"):
    os.environ.pop(_name, None)
