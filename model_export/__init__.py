"""What researchers run: the network, the forge, training, evaluation and export."""

import service  # noqa: F401 - before any module loads ONNX Runtime: see there
