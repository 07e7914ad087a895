"""`python -m tests.benchmarks NAME`: measure, print, write JSON and a plot."""

import argparse
import importlib
import os
import sys
from pathlib import Path

from model_export.commands.extras import extras_needed
from model_export.commands.help_text import HelpWithDefaults
from service.errors import ConfigurationError
from service.settings import Settings

PROGRAM = "python -m tests.benchmarks"

BENCHMARKS = {
    "limit": "bare cost of each stage, the limit that follows, how close the service comes",
    "peers": "the same stages behind other servers, interleaved",
    "network": "the plain export against ours, per execution provider",
    "scaling": "time and memory against batch, faces, resolution, clip length, frames",
    "sharing": "one process against several at one port, each with cores of its own",
    "gpu": "equality with the CPU, speed and memory on CUDA",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one benchmark; 0 done, 1 not possible here, said in one sentence, 2 misuse."""
    with extras_needed(PROGRAM, "export", "dev"):
        return _run(sys.argv[1:] if arguments is None else arguments)


def _run(words: list[str]) -> int:
    # Not above: it needs an extra, and a plain install deserves a sentence.
    from tests.benchmarks import results  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    commands = parser.add_subparsers(dest="name", required=True)
    default = os.environ.get("UNMASK_MODEL") or Settings.model_fields["model"].default
    for name, summary in BENCHMARKS.items():
        command = commands.add_parser(
            name, help=summary, description=summary, formatter_class=HelpWithDefaults
        )
        command.add_argument("--model", type=Path, default=Path(default), help="(UNMASK_MODEL)")
        command.add_argument("--out", type=Path, default=results.FOLDER, help="folder for figures")
        # Some need packages of an extra: only the one that was asked for is imported.
        if name in words[:1]:
            importlib.import_module(f"tests.benchmarks.{name}").configure(command)
    options = parser.parse_args(words)
    try:
        figures = importlib.import_module(f"tests.benchmarks.{options.name}").run(options)
    except ConfigurationError as error:
        print(f"benchmark {options.name}: {error}", file=sys.stderr)
        return 1
    print(f"figures and plot: {results.save(options.name, figures, options.out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
