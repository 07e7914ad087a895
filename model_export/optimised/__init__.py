"""The networks arranged so that ONNX Runtime computes the same outputs in less time."""
