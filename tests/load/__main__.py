"""`python -m tests.load [TRIAL ...]`: PASS or FAIL with figures; exits with 1 on any FAIL."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from service.settings import Settings
from tests.load import cancellation, killing, long_clip, memory, overload, shutdown
from tests.load.verdict import Check


def main(arguments: list[str] | None = None) -> int:
    """Run the trials one after the other, each on a server of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    default = os.environ.get("UNMASK_MODEL") or Settings.model_fields["model"].default
    parser.add_argument("--model", type=Path, default=Path(default), help="(UNMASK_MODEL)")
    parser.add_argument("--requests", type=int, default=10_000, help="of the memory trial")
    names = ("overload", "cancellation", "shutdown", "killing", "long-clip", "memory")
    parser.add_argument("trials", nargs="*", metavar="TRIAL", help=f"of {', '.join(names)}")
    options = parser.parse_args(arguments)
    trials: dict[str, Callable[[Path], Iterator[Check]]] = {
        "overload": overload.trial,
        "cancellation": cancellation.trial,
        "shutdown": shutdown.trial,
        "killing": killing.trial,
        "long-clip": long_clip.trial,
        "memory": partial(memory.trial, requests=options.requests),
    }
    unknown = set(options.trials) - set(trials)
    if unknown:
        parser.error(f"no such trial: {', '.join(sorted(unknown))}")
    failed = 0
    for name in options.trials or trials:
        for check in trials[name](options.model):
            print(f"{name:<13}{check.line()}", flush=True)
            failed += not check.held
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
