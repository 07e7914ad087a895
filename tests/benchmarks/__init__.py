"""Benchmarks anyone can run: `python -m tests.benchmarks {limit,peers,network,scaling,gpu}`."""

import service  # noqa: F401 - before any module loads ONNX Runtime: see there
