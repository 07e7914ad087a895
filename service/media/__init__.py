"""Bytes to frames: sniffing, limits, pictures, clips, and the isolated worker pool."""
