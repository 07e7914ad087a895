"""Trials of strength, apart from the suite: `python -m tests.load`."""
