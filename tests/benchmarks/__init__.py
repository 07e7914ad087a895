"""Benchmarks anyone can run: `python -m tests.benchmarks {limit,peers,network,scaling,gpu}`."""
