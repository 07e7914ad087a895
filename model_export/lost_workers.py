"""What is said where a process that helps is gone."""

from concurrent.futures.process import BrokenProcessPool

SENTENCE = (
    "one of the --workers was ended from outside, as systems do where memory runs out: fewer need "
    "less"
)


def is_of_lost_worker(error: RuntimeError) -> bool:
    """Whether an error says that a process of a pool, or of a loader of torch, is gone."""
    # torch has no class of its own for it.
    return isinstance(error, BrokenProcessPool) or str(error).startswith("DataLoader worker")
