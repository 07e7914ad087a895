"""`unmask-model`: what researchers run."""

import argparse
import importlib
import io
import logging
import sys
import time
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from model_export.commands.extras import extras_needed
from model_export.commands.help_text import HelpWithDefaults
from service.errors import ConfigurationError

COMMANDS = {
    "import-classnseg": "read the authors' published weights",
    "describe": "write name, version, data and licence into a checkpoint",
    "export": "write a checkpoint as a self-describing ONNX file",
    "export-detector": "write the service's face detector, out of libfacedetection",
    "forge": "write labelled real/fake pairs with masks, to look at",
    "store-pairs": "make pairs for several trainings, or for one on a GPU, beforehand",
    "train-generators": "train the face generators of the forge",
    "train": "train a detector on a folder of real faces",
    "prepare": "cut crops and masks out of FaceForensics++",
    "prepare-faces": "find faces and landmarks in a folder of pictures",
    "fit-landmarks": "fit the regression from five landmarks to 68",
    "evaluate": "measure a detector on labelled data",
    "protocol": "train and measure the paper's table: seen, unseen, fine-tuned",
    "tabulate": "put evaluations side by side",
    "average": "put a checkpoint between two, before and after more training",
    "sharpen": "have small faces sharpened before a checkpoint's network sees them",
    "fit-methods": "fit the method output anew, on the crops that a network is shown",
    "calibrate": "fit probabilities and thresholds on held-out pairs",
    "finetune": "teach a detector a new method from a few labelled pictures",
}

_LOST_WORKER = (
    "one of the --workers was ended from outside, as systems do where memory runs out: fewer need "
    "less"
)
_INTERRUPT_S = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status.

    0: done; 1: a problem, said in one line; 2: misuse; 130: interrupted.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # As stderr does: a file's name that is no Unicode must not end a command that names it.
        sys.stdout.reconfigure(errors="backslashreplace")
    words = sys.argv[1:] if arguments is None else arguments
    try:
        with extras_needed(" ".join(("unmask-model", *words[:1])), "export"):
            return _run(words)
    except KeyboardInterrupt:
        return 130


def _run(words: Sequence[str]) -> int:
    options = _parser(words).parse_args(words)
    try:
        status: int = importlib.import_module(_module(options.command)).run(options)
    except (ValueError, OSError, ConfigurationError) as error:
        print(f"unmask-model {options.command}: {error}", file=sys.stderr)
        return 1
    except RuntimeError as error:
        # torch raises it out of a signal's handler, wherever the work is at that moment.
        if not _is_of_lost_worker(error):
            raise
        # Ctrl-C reaches the workers, too, and may reach them first: then it is about to come here.
        time.sleep(_INTERRUPT_S)
        print(f"unmask-model {options.command}: {_LOST_WORKER}", file=sys.stderr)
        return 1
    return status


def _is_of_lost_worker(error: RuntimeError) -> bool:
    """Whether an error says that a process of a pool, or of a loader of torch, is gone."""
    # torch has no class of its own for it.
    return isinstance(error, BrokenProcessPool) or str(error).startswith("DataLoader worker")


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="unmask-model", description=__doc__)
    parser.add_argument(
        "--version", action=_Version, nargs=0, dest=argparse.SUPPRESS, help="show it and exit"
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", help="COMMAND --help tells its options"
    )
    for name, summary in COMMANDS.items():
        subparser = commands.add_parser(
            name, help=summary, description=summary, formatter_class=HelpWithDefaults
        )
        # torch takes seconds to import: only the command that was asked for is loaded.
        if name in words[:1]:
            importlib.import_module(_module(name)).configure(subparser)
    return parser


class _Version(argparse.Action):
    """argparse's own action wants the version beforehand: it would be looked up in every run."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - for this option only

        print(f"unmask-model {version('unmask')}")
        parser.exit()


def _module(command: str) -> str:
    return f"model_export.commands.{command.replace('-', '_')}"


if __name__ == "__main__":
    sys.exit(main())
