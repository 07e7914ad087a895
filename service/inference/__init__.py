"""Crops to evidence: model file and metadata, ONNX Runtime session, batcher, device pool."""
